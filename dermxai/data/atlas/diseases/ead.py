"""Eczema and dermatitis: dotted vessels in patches and yellow serocrusts on pink-red skin.

Signs: Lallas et al. 2012, Br J Dermatol 166:1198; Errichetti & Stinco 2016, Dermatol Ther
(Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.diseases._inflamed import Ground
from dermxai.data.atlas.structures.regions import Region, keep, lattice, patches
from dermxai.data.atlas.structures.scale import CRUST, YELLOW, flakes
from dermxai.data.atlas.structures.vessels import dotted

GROUND = Ground(red=(0.3, 0.6), edge_mm=(1.4, 2.6), wave_mm=1.2, mottling=0.35, pale=0.15)


def signs(canvas: Canvas, rng: Generator, view: Generator, region: Region, amount: float) -> Map:
    """A weeping patch; how much serum has dried on it differs between visits."""
    dots = _patchy_dots(canvas, rng, region, rng.uniform(0.35, 0.55), amount)
    chance = float(np.clip(rng.uniform(0.16, 0.36) + view.normal(0, 0.04), 0.12, 0.4))
    crusts = _serocrusts(canvas, rng, region, rng.uniform(0.5, 0.9), amount * chance)
    return np.maximum(dots, crusts)


def _patchy_dots(
    canvas: Canvas, rng: Generator, region: Region, share: float, amount: float
) -> Map:
    """Dotted vessels in groups that cover about ``share`` of the lesion."""
    crowd = amount * patches(canvas, rng, 2.6, share, 0.25) * region.mask(0.6, 0.2)
    canvas.blood += 0.12 * crowd
    places = lattice(canvas, rng, rng.uniform(0.26, 0.36), 0.34)
    size = rng.uniform(0.08, 0.125)
    dots = keep(canvas, rng, places, 0.85 * crowd)
    return dotted(canvas, rng, dots, size_mm=size, blood=1.3, variation=0.3)


def _serocrusts(
    canvas: Canvas, rng: Generator, region: Region, size_mm: float, chance: float
) -> Map:
    """Dried serum: yellow-orange crusts in groups."""
    groups = patches(canvas, rng, 2.2, 0.3, 0.4) * region.mask(0.5, 0.5)
    opacity = rng.uniform(0.55, 0.8)
    footprint = np.zeros_like(groups)
    for colour, size in ((CRUST, size_mm), (YELLOW, 0.55 * size_mm)):
        likely = 2.5 * chance * groups * (size / size_mm)
        places = keep(canvas, rng, lattice(canvas, rng, 0.9 * size_mm, 0.4), likely)
        crusts = flakes(
            canvas, rng, places, size_mm=size, colour=colour, opacity=opacity * size / size_mm
        )
        footprint = np.maximum(footprint, crusts)
    return footprint
