"""Lacunae: dilated vessels of the upper dermis, red to purple compartments between pale septa."""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, wobble
from dermxai.data.atlas.structures.shapes import Points, branch, rounded


def lacunae(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.8,
    blood: float = 1.6,
    deep: float = 0.3,
    septa: float = 0.25,
) -> Map:
    """Well-defined round compartments at the points; ``deep`` turns red to purple and blue."""
    rng = branch(rng)
    radii = 0.5 * size_mm * rng.lognormal(0, 0.25, len(points))
    lakes = rounded(rng, points, radii, 0.2, 1.2)
    layer = canvas.blur(canvas.fill(lakes, rng.uniform(0.55, 1, len(lakes))), 0.06)
    hue = canvas.blur(canvas.fill(lakes, rng.uniform(0, 1, len(lakes))), 0.06)
    layer = wobble(canvas, rng, layer, 0.06 * size_mm, 0.6 * size_mm)
    mottled = layer * (1 + 0.18 * fractal(canvas, rng, 0.5, 4, 0.7))
    near = canvas.blur(layer, 0.15)
    canvas.blood += blood * mottled
    canvas.deep += deep * hue
    canvas.white += septa * np.clip(near - layer, 0, 1)
    return ramp(layer, 0.1, 0.5)
