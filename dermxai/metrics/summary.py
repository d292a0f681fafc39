"""Tables of measures with intervals: a row a class, and the dataset as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dermxai import taxonomy
from dermxai.metrics import delong, intervals
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS, Estimates
from dermxai.metrics.notes import Note, Reason

Floats = NDArray[np.float64]

OVERALL = (
    "top1_accuracy",
    "top1_accuracy_merged",
    "balanced_accuracy",
    "mean_accuracy",
    "mean_sensitivity",
    "mean_specificity",
    "mean_auc",
)
"""Measures of the whole. Means are over the classes that have images; ``merged`` counts the two
classes that overlap by definition as one."""


def by_class(
    true: NDArray[np.intp], predicted: NDArray[np.intp], scores: Floats
) -> dict[str, Estimates]:
    """One-vs-rest accuracy, sensitivity, specificity and AUC of each class.

    Args:
        true: (n,) index of each image's class.
        predicted: (n,) index of the class it was predicted as.
        scores: (n, k) what the images are ranked by.
    """
    column = np.arange(scores.shape[1])
    member, chosen = true[:, None] == column, predicted[:, None] == column
    right = member == chosen
    return {
        "accuracy": intervals.shares(right, np.ones_like(member)),
        "sensitivity": intervals.shares(right, member),
        "specificity": intervals.shares(right, ~member),
        "auc": delong.areas(member, scores),
    }


def overall(
    true: NDArray[np.intp],
    predicted: NDArray[np.intp],
    scores: Floats,
    classes: Sequence[str],
    weights: ArrayLike | None = None,
) -> dict[str, Estimates]:
    """The measures of `OVERALL`, one estimate each; arguments as for `by_class`.

    Args:
        weights: (k,) of the classes in the mean of sensitivities and in that of areas.
    """
    right = (true == predicted)[:, None]
    every = np.ones_like(right)
    member = true[:, None] == np.arange(scores.shape[1])
    found = {"top1_accuracy": intervals.shares(right, every)}
    pair = merged_pair(classes)
    if pair:
        both = np.isin(true, pair) & np.isin(predicted, pair)
        found["top1_accuracy_merged"] = intervals.shares(right | both[:, None], every)
    found["balanced_accuracy"] = intervals.class_mean(right, true, weights)
    found["mean_accuracy"] = mean_accuracy(true, predicted, member.any(axis=0))
    found["mean_sensitivity"] = found["balanced_accuracy"]
    found["mean_specificity"] = mean_specificity(member, predicted)
    found["mean_auc"] = delong.mean_area(member, scores, weights)
    return found


def merged_pair(classes: Sequence[str]) -> tuple[int, int] | None:
    """Indices of the two classes that overlap by definition, where the model has both."""
    first, second = taxonomy.OVERLAPPING
    if first in classes and second in classes:
        return classes.index(first), classes.index(second)
    return None


def mean_accuracy(
    true: NDArray[np.intp], predicted: NDArray[np.intp], common: NDArray[np.bool_]
) -> Estimates:
    """Accuracy, macro average, one-vs-rest, of the classes ``common`` (k,): an error counts for its
    class and for the predicted one, so that it is a share of all n images."""
    if not true.size:
        return intervals.shares(np.empty((0, 1)), np.empty((0, 1), dtype=bool))
    wrong = np.where(true == predicted, 0, 1.0 + common[predicted])
    outcome = 1 - wrong / common.sum()
    found = intervals.shares(outcome[:, None], np.ones((true.size, 1), dtype=bool))
    return replace(found, scale=found.scale * 2 / common.sum())


def mean_specificity(member: NDArray[np.bool_], predicted: NDArray[np.intp]) -> Estimates:
    """Specificity, macro average: an image counts for all but its own, so that all n images
    are one side. ``member`` is (n, k)."""
    common = np.flatnonzero(member.any(axis=0) & ~member.all(axis=0))
    rejected = predicted[:, None] != common
    each = intervals.shares(rejected, ~member[:, common])
    count = max(common.size, 1)
    return Estimates(
        np.array([each.value.mean() if common.size else np.nan]),
        each.influences.sum(axis=1, keepdims=True) / count,
        np.ones((predicted.size, 1, 1), dtype=bool),
        each.scale.sum(axis=1, keepdims=True) / count**2,
        each.step,
        each.fewest,
    )


@dataclass(frozen=True, eq=False)
class Summary:
    by_class: pd.DataFrame
    """One row a class: class, images, units, and each measure with _low and _high."""
    overall: pd.DataFrame
    """One row a measure: measure, value, low, high."""
    notes: tuple[Note, ...]
    """What is undefined, and why."""


def summarise(
    *,
    true: NDArray[np.intp],
    predicted: NDArray[np.intp],
    scores: Floats,
    classes: Sequence[str],
    clusters: NDArray[np.intp],
    level: float,
) -> Summary:
    """Measures of each class and of the whole, with intervals.

    Args:
        true: (n,) index of each image's class.
        predicted: (n,) index of the class it was predicted as.
        scores: (n, k) what the images are ranked by.
        classes: k codes.
        clusters: (n,) index of each image's unit, a patient for choice.
        level: of the intervals.
    """
    member = true[:, None] == np.arange(len(classes))
    columns: dict[str, object] = {
        "class": list(classes),
        "images": member.sum(axis=0),
        "units": intervals.patients_with(member, clusters),
    }
    for measure, each in by_class(true, predicted, scores).items():
        found = intervals.score_interval(each, clusters, level)
        ends = {f"{measure}_low": found.low, f"{measure}_high": found.high}
        columns |= {measure: each.value, **ends}
    table = pd.DataFrame(columns)

    rows = []
    for measure, each in overall(true, predicted, scores, classes).items():
        found = intervals.score_interval(each, clusters, level)
        rows.append((measure, each.value[0], found.low[0], found.high[0]))
    whole = pd.DataFrame(rows, columns=["measure", "value", "low", "high"])
    units = np.unique(clusters).size
    return Summary(table, whole, tuple(unmeasured(table, units)))


def unmeasured(table: pd.DataFrame, units: int) -> Iterator[Note]:
    """Which classes have no measure, or none with an interval.

    Args:
        table: a row a class: ``class``, ``images``, ``units``.
        units: of all images together.
    """
    if not table["images"].any():
        return
    absent = table["images"] == 0
    only = table["images"] == table["images"].sum()
    several = units >= FEWEST
    for reason, rows in (
        (Reason.ABSENT, absent),
        (Reason.ONLY, only & ~absent),
        (Reason.RARE_IN_CLASS, ~absent & (table["units"] < FEWEST) & several),
        (Reason.RARE_IN_MEANS, ~absent & (table["units"] < FEWEST_OF_CLASS) & several),
    ):
        if rows.any():
            yield Note(reason, tuple(table.loc[rows, "class"]))
    if not several:
        yield Note(Reason.RARE)
