"""Basal cell carcinoma: arborizing vessels, blue-grey ovoid nests, leaf-like areas.

Signs: Menzies et al. 2000, Arch Dermatol 136:1012; Altamura et al. 2010, J Am Acad Dermatol 62:67
(also ulceration and shiny white structures).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.globules import globules, leaves
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice
from dermxai.data.atlas.structures.scale import BLOOD_CRUST, flakes
from dermxai.data.atlas.structures.vessels import arborizing


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A translucent pink nodule of 6 to 10 mm, crossed by trees of vessels from its border."""
    centre = np.clip(lesion.normal(0, 0.4, 2), -0.8, 0.8)
    radius = lesion.uniform(2.8, 4.6)
    region = blob(
        canvas,
        lesion,
        radius,
        (centre[0], centre[1]),
        0.12,
        aspect=lesion.uniform(1, 1.4),
        ragged_mm=0.2,
    )
    body = region.mask(lesion.uniform(0.5, 1.2))
    mottle = fractal(canvas, lesion, 1.4, 5, 0.7)
    canvas.clear(0.5 * body, "melanin")
    press = view.uniform(0.8, 1.1)
    canvas.blood += press * lesion.uniform(0.3, 0.65) * body * np.clip(1 + 0.35 * mottle, 0, 2)
    canvas.melanin += lesion.uniform(0, 0.25) * body * ramp(mottle, -0.5, 2)
    canvas.white += lesion.uniform(0.1, 0.35) * body * ramp(mottle, -1.5, 2)

    inside = region.mask(0.8, 0.5)
    patches = ramp(fractal(canvas, lesion, 2.0, 2), -0.8, 1.2)
    pigmented = lesion.uniform(0.25, 0.7)
    spots = keep(canvas, lesion, lattice(canvas, lesion, 1.1, 0.3), pigmented * patches * inside)
    nests = globules(
        canvas,
        lesion,
        spots,
        size_mm=lesion.uniform(0.7, 1.1),
        amount=lesion.uniform(0.8, 1.3),
        pigment="deep",
        variation=0.4,
        aspect=1.6,
        blur_mm=0.09,
    )
    specks = keep(canvas, lesion, lattice(canvas, lesion, 0.5, 0.35), 0.35 * patches * inside)
    dots = globules(canvas, lesion, specks, size_mm=0.17, amount=0.9, pigment="deep", blur_mm=0.04)

    grain = fractal(canvas, lesion, 0.6, 4, 0.75)
    canvas.deep *= np.clip(1 + 0.3 * grain, 0.2, 2)
    canvas.blood += 0.05 * body * grain
    canvas.white += lesion.uniform(0.05, 0.3) * body * ramp(grain, 0.3, 2.5)

    rim = lesion.uniform(0, 2 * np.pi, lesion.integers(2, 5))
    outward = np.stack([np.cos(rim), np.sin(rim)], axis=1)
    leafy = leaves(
        canvas,
        lesion,
        centre + (0.72 * radius) * outward,
        angles=rim,
        size_mm=lesion.uniform(1.2, 1.9),
        melanin=1.25,
        deep=0.15,
    )
    turns = lesion.uniform(0, 2 * np.pi) + np.arange(lesion.integers(3, 6)) * 1.9
    roots = centre + 0.95 * radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    trees = arborizing(
        canvas,
        lesion,
        roots,
        turns + np.pi + lesion.normal(0, 0.35, len(turns)),
        length_mm=0.9 * radius,
        width_mm=lesion.uniform(0.1, 0.17),
        blood=1.5 * press,
        generations=4,
        bend=0.08,
    )
    if lesion.random() < 0.3:
        sore = centre + lesion.normal(0, 0.25 * radius, (2, 2))
        flakes(canvas, lesion, sore, size_mm=0.9, colour=BLOOD_CRUST, opacity=0.8)

    canvas.mark_lesion(np.maximum(body, leafy))
    canvas.mark_evidence(np.maximum.reduce([nests, dots, leafy, trees]))
