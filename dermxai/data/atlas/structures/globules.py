"""Round and lobed bodies of pigment: dots, globules, ovoid nests, leaf-like areas."""

from typing import Literal

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, wobble
from dermxai.data.atlas.structures.shapes import Points, branch, rounded

Pigment = Literal["melanin", "deep"]


def globules(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.2,
    amount: float = 0.9,
    pigment: Pigment = "melanin",
    variation: float = 0.3,
    aspect: float = 1.25,
    blur_mm: float = 0.03,
) -> Map:
    """Rounded clumps of pigment, one at each point; below 0.1 mm they are called dots.

    Ovoid nests are large ones (0.5 to 1 mm) of deep pigment with aspect 1.6.
    """
    rng = branch(rng)
    radii = 0.5 * size_mm * rng.lognormal(0, variation, len(points))
    aspects = rng.uniform(1, 2 * aspect - 1, len(points))
    spots = rounded(rng, points, radii, 0.2, aspects)
    layer = canvas.blur(
        canvas.fill(spots, rng.uniform(0.5, 1, len(spots))), max(blur_mm, 0.1 * size_mm)
    )
    layer_map = getattr(canvas, pigment)
    layer_map += amount * layer
    return ramp(layer, 0.08, 0.4)


def leaves(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    angles: Map,
    *,
    size_mm: float = 1.0,
    melanin: float = 0.8,
    deep: float = 0.35,
) -> Map:
    """Leaf-like areas: bulbous brown-grey lobes that leave a common base towards each angle."""
    rng = branch(rng)
    lobes: list[Points] = []
    for point, angle in zip(points, angles, strict=True):
        for turn in rng.normal(angle, 0.55, rng.integers(4, 7)):
            length = size_mm * rng.uniform(0.6, 1.0)
            t = np.linspace(0, np.pi, 14)
            reach, girth = length * (1 - np.cos(t)) / 2, 0.22 * length * np.sin(t) ** 0.7
            girth = girth * (0.45 + 0.75 * reach / length)
            outline = np.concatenate(
                [np.stack([reach, girth], 1), np.stack([reach, -girth], 1)[::-1]]
            )
            spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            lobes.append(point + outline @ spin.T)
    layer = canvas.fill(lobes, rng.uniform(0.6, 1, len(lobes)))
    layer = canvas.blur(wobble(canvas, rng, layer, 0.06 * size_mm, 0.5 * size_mm), 0.05)
    layer *= np.clip(0.9 + 0.2 * fractal(canvas, rng, 0.5, 3), 0.3, 1.3)
    canvas.melanin += melanin * layer
    canvas.deep += deep * layer
    return ramp(layer, 0.08, 0.4)
