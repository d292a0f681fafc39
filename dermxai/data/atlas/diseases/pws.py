"""Port-wine stain: a homogeneous red-purple area with dotted, globular and linear vessels.

Signs: Vázquez-López et al. 2007, Arch Dermatol 143:962 (round vessels lie superficially, linear
ones deeper); Piccolo et al. 2018, Dermatol Clin 36:389.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import keep, lattice, plaque
from dermxai.data.atlas.structures.vessels import dotted, linear


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A flat stain wider than the field, without scale."""
    region = plaque(canvas, lesion, wave_mm=0.6)
    body = region.mask(lesion.uniform(0.4, 1.2))
    purple = lesion.uniform(0.1, 0.5)
    red = lesion.uniform(0.45, 1.05) * view.uniform(0.93, 1.07)
    stain = body * np.clip(1 + 0.2 * fractal(canvas, lesion, 2.0, 5, 0.75), 0.3, 2)
    canvas.blood += red * stain
    canvas.deep += purple * stain
    canvas.clear(0.3 * body, "melanin")
    canvas.white += lesion.uniform(0, 0.3) * body * ramp(fractal(canvas, lesion, 0.9, 4), 0, 2.5)

    dots_share = lesion.uniform(0.15, 0.7)
    inside = region.mask(0.6, 0.15)
    clumps = ramp(fractal(canvas, lesion, 1.6, 3), -1.6, 1.0)
    points = keep(canvas, lesion, lattice(canvas, lesion, 0.36, 0.34), dots_share * clumps * inside)
    dots = dotted(
        canvas, lesion, points, size_mm=lesion.uniform(0.12, 0.2), blood=0.85, variation=0.45
    )
    starts = keep(
        canvas,
        lesion,
        lattice(canvas, lesion, 0.95, 0.45),
        (0.85 - 0.8 * dots_share) * clumps * inside,
    )
    lines = linear(
        canvas,
        lesion,
        starts,
        length_mm=lesion.uniform(0.8, 1.6),
        width_mm=lesion.uniform(0.09, 0.15),
        blood=0.8,
        bend=0.2,
        blur_mm=lesion.uniform(0.03, 0.07),
    )
    canvas.deep += 0.25 * purple * np.maximum(dots, lines)

    canvas.mark_lesion(body)
    canvas.mark_evidence(body)  # the even colour is itself a sign, and the vessels lie in it
