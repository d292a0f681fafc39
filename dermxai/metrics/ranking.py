"""How well scores rank the images of a class above all others: ROC curves and the area below.

Any score that grows with the evidence for a class will do. DermXAI ranks by the softmax probability
of the logits summed over the heads, the number that the pages show; images tie where it rounds to
the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError
from dermxai.metrics.confusion import mean_defined

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RocCurve:
    """False against true positive rate, from (0, 0) to (1, 1) as the threshold falls.

    Without positives or without negatives nothing can be ranked: the arrays are empty, the area
    is NaN.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    thresholds: Floats
    """A sample at or above its threshold counts as positive; the first one is infinite."""
    auc: float


def roc_curve(positive: ArrayLike, scores: ArrayLike) -> RocCurve:
    """The ROC curve, without the points that lie on a line between their neighbours.

    Args:
        positive: (n,) whether each sample belongs to the class.
        scores: (n,) its score; equal scores are one point of the curve.

    Raises:
        InputError: lengths differ, or a score is NaN.

    Reference: Fawcett 2006, An introduction to ROC analysis, doi:10.1016/j.patrec.2005.10.010.
    """
    positive, scores = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64)
    if positive.shape != scores.shape or positive.ndim != 1:
        raise InputError(f"{positive.shape} labels came for {scores.shape} scores; one of each.")
    if np.isnan(scores).any():
        raise InputError(f"{np.isnan(scores).sum()} scores are NaN; they cannot be ranked.")
    if positive.all() or not positive.any():
        return RocCurve(np.empty(0), np.empty(0), np.empty(0), np.nan)
    order = np.argsort(-scores, kind="stable")
    positive, scores = positive[order], scores[order]
    last_of_ties = np.append(np.flatnonzero(scores[1:] != scores[:-1]), scores.size - 1)
    hits = np.concatenate([[0], np.cumsum(positive)[last_of_ties]])
    false_alarms = np.concatenate([[0], 1 + last_of_ties - hits[1:]])
    thresholds = np.concatenate([[np.inf], scores[last_of_ties]])
    corners = _corners(false_alarms, hits)
    fpr = false_alarms[corners] / false_alarms[-1]
    tpr = hits[corners] / hits[-1]
    return RocCurve(fpr, tpr, thresholds[corners], float(np.trapezoid(tpr, fpr)))


def auc(positive: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half.
    NaN when only one class is present."""
    return roc_curve(positive, scores).auc


def macro_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Macro average of the areas, one-vs-rest; NaN where none can be ranked.

    Args:
        labels: (n,) index of each image's class.
        scores: (n, k) its score for each class.

    Raises:
        InputError: as `roc_curve`.
    """
    of, values = np.asarray(labels), np.asarray(scores)
    areas = [auc(of == index, values[:, index]) for index in range(values.shape[1])]
    return float(mean_defined(areas))


def micro_average(membership: ArrayLike, scores: ArrayLike) -> RocCurve:
    """One curve over all pairs of an image and a class.

    Args:
        membership: (n, k) whether each image belongs to each class.
        scores: (n, k) its score for each.

    Raises:
        InputError: as `roc_curve`.
    """
    return roc_curve(np.asarray(membership).ravel(), np.asarray(scores).ravel())


def macro_average(curves: Sequence[RocCurve]) -> RocCurve:
    """Mean true positive rate of the curves at equal false positive rates.

    Between points a curve is a line; where it rises upright both ends are kept. So the area of the
    mean curve is the mean of the areas. This is the vertical averaging of Fawcett 2006, section 8
    (doi:10.1016/j.patrec.2005.10.010), at every rate where any curve has a point.

    Args:
        curves: of the classes; undefined ones (without points) are left out.

    Returns:
        A curve of at most twice as many points as these have together, without thresholds (NaN);
        an empty one with area NaN where all are undefined.
    """
    defined = [curve for curve in curves if curve.false_positive_rate.size]
    if not defined:
        return RocCurve(np.empty(0), np.empty(0), np.empty(0), np.nan)
    grid = np.unique(np.concatenate([curve.false_positive_rate for curve in defined]))
    foot, top = np.mean([_foot_and_top(curve, grid) for curve in defined], axis=0)
    fpr, tpr = np.repeat(grid, 2), np.column_stack([foot, top]).ravel()
    distinct = np.append(True, (np.diff(fpr) > 0) | (np.diff(tpr) > 0))
    return RocCurve(
        fpr[distinct],
        tpr[distinct],
        np.full(distinct.sum(), np.nan),
        float(np.mean([curve.auc for curve in defined])),
    )


def _corners(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which points of a line of counts are its ends or do not lie between their neighbours."""
    dx, dy = np.diff(x), np.diff(y)
    turns = dx[:-1] * dy[1:] != dx[1:] * dy[:-1]
    return np.concatenate([[True], turns, [True]])


def _foot_and_top(curve: RocCurve, grid: Floats) -> tuple[Floats, Floats]:
    """True positive rates where the curve reaches and where it leaves each point of the grid."""
    fpr, tpr = curve.false_positive_rate, curve.true_positive_rate
    first, last = np.searchsorted(fpr, grid, "left"), np.searchsorted(fpr, grid, "right") - 1
    between = np.interp(grid, fpr, tpr)
    on_point = fpr[first] == grid
    return np.where(on_point, tpr[first], between), np.where(on_point, tpr[last], between)
