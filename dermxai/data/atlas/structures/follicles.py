"""Hair follicles and what fills them: plugs, comedones, pustules, milia-like cysts."""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.shapes import Points, branch, rounded

Colour = tuple[float, float, float]
PUS: Colour = (0.92, 0.86, 0.62)
HORN: Colour = (0.87, 0.77, 0.58)
BLACKHEAD: Colour = (0.25, 0.16, 0.10)
CYST: Colour = (0.96, 0.93, 0.86)


def plugs(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.3,
    colour: Colour = HORN,
    halo: float = 0.3,
    opacity: float = 0.75,
) -> Map:
    """Follicular plugs: rounded horn, white to yellow, in a pale halo."""
    ring = _spots(canvas, rng, points, 1.7 * size_mm, 0.07)
    plug = _spots(canvas, rng, points, size_mm, 0.03)
    canvas.white += halo * ring
    grain = fractal(canvas, rng, 0.15, 2)
    canvas.cover(opacity * plug, colour, 0.07 * grain, 0.05)
    return ramp(plug, 0.1, 0.5)


def comedones(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.45,
    colour: Colour = BLACKHEAD,
) -> Map:
    """Open comedones and comedo-like openings: a dark plug in a pit with a soft brown wall."""
    wall = _spots(canvas, rng, points, 1.5 * size_mm, 0.09)
    plug = _spots(canvas, rng, points, size_mm, 0.04)
    canvas.melanin += 0.5 * wall
    grain = fractal(canvas, rng, 0.2, 3)
    canvas.cover(np.clip(plug * (0.85 + 0.1 * grain), 0, 1), colour, 0.25 * grain, 0.02)
    return ramp(plug, 0.1, 0.5)


def pustules(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 1.0,
    halo_mm: float = 1.0,
    blood: float = 0.7,
    colour: Colour = PUS,
) -> Map:
    """Pustules: a yellow-white dome within a red halo ``halo_mm`` wide."""
    dome = _spots(canvas, rng, points, size_mm, 0.12)
    ring = _spots(canvas, rng, points, size_mm + 2 * halo_mm, 0.45 * halo_mm)
    canvas.blood += blood * ring * (1 + 0.15 * fractal(canvas, rng, 0.7, 3))
    canvas.cover(0.85 * dome, colour, 0.06 * fractal(canvas, rng, 0.4, 3), 0.15)
    return np.maximum(ramp(dome, 0.1, 0.5), ramp(ring, 0.35, 0.7))


def milia(
    canvas: Canvas, rng: Generator, points: Points, size_mm: float = 0.25, opacity: float = 0.6
) -> Map:
    """Milia-like cysts: small bright white-yellow globes in the horn, glowing at the edge."""
    globe = _spots(canvas, rng, points, size_mm, 0.05)
    canvas.white += 0.25 * canvas.blur(globe, 0.15)
    canvas.cover(opacity * globe, CYST, 0.0, 0.02)
    return ramp(globe, 0.1, 0.5)


def _spots(canvas: Canvas, rng: Generator, points: Points, size_mm: float, blur_mm: float) -> Map:
    """Soft rounded spots of about one size."""
    rng = branch(rng)
    radii = 0.5 * size_mm * rng.lognormal(0, 0.2, len(points))
    shapes = rounded(rng, points, radii, 0.15, 1.15)
    return canvas.blur(canvas.fill(shapes, rng.uniform(0.7, 1, len(shapes))), blur_mm)
