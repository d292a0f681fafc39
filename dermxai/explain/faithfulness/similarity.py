"""How like two maps are."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

Map = NDArray[np.floating]


def spearman(one: Map, other: Map) -> float:
    """Rank correlation over pixels; NaN where a map is the same everywhere."""
    if one.min() == one.max() or other.min() == other.max():
        return float("nan")
    return float(spearmanr(one, other, axis=None).statistic)


def ssim(one: Map, other: Map) -> float:
    """Structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861) over 7×7 windows, each
    map scaled to a largest absolute value of 1; NaN where one is zero or smaller than a window, or
    both are the same everywhere."""
    if not one.any() or not other.any() or min(one.shape) < 7:
        return float("nan")
    pair = [np.asarray(each / np.abs(each).max(), np.float64) for each in (one, other)]
    reach = float(max(each.max() for each in pair) - min(each.min() for each in pair))
    if not reach:
        return float("nan")
    found = structural_similarity(*pair, data_range=reach)  # type: ignore[no-untyped-call]
    return float(found)
