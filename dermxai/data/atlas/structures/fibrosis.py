"""White: scar-like patches, shiny strands, and Wickham striae."""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, turned
from dermxai.data.atlas.structures.shapes import Points, branch, meander, ribbon


def scar(
    canvas: Canvas, rng: Generator, within: Map, white: float = 0.7, strands: float = 0.3
) -> Map:
    """A structureless white area with faint strands of collagen in one direction."""
    fibre = turned(fractal(canvas, rng, 0.5, 3, 0.7, stretch=8), rng.uniform(0, 180))
    body = within * np.clip(
        0.85 + 0.12 * fractal(canvas, rng, 1.5, 3) + 0.2 * strands * fibre, 0, 1
    )
    canvas.clear(0.6 * body, "melanin")
    canvas.white += white * body
    return ramp(within, 0.3, 0.7)


def striae(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    reach_mm: float = 1.2,
    width_mm: float = 0.16,
    white: float = 0.75,
    arms: int = 6,
) -> Map:
    """Wickham striae: crossing white lines that leave each point in several arms and fork."""
    rng = branch(rng)
    shapes: list[Points] = []
    for point in points:
        for angle in np.linspace(0, 2 * np.pi, arms, endpoint=False) + rng.uniform(0, 6):
            line = meander(
                rng, point, angle + rng.normal(0, 0.3), reach_mm * rng.lognormal(0, 0.4), 0.2
            )
            wide = width_mm * rng.lognormal(0, 0.25)
            shapes.append(ribbon(line, wide, 0.4 * wide))
            for _ in range(2):
                where = rng.integers(1, len(line))
                fork = meander(rng, line[where], angle + rng.choice([-1, 1]) * 0.9, 0.45 * reach_mm)
                shapes.append(ribbon(fork, 0.7 * wide, 0.2 * wide))
    layer = canvas.blur(canvas.fill(shapes, rng.uniform(0.6, 1, len(shapes))), 0.04)
    layer *= np.clip(0.9 + 0.2 * fractal(canvas, rng, 0.5, 3), 0.3, 1.2)
    canvas.white += white * np.clip(layer + 0.3 * canvas.blur(layer, 0.15), 0, 1)
    return ramp(layer, 0.12, 0.45)
