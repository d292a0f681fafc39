"""Psoriasis: dotted vessels evenly spread over light to dull red, under diffuse white scale.

Signs: Lallas et al. 2012, Br J Dermatol 166:1198; Errichetti & Stinco 2016, Dermatol Ther
(Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.diseases._inflamed import Ground
from dermxai.data.atlas.structures.noise import fractal
from dermxai.data.atlas.structures.regions import Region, keep, lattice
from dermxai.data.atlas.structures.scale import scale
from dermxai.data.atlas.structures.vessels import dotted

GROUND = Ground(red=(0.25, 0.65), edge_mm=(0.5, 1.4), wave_mm=0.8, mottling=0.16, pale=0.2)


def signs(canvas: Canvas, rng: Generator, view: Generator, region: Region, amount: float) -> Map:
    """A plaque that fills most of the field; how much it scales differs between visits."""
    papillae = lattice(canvas, rng, rng.uniform(0.26, 0.4), 0.24)
    thinned = np.clip(0.85 + 0.15 * fractal(canvas, rng, 2.0, 2), 0, 1) * region.mask(0.5, 0.2)
    dots = dotted(
        canvas,
        rng,
        keep(canvas, rng, papillae, amount * thinned),
        size_mm=rng.uniform(0.085, 0.13),
        blood=1.3,
    )
    most = float(np.clip(rng.uniform(0.1, 0.5) + view.normal(0, 0.06), 0.05, 0.55))
    flaking = region.mask(0.8, 0.1)
    cover = scale(
        canvas,
        rng,
        flaking,
        share=amount * most,
        flake_mm=rng.uniform(0.9, 2.2),
        opacity=0.75 * amount,  # a little scale is thin scale
    )
    return np.maximum(dots, cover)
