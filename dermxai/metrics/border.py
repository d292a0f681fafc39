"""Where the border between two classes lies, along the margin of one over the other, and what
moving it would mend.

Errors here are those of the decision between the two alone: an image is an error where the class
that is not its label has the higher logit. Both classes weigh alike, however many images they have
(balanced error; Menon et al. 2021, doi:10.48550/arXiv.2007.07314).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from dermxai.metrics import intervals
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.offsets import fitted_offsets

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_STEPS = 100
_RIDGE = 1e-3  # of the slope, so that classes that are told apart entirely have one, too


def wrong(margins: Floats, positive: Flags) -> Flags:
    """(n,) whether the decision between the two is not the label; a margin of 0 is for the
    class."""
    return np.asarray((margins >= 0) != positive)


def calibrated(margins: Floats, positive: Flags) -> tuple[float, float]:
    """Slope and intercept of the logistic curve (Platt 1999) of the class on the margin, both
    classes weighing alike.

    Args:
        margins: (n,) of the class over the other.
        positive: (n,) whether the label is the class; some are, and some are not.
    """
    weight = _balance(positive)
    centre, scale = weight @ margins, margins.std()
    if scale == 0:
        return 0.0, 0.0
    design = np.column_stack([(margins - centre) / scale, np.ones(margins.size)])
    penalty = np.diag([_RIDGE, 0.0])
    found = np.zeros(2)
    for _ in range(_STEPS):
        curve = expit(design @ found)
        gradient = design.T @ (weight * (positive - curve)) - penalty @ found
        information = (design * (weight * curve * (1 - curve))[:, None]).T @ design + penalty
        step = np.linalg.solve(information + 1e-12 * np.eye(2), gradient)
        found += step * min(1, 2 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    slope = found[0] / scale
    return float(slope), float(found[1] - slope * centre)


def offset(margins: Floats, positive: Flags) -> float:
    """What the fitted offsets of both logits (`offsets.fitted_offsets`), both classes weighing
    alike, add to the margin; NaN where a higher margin does not speak for the class."""
    if calibrated(margins, positive)[0] <= 0:
        return np.nan
    logits = np.column_stack([np.zeros(margins.size), margins])
    other, one = fitted_offsets(logits, positive.astype(np.intp), _balance(positive))
    return float(one - other)


def mended(before: Floats, after: Floats, positive: Flags) -> Estimates:
    """The balanced error of margins before less that after, paired; above 0 where it has fallen."""
    groups = positive.astype(np.intp)
    was, is_ = (wrong(each, positive)[:, None] for each in (before, after))
    return intervals.class_mean(was, groups).minus(intervals.class_mean(is_, groups))


def _balance(positive: Flags) -> Floats:
    """(n,) of each image: both classes weigh a half."""
    return np.asarray(np.where(positive, 0.5 / positive.sum(), 0.5 / (~positive).sum()))
