"""Seborrheic dermatitis: thin, blurred, branching linear vessels in patches, fine yellow scale.

Signs: Zhu et al. 2021, Front Med 8:626369 (erythema, scattered linear vessels, yellowish scale);
Lallas et al. 2014, J Eur Acad Dermatol Venereol 28:609 (facial; yellow scale, but dotted vessels,
which the overlapping presentation draws).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.diseases._dermatitis import blurred_branches, draw_overlap, inflamed
from dermxai.data.atlas.structures.regions import keep, lattice
from dermxai.data.atlas.structures.scale import YELLOW, flakes, scale

__all__ = ["draw", "draw_overlap"]


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """Greasy, reddened, follicle-rich skin of the face or scalp."""
    region = inflamed(canvas, lesion, lesion.uniform(0.15, 0.32))
    body = region.mask(2.0)
    canvas.keratin += lesion.uniform(0.15, 0.35) * body
    vessels = blurred_branches(
        canvas, lesion, region, share=lesion.uniform(0.45, 0.7), spacing_mm=1.0
    )
    amount = float(np.clip(lesion.uniform(0.06, 0.2) + view.normal(0, 0.03), 0.05, 0.24))
    within = region.mask(0.8, 0.1)
    cover = scale(canvas, lesion, within, share=amount, flake_mm=0.8, colour=YELLOW, opacity=0.38)
    bits = keep(canvas, lesion, lattice(canvas, lesion, 0.6, 0.4), amount * within)
    fine = flakes(canvas, lesion, bits, size_mm=0.3, colour=YELLOW, opacity=0.5)
    canvas.mark_evidence(np.maximum(vessels, np.maximum(cover, fine)))
