"""Whether what speaks for the target lies inside a mask."""

import numpy as np
from numpy.typing import NDArray

from dermxai.explain.faithfulness.measure import Score

Map = NDArray[np.floating]
Mask = NDArray[np.bool_]

EMPTY = "The mask is empty."


def pointing_game(values: Map, mask: Mask) -> Score:
    """1 where the highest value (of a map (h, w)) lies inside the mask, else 0."""
    if not mask.any():
        return Score.undefined(EMPTY)
    return Score(float(mask[np.unravel_index(values.argmax(), values.shape)]))


def relevance_mass(values: Map, mask: Mask) -> Score:
    """The share of the positive values' sum that lies inside the mask."""
    if not mask.any():
        return Score.undefined(EMPTY)
    positive = np.clip(values, 0, None, dtype=np.float64)
    total = positive.sum()
    if not total:
        return Score.undefined("Nothing in the map speaks for the target.")
    return Score(float(positive[mask].sum() / total))
