"""Partial areas under ROC curves above a sensitivity, with the influence of each image on them.

The area between the curve and a specificity of 0 where the sensitivity is above the bound, as a
share of what it could be (``1 - bound``): the mean specificity at sensitivities above the bound
(Jiang et al. 1996, doi:10.1148/radiology.201.3.8939225). `STANDARDISED` maps that share to the
scale of McClish (1989, doi:10.1177/0272989X8900900307): 0.5 for chance, 1 for no error; below 0.5
where the curve lies below chance. Equal scores are a straight line of the curve.
"""

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.confusion import ratio
from dermxai.metrics.intervals import Estimates

Floats = NDArray[np.float64]

SENSITIVITY = 0.8
"""The bound."""
_CHANCE = (1 - SENSITIVITY) / 2  # mean specificity by chance
STANDARDISED = (0.5 * (1 - _CHANCE / (1 - _CHANCE)), 1.0)
"""What shares of 0 and of 1 are on McClish's scale."""
FEWEST_OF_TAIL = 10
"""Patients that an interval needs on each side."""


def partial_areas(positive: NDArray[np.bool_], scores: Floats) -> Estimates:
    """Mean specificity above the sensitivity, one-vs-rest, of each class; its sides are the
    class and the rest.

    Args:
        positive: (n, k) whether each image belongs to each class.
        scores: (n, k) finite, higher for members; equal ones tie.

    Returns:
        k estimates; NaN where a side is empty.
    """
    values = np.full(scores.shape[1], np.nan)
    influences = np.zeros(scores.shape)
    for column, (member, score) in enumerate(zip(positive.T, scores.T, strict=True)):
        if member.any() and not member.all():
            values[column], influences[:, column] = _of_class(member, score)
    images = np.stack([positive.sum(axis=0), (~positive).sum(axis=0)])  # (2, k)
    each = ratio(1, images)
    share = np.nan_to_num(ratio(each, np.nansum(each, axis=0)))
    whole = ratio(images.sum(axis=0), 4 * images.prod(axis=0)) / (1 - SENSITIVITY)
    return Estimates(
        values,
        influences,
        np.stack([positive, ~positive], axis=1),
        whole * share,
        1.0,
        FEWEST_OF_TAIL,
    )


def _of_class(member: NDArray[np.bool_], score: Floats) -> tuple[float, Floats]:
    """The value and (n,) influences, those of each side adding up to 0."""
    ranked, ties = np.unique(score, return_inverse=True)  # ascending
    own = np.bincount(ties, weights=member, minlength=ranked.size)
    rest = np.bincount(ties, weights=~member, minlength=ranked.size)
    tail = (1 - SENSITIVITY) * own.sum()  # images of the class that lie lowest
    before = np.cumsum(own) - own
    taken = np.clip(tail - before, 0, own)  # of each score
    lower = np.cumsum(rest) - rest
    # within a score the curve is straight: those taken have the lower part of its other images
    reached = ratio(taken, own)
    specificity = (lower + np.nan_to_num(reached) * rest / 2) / rest.sum()
    value = float(taken @ specificity / tail)

    bound = int(np.flatnonzero((before < tail) & (own > 0))[-1])
    part = float(np.nan_to_num(reached[bound]))
    edge = float(lower[bound] + part * rest[bound]) / rest.sum()
    middle = np.minimum((lower + rest / 2) / rest.sum(), edge)
    middle[bound] = edge - part**2 * rest[bound] / (2 * rest.sum())
    share = 1 - SENSITIVITY
    of_class = middle[ties] - (share * value + (1 - share) * edge)
    # share of the tail that ranks above an image of the rest
    above = (tail - np.cumsum(taken) + taken * np.nan_to_num(reached) / 2) / tail
    of_rest = above[ties] - value
    influence = np.where(member, of_class / tail, of_rest / rest.sum())
    for side in (member, ~member):
        influence[side] -= influence[side].mean()
    return value, influence
