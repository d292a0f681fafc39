"""Cohen's kappa and Matthews' correlation of all classes together, under argmax, with the influence
of each image on them."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.confusion import confusion_matrix, ratio
from dermxai.metrics.intervals import FEWEST, Estimates

Floats = NDArray[np.float64]
Derived = tuple[float, Floats]
"""A value and its derivatives (k, k) by the counts of the confusion matrix."""


def kappa(matrix: Floats) -> Derived:
    """(observed − expected agreement) / (1 − expected) (Cohen 1960,
    doi:10.1177/001316446002000104)."""
    rows, columns, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    observed, expected = np.trace(matrix) * total, rows @ columns
    below = total**2 - expected
    value = float(ratio(observed - expected, below))
    agrees = np.eye(len(matrix)) * total + np.trace(matrix)
    by_chance = columns[:, None] + rows
    return value, ratio(agrees - by_chance - value * (2 * total - by_chance), below)


def matthews(matrix: Floats) -> Derived:
    """Correlation of labels and predictions (Gorodkin 2004,
    doi:10.1016/j.compbiolchem.2004.09.006)."""
    rows, columns, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    of_labels, of_predictions = total**2 - rows @ rows, total**2 - columns @ columns
    root = np.sqrt(of_labels * of_predictions)
    value = float(ratio(np.trace(matrix) * total - rows @ columns, root))
    above = np.eye(len(matrix)) * total + np.trace(matrix) - columns[:, None] - rows
    logarithm = ratio(total - rows, of_labels)[:, None] + ratio(total - columns, of_predictions)
    return value, ratio(above, root) - value * logarithm


MEASURES: Mapping[str, Callable[[Floats], Derived]] = {"kappa": kappa, "mcc": matthews}


def agreement(
    name: str, true: NDArray[np.intp], predicted: NDArray[np.intp], classes: int
) -> Estimates:
    """One estimate, (1 + value) / 2, which lies between 0 and 1; all images are its side.

    Args:
        name: of `MEASURES`.
        true, predicted: (n,) index of each image's class, and of the one it was predicted as.
        classes: how many there are.
    """
    matrix = confusion_matrix(true, predicted, classes).astype(np.float64)
    value, derivative = MEASURES[name](matrix)
    images = true.size
    influence = np.nan_to_num(derivative[true, predicted]) / 2
    one = np.ones((images, 1, 1), dtype=bool)
    value = (1 + value) / 2
    return Estimates(np.array([value]), influence[:, None], one, ratio(1, [[images]]), 1.0, FEWEST)
