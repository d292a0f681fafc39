"""Whether labels contradict scores more often than the tails of the scores explain.

Confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125) counts a label as contradicted
where the score speaks for the other class at least as much as it does on average for the images of
that class. Here that average is the median, and what is counted is patients, with a score and a
label each. Those on the wrong side of the border between both medians are divided: *deep* ones lie
beyond `DEPTH` of the way to the other class's median, *shallow* ones before it. Of labels in error
more than half are deep, since they are of the other class. Of hard cases and of tails fewer are:
the share that Student's t of `FREEDOM` degrees of freedom has, heavier than most, at these
distances in robust standard deviations (median absolute deviation, Hampel 1974,
doi:10.1080/01621459.1974.10482962), and `LEAST` at the lowest. The test is the exact binomial one
of the deep among all on the wrong side.

A patient who looks exactly like the other class is told from a label in error by nothing here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]

DEPTH = 0.9
"""Of the way from a class's median to the other's."""
FREEDOM = 5
LEAST = 0.05
_NORMAL = 1.4826  # standard deviations of a normal variable by its median absolute deviation
_FLAT = 1e-12


@dataclass(frozen=True)
class ConfidentLabels:
    """
    Attributes:
        deep, shallow: patients on the wrong side.
        expected: share of them that tails would put deep.
        excess: share that is deep, less that; with ``low`` and ``high`` by Clopper and Pearson's
            95 % interval. NaN where none is on the wrong side.
        p: two-sided.
        is_deep: (n,) which patients.
    """

    deep: int
    shallow: int
    expected: float
    excess: float
    low: float
    high: float
    p: float
    is_deep: NDArray[np.bool_]


def confident_labels(scores: Floats, positive: NDArray[np.bool_]) -> ConfidentLabels:
    """Of n independent patients.

    Args:
        scores: (n,) finite, higher where the class is likelier.
        positive: (n,) labels; some are of the class, and some are not.
    """
    one, other = (float(np.median(scores[side])) for side in (positive, ~positive))
    off = np.where(positive, one - scores, scores - other)  # towards the other class
    wrong, beyond = off > (one - other) / 2, off >= DEPTH * (one - other)
    if one <= other:  # scores do not speak for the label at all: nothing contradicts them
        beyond, wrong = np.zeros_like(positive), np.zeros_like(positive)
    deep, shallow = int(beyond.sum()), int((wrong & ~beyond).sum())
    apart = (one - other) / max(_NORMAL * float(np.median(np.abs(off))), _FLAT)
    tail = stdtr(FREEDOM, -DEPTH * apart) / max(stdtr(FREEDOM, -apart / 2), _FLAT)
    expected = float(np.clip(tail, LEAST, 1))
    if not deep + shallow:
        return ConfidentLabels(0, 0, expected, np.nan, np.nan, np.nan, 1.0, beyond)
    from scipy.stats import binomtest  # late: slow to import

    test = binomtest(deep, deep + shallow, expected)
    ends = test.proportion_ci(0.95, "exact")
    return ConfidentLabels(
        deep,
        shallow,
        expected,
        float(deep / (deep + shallow) - expected),
        float(ends.low - expected),
        float(ends.high - expected),
        float(test.pvalue),
        beyond,
    )
