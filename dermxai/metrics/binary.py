"""Measures of a decision for or against a class, and their derivatives by the counts.

All are functions of true positives, false negatives, false positives and true negatives that stay
the same when all counts are multiplied, so that the derivative by its own count is the influence of
an image (Hampel 1974, doi:10.1080/01621459.1974.10482962).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]
Derived = tuple[Floats, Floats]
"""Values (k,) and their derivatives (4, k) by the counts."""

TP, FN, FP, TN = range(4)


def cells(member: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Which of the four counts each image is in.

    Args:
        member: (n, k) whether each image is of each class.
        chosen: (n, k) whether it is predicted as of it.
    """
    return np.where(member, np.where(chosen, TP, FN), np.where(chosen, FP, TN))


def counts(cells_: NDArray[np.intp]) -> Floats:
    """(4, k) images in each."""
    return np.stack([(cells_ == cell).sum(axis=0) for cell in range(4)]).astype(np.float64)


def _share(counted: Floats, hits: tuple[int, ...], of: tuple[int, ...]) -> Derived:
    whole = counted[list(of)].sum(axis=0)
    value = ratio(counted[list(hits)].sum(axis=0), whole)
    derivative = np.zeros_like(counted)
    for cell in of:
        derivative[cell] = ratio((cell in hits) - value, whole)
    return value, derivative


def sensitivity(counted: Floats) -> Derived:
    """TP / (TP + FN)"""
    return _share(counted, (TP,), (TP, FN))


def specificity(counted: Floats) -> Derived:
    """TN / (TN + FP)"""
    return _share(counted, (TN,), (TN, FP))


def accuracy(counted: Floats) -> Derived:
    """(TP + TN) / all"""
    return _share(counted, (TP, TN), (TP, FN, FP, TN))


def positive_predictive_value(counted: Floats) -> Derived:
    """TP / (TP + FP), also called precision"""
    return _share(counted, (TP,), (TP, FP))


def negative_predictive_value(counted: Floats) -> Derived:
    """TN / (TN + FN)"""
    return _share(counted, (TN,), (TN, FN))


def f1(counted: Floats) -> Derived:
    """2 TP / (2 TP + FN + FP)"""
    tp, fn, fp, tn = counted
    whole = 2 * tp + fn + fp
    value = ratio(2 * tp, whole)
    wrong = ratio(-value, whole)
    return value, np.stack([ratio(2 - 2 * value, whole), wrong, wrong, 0 * tn])


def balanced_accuracy(counted: Floats) -> Derived:
    """Mean of sensitivity and specificity"""
    one, other = sensitivity(counted), specificity(counted)
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def kappa(counted: Floats) -> Derived:
    """Agreement of labels and predictions beyond chance (Cohen 1960,
    doi:10.1177/001316446002000104)."""
    tp, fn, fp, tn = counted
    is_, is_not, said, said_not = tp + fn, fp + tn, tp + fp, fn + tn
    numerator = 2 * (tp * tn - fn * fp)
    denominator = said * is_not + is_ * said_not
    value = ratio(numerator, denominator)
    above = 2 * np.stack([tn, -fp, -fn, tp])
    below = np.stack([is_not + said_not, is_ + said_not, is_not + said, is_ + said])
    return value, ratio(above - value * below, denominator)


def matthews(counted: Floats) -> Derived:
    """Correlation of labels and predictions (Matthews 1975, doi:10.1016/0005-2795(75)90109-9)."""
    tp, fn, fp, tn = counted
    is_, is_not, said, said_not = tp + fn, fp + tn, tp + fp, fn + tn
    root = np.sqrt(is_ * is_not * said * said_not)
    value = ratio(tp * tn - fn * fp, root)
    above = ratio(np.stack([tn, -fp, -fn, tp]), root)
    of, not_of, as_, not_as = (ratio(1, each) for each in (is_, is_not, said, said_not))
    logarithm = np.stack([of + as_, of + not_as, not_of + as_, not_of + not_as]) / 2
    return value, above - value * logarithm


MEASURES: Mapping[str, Callable[[Floats], Derived]] = {
    "sensitivity": sensitivity,
    "specificity": specificity,
    "accuracy": accuracy,
    "ppv": positive_predictive_value,
    "npv": negative_predictive_value,
    "f1": f1,
    "balanced_accuracy": balanced_accuracy,
    "kappa": kappa,
    "mcc": matthews,
}
SIGNED = ("kappa", "mcc")
"""Those between −1 and 1."""
