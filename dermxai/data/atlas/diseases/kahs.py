"""Keloid and hypertrophic scar: structureless pink-white skin with fine branching vessels.

Signs: Yoo & Kim 2014, Ann Dermatol 26:603 (arborizing vessels are the commonest in keloids, linear
irregular ones follow).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.fibrosis import scar
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice
from dermxai.data.atlas.structures.vessels import arborizing, linear


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A firm plaque, longer than wide, without follicles; compression pales it a little."""
    radius = lesion.uniform(3.6, 5.8)
    centre = tuple(lesion.normal(0, 0.6, 2))
    region = blob(
        canvas, lesion, radius, centre, 0.12, aspect=lesion.uniform(1.1, 1.9), ragged_mm=0.15
    )
    body = region.mask(lesion.uniform(0.6, 1.2))
    mottle = fractal(canvas, lesion, 2.2, 4, 0.6)
    canvas.blood += lesion.uniform(0.3, 0.65) * view.uniform(0.85, 1.1) * body * (1 + 0.2 * mottle)
    pale = body * ramp(fractal(canvas, lesion, 2.6, 3), -1.6, 1.2)
    white = scar(canvas, lesion, pale, white=lesion.uniform(0.3, 0.6), strands=0.25)
    canvas.melanin += lesion.uniform(0, 0.2) * region.rim(0.7, 0.9)

    inner = region.mask(0.8, 1.1)
    strength = lesion.uniform(0.55, 0.95)
    roots = keep(canvas, lesion, lattice(canvas, lesion, lesion.uniform(1.6, 2.4), 0.35), inner)
    trees = arborizing(
        canvas,
        lesion,
        roots,
        lesion.uniform(0, 2 * np.pi, len(roots)),
        length_mm=lesion.uniform(1.2, 2.2),
        width_mm=lesion.uniform(0.07, 0.12),
        blood=strength,
        generations=3,
        blur_mm=0.035,
    )
    stems = keep(canvas, lesion, lattice(canvas, lesion, 0.9, 0.4), 0.7 * inner)
    twigs = linear(
        canvas, lesion, stems, length_mm=1.0, width_mm=0.06, blood=0.9 * strength, bend=0.3
    )
    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(np.maximum(trees, twigs) * body, white))
