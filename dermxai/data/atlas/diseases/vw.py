"""Verruca vulgaris: packed papillae with a central dotted or looped vessel, and black dots.

The knobs look like frogspawn; thrombosed or bleeding capillaries are seen as red to black dots.
Signs: Al Rudaisat & Cheng 2021, Int J Gen Med 14:9903 (papillomatous growth, dotted, linear and
hairpin-like vessels, bleeding spots).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.globules import globules
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.papillae import papillae
from dermxai.data.atlas.structures.regions import blob, keep
from dermxai.data.atlas.structures.vessels import dotted, looped


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A rough knobbly disc of 4 to 9 mm with vessels in its papillae, some of them clotted."""
    centre = tuple(lesion.normal(0, 0.5, 2))
    region = blob(
        canvas,
        lesion,
        lesion.uniform(2.2, 4.3),
        centre,
        0.16,
        aspect=lesion.uniform(1, 1.4),
        ragged_mm=0.3,
    )
    body = region.mask(0.35)
    canvas.clear(0.35 * body, "melanin")
    canvas.blood += view.uniform(0.7, 1.1) * lesion.uniform(0.05, 0.4) * body
    canvas.keratin += lesion.uniform(0.1, 0.5) * body * (1 + 0.2 * fractal(canvas, lesion, 2, 4))
    canvas.white += 0.2 * (region.mask(0.8, -0.35) - body).clip(0, 1)

    size = lesion.uniform(0.6, 0.95)
    knobs, centres = papillae(canvas, lesion, body, size, white=lesion.uniform(0.4, 0.62))
    horn = ramp(fractal(canvas, lesion, 1.6, 5, 0.7), -0.4, 2.0) * region.mask(0.8, 0.4)
    canvas.white += lesion.uniform(0.1, 0.5) * horn
    clefts = canvas.blur(np.clip(body - knobs, 0, 1), 0.04)
    canvas.melanin += lesion.uniform(0.0, 0.3) * clefts
    canvas.blood += lesion.uniform(0.0, 0.2) * clefts

    seen = keep(canvas, lesion, centres, 0.7 * region.mask(0.5, 0.25))
    kinds = lesion.random(len(seen))
    loops, clotted = lesion.uniform(0.1, 0.5), lesion.uniform(0.18, 0.4)
    clots = kinds < clotted
    loop = (kinds >= clotted) & (kinds < clotted + loops)
    dots = dotted(
        canvas, lesion, seen[~clots & ~loop], size_mm=lesion.uniform(0.12, 0.18), blood=1.4
    )
    hairpins = looped(canvas, lesion, seen[loop], length_mm=0.5 * size, width_mm=0.06, blood=1.3)
    black = globules(
        canvas, lesion, seen[clots], size_mm=lesion.uniform(0.16, 0.26), amount=2.2, aspect=1.4
    )
    canvas.blood += 0.8 * canvas.blur(black, 0.03)
    canvas.white *= 1 - 0.8 * np.maximum(canvas.blur(black, 0.02), np.maximum(dots, hairpins))

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum.reduce([knobs * region.mask(0.2, 0.1), dots, hairpins, black]))
