"""Matter on the surface: white and yellow scale, crusts."""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, turned, wobble
from dermxai.data.atlas.structures.shapes import Points, branch, rounded

Colour = tuple[float, float, float]
WHITE: Colour = (0.93, 0.91, 0.89)
YELLOW: Colour = (0.90, 0.80, 0.56)
CRUST: Colour = (0.80, 0.58, 0.26)
BLOOD_CRUST: Colour = (0.42, 0.14, 0.10)


def scale(
    canvas: Canvas,
    rng: Generator,
    within: Map,
    *,
    share: float = 0.3,
    flake_mm: float = 1.2,
    colour: Colour = WHITE,
    opacity: float = 0.75,
) -> Map:
    """Lamellae of horn over about ``share`` of ``within``, frayed and layered, with thin edges."""
    sheet = fractal(canvas, rng, flake_mm, 5, 0.68)
    strand = turned(fractal(canvas, rng, 0.3, 3, 0.75, stretch=3), rng.uniform(0, 180))
    field = sheet + 0.4 * strand
    level = float(np.quantile(field[::4, ::4], 1 - share))
    haze = ramp(field, level - 0.9, level + 0.6)
    lamella = ramp(field, level, level + 0.5)
    brim = np.exp(-(((field - level - 0.12) / 0.14) ** 2))
    thick = np.clip(0.55 + 0.25 * fractal(canvas, rng, 0.5, 4, 0.75), 0.1, 1)
    alpha = opacity * within * np.clip(0.22 * haze + thick * lamella + 0.22 * brim, 0, 1)
    canvas.cover(alpha, colour, 0.07 * strand + 0.05 * sheet, 0.03)
    return ramp(alpha, 0.2, 0.5)


def flakes(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.5,
    colour: Colour = WHITE,
    opacity: float = 0.8,
    height_mm: float = 0.05,
) -> Map:
    """Separate flakes or crusts, angular and frayed, one at each point."""
    rng = branch(rng)
    radii = 0.5 * size_mm * rng.lognormal(0, 0.4, len(points))
    shapes = rounded(rng, points, radii, 0.5, stretch=(1, 2.2))
    layer = canvas.fill(shapes, rng.uniform(0.5, 1, len(shapes)))
    layer = canvas.blur(wobble(canvas, rng, layer, 0.12 * size_mm, 0.5 * size_mm), 0.02)
    grain = fractal(canvas, rng, 0.3 * size_mm + 0.05, 3, 0.7)
    alpha = np.clip(opacity * layer * (0.85 + 0.22 * grain), 0, 1)
    canvas.cover(alpha, colour, 0.1 * grain, height_mm)
    return ramp(alpha, 0.1, 0.45)
