"""Inflamed skin and its signs, drawn by amount: one picture may hold those of two diseases.

Dotted vessels and yellow scale or crust are described in eczema as in seborrheic dermatitis, which
is itself a dermatitis; dotted vessels in eczema as in psoriasis; linear vessels on the face in
seborrheic dermatitis as in rosacea (Lallas et al. 2012, Br J Dermatol 166:1198; Lallas et al. 2014,
J Eur Acad Dermatol Venereol 28:609; Errichetti & Stinco 2016, Dermatol Ther (Heidelb) 6:471).
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal
from dermxai.data.atlas.structures.regions import Region, plaque
from dermxai.data.atlas.structures.shapes import branch


@dataclass(frozen=True)
class Ground:
    """The reddened skin on which a disease shows its signs."""

    red: tuple[float, float]
    """Least and most blood that the inflammation adds (units of ``canvas.ABSORPTION``)."""
    edge_mm: tuple[float, float]
    """Over how many millimetres the border fades, at least and at most."""
    wave_mm: float
    mottling: float
    """Standard deviation of the redness, relative to its mean."""
    pale: float
    """Share of the melanin that the inflammation takes away."""


class Disease(Protocol):
    """A disease whose signs can be drawn in part."""

    GROUND: Ground

    def signs(
        self, canvas: Canvas, rng: Generator, view: Generator, region: Region, amount: float
    ) -> Map:
        """Draw that share, above 0 and up to 1, of its signs; returns their footprint."""


def draw_inflamed(
    canvas: Canvas,
    lesion: Generator,
    view: Generator,
    parts: Sequence[tuple[Disease, float]],
) -> None:
    """Draw a lesion with the signs of each disease by its share; the shares add up to 1.

    Redness and border lie between those of the diseases, and each shows so much of its own signs.
    """
    ground = blended([(disease.GROUND, share) for disease, share in parts])
    region = plaque(canvas, lesion, ground.wave_mm)
    body = region.mask(lesion.uniform(*ground.edge_mm))
    red = lesion.uniform(*ground.red)
    mottle = ground.mottling * fractal(canvas, lesion, 2.2, 5, 0.7)
    canvas.blood += red * body * (1 + mottle)
    canvas.clear(ground.pale * body, "melanin")
    canvas.mark_lesion(body)
    for disease, share in parts:
        own, seen = branch(lesion), branch(view)  # drawn where nothing is shown, too
        if share > 0:
            canvas.mark_evidence(disease.signs(canvas, own, seen, region, share))


def blended(parts: Sequence[tuple[Ground, float]]) -> Ground:
    """The mean of grounds by weights that add up to 1."""
    rows = [weight * np.hstack(astuple(ground)) for ground, weight in parts]
    least, most, soft, wide, *others = np.sum(rows, axis=0).tolist()
    return Ground((least, most), (soft, wide), *others)
