"""Average precision with the influence of each image on it.

The mean, over the images of the class, of the precision at their score (equal scores together), as
in scikit-learn: no interpolation (Davis & Goadrich 2006, doi:10.1145/1143844.1143874). Intervals
count as many independent images as the class has (Boyd et al. 2013,
doi:10.1007/978-3-642-40994-3_29).
"""

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.confusion import ratio
from dermxai.metrics.intervals import FEWEST, Estimates

Floats = NDArray[np.float64]


def average_precisions(positive: NDArray[np.bool_], scores: Floats) -> Estimates:
    """Of each class, one-vs-rest; its sides are the class and the rest.

    Args:
        positive: (n, k) whether each image belongs to each class.
        scores: (n, k) finite, higher for members; equal ones tie.

    Returns:
        k estimates; NaN where a class has no image.
    """
    values = np.full(scores.shape[1], np.nan)
    influences = np.zeros(scores.shape)
    for column, (member, score) in enumerate(zip(positive.T, scores.T, strict=True)):
        if member.any():
            values[column], influences[:, column] = _of_class(member, score)
    images = np.stack([positive.sum(axis=0), (~positive).sum(axis=0)])  # (2, k)
    each = ratio(1, images)
    share = np.nan_to_num(ratio(each, np.nansum(each, axis=0)))
    return Estimates(
        values,
        influences,
        np.stack([positive, ~positive], axis=1),
        ratio(1, images[0]) * share,
        1.0,
        FEWEST,
    )


def _of_class(member: NDArray[np.bool_], score: Floats) -> tuple[float, Floats]:
    """The value and (n,) derivatives by each image's weight, which add up to 0."""
    order = np.argsort(-score, kind="stable")
    ranked, own = score[order], member[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    group = np.cumsum(np.append(True, ranked[1:] != ranked[:-1])) - 1  # (n,) of equal scores
    hits = np.add.reduceat(own.astype(np.float64), starts)
    alarms = np.add.reduceat((~own).astype(np.float64), starts)
    found, wrong = np.cumsum(hits), np.cumsum(alarms)
    precision = found / (found + wrong)
    positives = found[-1]
    value = float(hits @ precision / positives)
    both = (found + wrong) ** 2
    # an image counts in the precision at its own score and at all lower ones
    gained, lost = (np.cumsum((hits * part / both)[::-1])[::-1] for part in (wrong, found))
    derivative = np.where(own, precision[group] - value + gained[group], -lost[group]) / positives
    influence = np.empty(score.size)
    influence[order] = derivative
    return value, influence
