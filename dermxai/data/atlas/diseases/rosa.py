"""Rosacea: linear vessels joined to polygons about the follicles, and follicular plugs.

Signs: Lallas et al. 2014, J Eur Acad Dermatol Venereol 28:609 (vascular polygons); Errichetti &
Stinco 2016, Dermatol Ther (Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.diseases._inflamed import Ground
from dermxai.data.atlas.structures.follicles import plugs
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import Region, keep, lattice
from dermxai.data.atlas.structures.vessels import linear, polygonal

GROUND = Ground(
    red=(0.18, 0.42),
    edge_mm=(2.0, 3.5),
    wave_mm=1.2,
    mottling=0.3,
    pale=0.0,
)


def signs(canvas: Canvas, rng: Generator, view: Generator, region: Region, amount: float) -> Map:
    """A flushed cheek or nose; the flush itself differs between visits."""
    flush = amount * view.uniform(-0.05, 0.05)
    canvas.blood += flush * region.mask(2.5)
    dense = ramp(fractal(canvas, rng, 2.6, 3), -1.7, 0.7) * region.mask(1.2, 0.2)
    width = rng.uniform(0.08, 0.13)
    mesh = rng.uniform(0.95, 1.6)
    strength = rng.uniform(0.9, 1.3)
    net = polygonal(
        canvas,
        rng,
        dense,
        mesh_mm=mesh,
        width_mm=width,
        blood=strength,
        gaps=1 - amount * rng.uniform(0.7, 0.85),
    )
    twigs = keep(canvas, rng, lattice(canvas, rng, 1.1, 0.4), 0.6 * amount * dense)
    fine = linear(canvas, rng, twigs, length_mm=0.8, width_mm=0.5 * width, blood=0.6 * strength)

    follicles = lattice(canvas, rng, 0.95 * mesh, 0.25)
    filled = amount * rng.uniform(0.35, 0.75) * region.mask(1.5)
    size = rng.uniform(0.24, 0.36)
    horn = plugs(
        canvas,
        rng,
        keep(canvas, rng, follicles, filled),
        size_mm=size,
        opacity=rng.uniform(0.45, 0.8),
    )
    return np.maximum(np.maximum(net, fine), horn)
