"""Eczema and dermatitis: dotted vessels in patches and yellow serocrusts on pink-red skin.

Signs: Lallas et al. 2012, Br J Dermatol 166:1198; Errichetti & Stinco 2016, Dermatol Ther
(Heidelb) 6:471.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.diseases._dermatitis import (
    draw_overlap,
    inflamed,
    patchy_dots,
    serocrusts,
)

__all__ = ["draw", "draw_overlap"]


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """An ill-defined weeping patch; how much serum has dried on it differs between visits."""
    region = inflamed(canvas, lesion, lesion.uniform(0.3, 0.6))
    dots = patchy_dots(canvas, lesion, region, share=lesion.uniform(0.35, 0.55))
    chance = float(np.clip(lesion.uniform(0.16, 0.36) + view.normal(0, 0.04), 0.12, 0.4))
    crusts = serocrusts(canvas, lesion, region, size_mm=lesion.uniform(0.5, 0.9), chance=chance)
    canvas.mark_evidence(np.maximum(dots, crusts))
