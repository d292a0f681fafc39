"""Seborrheic dermatitis: thin, blurred, branching linear vessels in patches, fine yellow scale.

Signs: Zhu et al. 2021, Front Med 8:626369 (erythema, scattered linear vessels, yellowish scale);
Lallas et al. 2014, J Eur Acad Dermatol Venereol 28:609 (facial; yellow scale, but dotted vessels,
which images that share signs with eczema show).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.diseases._inflamed import Ground
from dermxai.data.atlas.structures.regions import Region, keep, lattice, patches
from dermxai.data.atlas.structures.scale import YELLOW, flakes, scale
from dermxai.data.atlas.structures.shapes import branch
from dermxai.data.atlas.structures.vessels import arborizing

GROUND = Ground(red=(0.15, 0.32), edge_mm=(1.4, 2.6), wave_mm=1.2, mottling=0.35, pale=0.15)


def signs(canvas: Canvas, rng: Generator, view: Generator, region: Region, amount: float) -> Map:
    """Greasy, reddened, follicle-rich skin of the face or scalp."""
    canvas.keratin += amount * rng.uniform(0.15, 0.35) * region.mask(2.0)
    vessels = _blurred_branches(canvas, rng, region, rng.uniform(0.45, 0.7), amount)
    most = float(np.clip(rng.uniform(0.06, 0.2) + view.normal(0, 0.03), 0.05, 0.24))
    within, share = region.mask(0.8, 0.1), amount * most
    cover = scale(canvas, rng, within, share=share, flake_mm=0.8, colour=YELLOW, opacity=0.38)
    bits = keep(canvas, rng, lattice(canvas, rng, 0.6, 0.4), share * within)
    fine = flakes(canvas, rng, bits, size_mm=0.3, colour=YELLOW, opacity=0.5)
    return np.maximum(vessels, np.maximum(cover, fine))


def _blurred_branches(
    canvas: Canvas, rng: Generator, region: Region, share: float, amount: float
) -> Map:
    """Thin, blurred, branching linear vessels in patches over about ``share`` of the lesion."""
    crowd = amount * patches(canvas, rng, 3.0, share, 0.4) * region.mask(0.6, 0.2)
    roots = keep(canvas, rng, lattice(canvas, rng, 1.0, 0.35), crowd)
    length, width, blood = rng.uniform(1.1, 1.7), rng.uniform(0.065, 0.09), rng.uniform(0.7, 1.0)
    return arborizing(
        canvas,
        rng,
        roots,
        branch(rng).uniform(0, 2 * np.pi, len(roots)),
        length_mm=length,
        width_mm=width,
        blood=blood,
        generations=2,
        blur_mm=0.04,
    )
