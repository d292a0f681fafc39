"""Areas under ROC curves with the influence of each image on them.

An image's placement is the share of the other side that it ranks right against, ties half; its
influence is its placement less the mean of its side, divided by the images of its side (DeLong et
al. 1988, doi:10.2307/2531595). Summed over patients they are Obuchowski's 1997
(doi:10.2307/2533958); `intervals` makes the interval, with Wilson's score and the variance that an
area has among independent images of exponential scores (Hanley & McNeil 1982,
doi:10.1148/radiology.143.1.7063747, in the symmetric form of Newcombe 2006, doi:10.1002/sim.2324,
method 5).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.metrics.confusion import ratio
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS, Estimates

Floats = NDArray[np.float64]

_STEP = 0.7  # an image ranked wrong is ranked wrong against some of the other side


def areas(positive: NDArray[np.bool_], scores: Floats) -> Estimates:
    """One-vs-rest area of each class; its sides are the class and the rest.

    Args:
        positive: (n, k) whether each image belongs to each class.
        scores: (n, k) finite, higher for members; equal ones tie.

    Returns:
        k estimates; NaN where a side is empty.
    """
    images = np.stack([positive.sum(axis=0), (~positive).sum(axis=0)])  # (2, k)
    right = np.full(scores.shape, np.nan)  # share of the other side that ranks below
    for column, (member, score) in enumerate(zip(positive.T, scores.T, strict=True)):
        for side in (member, ~member):
            right[side, column] = ratio(_below(score[side], score[~side]), np.sum(~side))
    values = ratio((right * positive).sum(axis=0), images[0] * (images[1] > 0))
    mean = np.where(positive, values, 1 - values)
    influence = (right - mean) / np.where(positive, images[0], -images[1])
    other = images.sum(axis=0) / 2 - 1
    whole = ratio(
        1 + other * ((1 - values) / (2 - values) + values / (1 + values)), images.prod(axis=0)
    )
    each = ratio(1, images)
    return Estimates(
        values,
        np.nan_to_num(influence),
        np.stack([positive, ~positive], axis=1),
        whole * ratio(each, each.sum(axis=0)),
        _STEP,
        FEWEST,
    )


def mean_area(
    positive: NDArray[np.bool_], scores: Floats, weights: ArrayLike | None = None
) -> Estimates:
    """The mean area of the classes that can be ranked; its sides are these classes.

    Args:
        positive: (n, k) whether each image belongs to each class, to one at most.
        scores: (n, k) finite, higher for members; equal ones tie.
        weights: (k,) of the mean; alike where there are none.

    Returns:
        One estimate; NaN where no class can be ranked.
    """
    each = areas(positive, scores)
    defined = np.isfinite(each.value)
    counting = (np.ones(defined.size) if weights is None else np.asarray(weights))[defined]
    weight = np.nan_to_num(ratio(counting, counting.sum()))
    sides = positive[:, defined]
    share = ratio(weight, sides.sum(axis=0))
    whole = (each.scale[:, defined] * weight**2).sum()
    return Estimates(
        np.array([each.value[defined] @ weight if weight.any() else np.nan]),
        (each.influences[:, defined] @ weight)[:, None],
        sides[:, :, None],
        (whole * ratio(share, share.sum()))[:, None],
        _STEP,
        FEWEST_OF_CLASS,
    )


def _below(values: Floats, others: Floats) -> Floats:
    """How many of the others lie below each value, ties half."""
    ordered = np.sort(others)
    ends = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray(sum(ends) / 2, dtype=np.float64)
