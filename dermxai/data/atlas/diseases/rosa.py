"""Rosacea: linear vessels joined to polygons about the follicles, and follicular plugs.

Signs: Lallas et al. 2014, J Eur Acad Dermatol Venereol 28:609 (vascular polygons); Errichetti &
Stinco 2016, Dermatol Ther (Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.follicles import plugs
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import keep, lattice, plaque
from dermxai.data.atlas.structures.vessels import linear, polygonal


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A flushed cheek or nose; the flush itself differs between visits."""
    region = plaque(canvas, lesion, 1.2)
    body = region.mask(lesion.uniform(2.0, 3.5))
    flush = lesion.uniform(0.18, 0.42) * view.uniform(0.85, 1.15)
    canvas.blood += flush * body * (1 + 0.3 * fractal(canvas, lesion, 2.5, 5, 0.65))

    dense = ramp(fractal(canvas, lesion, 2.6, 3), -1.7, 0.7) * region.mask(1.2, 0.2)
    width = lesion.uniform(0.08, 0.13)
    mesh = lesion.uniform(0.95, 1.6)
    strength = lesion.uniform(0.9, 1.3)
    net = polygonal(
        canvas,
        lesion,
        dense,
        mesh_mm=mesh,
        width_mm=width,
        blood=strength,
        gaps=lesion.uniform(0.15, 0.3),
    )
    twigs = keep(canvas, lesion, lattice(canvas, lesion, 1.1, 0.4), 0.6 * dense)
    fine = linear(canvas, lesion, twigs, length_mm=0.8, width_mm=0.5 * width, blood=0.6 * strength)

    follicles = lattice(canvas, lesion, 0.95 * mesh, 0.25)
    filled = lesion.uniform(0.35, 0.75) * region.mask(1.5)
    size = lesion.uniform(0.24, 0.36)
    horn = plugs(
        canvas,
        lesion,
        keep(canvas, lesion, follicles, filled),
        size_mm=size,
        opacity=lesion.uniform(0.45, 0.8),
    )

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(np.maximum(net, fine), horn))
