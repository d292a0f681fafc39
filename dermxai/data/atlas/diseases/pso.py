"""Psoriasis: dotted vessels evenly spread over light to dull red, under diffuse white scale.

Signs: Lallas et al. 2012, Br J Dermatol 166:1198; Errichetti & Stinco 2016, Dermatol Ther
(Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.noise import fractal
from dermxai.data.atlas.structures.regions import keep, lattice, plaque
from dermxai.data.atlas.structures.scale import scale
from dermxai.data.atlas.structures.vessels import dotted


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A plaque that fills most of the field."""
    region = plaque(canvas, lesion)
    body = region.mask(lesion.uniform(0.5, 1.4))
    red = lesion.uniform(0.25, 0.65)
    canvas.blood += red * body * (1 + 0.16 * fractal(canvas, lesion, 1.8, 6, 0.7))
    canvas.clear(0.2 * body, "melanin")

    papillae = lattice(canvas, lesion, lesion.uniform(0.26, 0.4), 0.24)
    thinned = np.clip(0.85 + 0.15 * fractal(canvas, lesion, 2.0, 2), 0, 1) * region.mask(0.5, 0.2)
    dots = dotted(
        canvas,
        lesion,
        keep(canvas, lesion, papillae, thinned),
        size_mm=lesion.uniform(0.085, 0.13),
        blood=1.3,
    )
    amount = np.clip(lesion.uniform(0.1, 0.5) + view.normal(0, 0.06), 0.05, 0.55)
    flaking = region.mask(0.8, 0.1)
    cover = scale(canvas, lesion, flaking, share=amount, flake_mm=lesion.uniform(0.9, 2.2))

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(dots, cover))
