"""What a classifier's decisions are worth: the confusion matrix and everything counted from it.

Rows are true classes, columns predicted ones. A measure whose denominator is empty (the
sensitivity of a class without an image, say) is NaN.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.number)


def confusion_matrix(true: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Counts, (n_classes, n_classes).

    Args:
        true: (n,) index of each sample's class.
        predicted: (n,) index of the class each sample was predicted as.

    Raises:
        InputError: lengths differ, or an index lies outside ``range(n_classes)``.
    """
    rows, columns = (np.asarray(values, dtype=np.int64) for values in (true, predicted))
    if rows.shape != columns.shape or rows.ndim != 1:
        raise InputError(
            f"{rows.shape} true and {columns.shape} predicted classes; one of each is needed for "
            "every sample."
        )
    for indices in (rows, columns):
        if indices.size and (indices.min() < 0 or indices.max() >= n_classes):
            raise InputError(
                f"A class index between {indices.min()} and {indices.max()} came for {n_classes} "
                "classes; leave out samples whose class the model does not know."
            )
    counts = np.bincount(rows * n_classes + columns, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def normalised(matrix: ArrayLike, by: Literal["row", "column"]) -> Floats:
    """Shares of each row (of the images of a class) or column (of the images predicted as a class),
    0 to 1; an empty row or column is NaN."""
    counts = np.asarray(matrix, dtype=np.float64)
    return ratio(counts, counts.sum(axis=1 if by == "row" else 0, keepdims=True))


@dataclass(frozen=True)
class OneVsRest:
    """Each class against all others; arrays are (..., n_classes)."""

    accuracy: Floats
    sensitivity: Floats
    """TP / (TP + FN)"""
    specificity: Floats
    """TN / (TN + FP)"""


def one_vs_rest(matrix: ArrayLike) -> OneVsRest:
    """One-vs-rest accuracy, sensitivity and specificity of each class, from one or many
    matrices (..., n_classes, n_classes)."""
    counts = np.asarray(matrix, dtype=np.float64)
    total = counts.sum(axis=(-2, -1))[..., None]
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    missed = counts.sum(axis=-1) - hits
    false_alarms = counts.sum(axis=-2) - hits
    rejected = total - hits - missed - false_alarms
    return OneVsRest(
        accuracy=ratio(hits + rejected, total),
        sensitivity=ratio(hits, hits + missed),
        specificity=ratio(rejected, rejected + false_alarms),
    )


def top1_accuracy(matrix: ArrayLike) -> Floats:
    """Share of the images whose decision is right, (...)."""
    counts = np.asarray(matrix, dtype=np.float64)
    return ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def balanced_accuracy(matrix: ArrayLike) -> Floats:
    """Mean sensitivity of the classes that have images, (...)."""
    return mean_defined(one_vs_rest(matrix).sensitivity)


def merged(matrix: NDArray[Number], first: int, second: int) -> NDArray[Number]:
    """The matrix with class ``second`` counted as class ``first``: (..., n - 1, n - 1)."""
    counts = np.array(matrix)
    counts[..., first, :] += counts[..., second, :]
    counts[..., :, first] += counts[..., :, second]
    return np.delete(np.delete(counts, second, axis=-1), second, axis=-2)


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """``part / whole``, NaN where ``whole`` is 0."""
    part, whole = np.broadcast_arrays(
        np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    )
    quotient = np.full(part.shape, np.nan)
    np.divide(part, whole, out=quotient, where=whole != 0)
    return quotient


def mean_defined(values: ArrayLike) -> Floats:
    """Mean over the last axis of the values that are not NaN; NaN where there is none."""
    values = np.asarray(values, dtype=np.float64)
    return ratio(np.nansum(values, axis=-1), np.isfinite(values).sum(axis=-1))
