"""How a classifier tells two classes apart: confusions each way, and what merging them would mend.

Everything is over the images whose label is one of the model's classes; the decision is among all
of them. Merging counts a prediction as either class as right for a label of either; the classifier
and its decisions stay as they are.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates, Interval, score_interval, student_interval

Floats = NDArray[np.float64]

OTHER = ""
"""Stands for every class beside the two."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two classes of an evaluation.

    Attributes:
        ways: a row for each label of the two and each prediction (one, the other, `OTHER`):
            ``true``, ``predicted``, ``images``, ``of`` (images of that label), ``units`` (with such
            an image), ``share`` with ``low`` and ``high``.
        errors: a row for each image of one class predicted as the other, the largest margin first:
            ``sample_id``, ``true``, ``predicted``, ``margin`` (summed logit of the prediction less
            that of the label), ``probability`` of the prediction.
        merged: a row a measure: ``measure``, and ``separate``, ``merged`` and ``gain``,
            each with ``_low`` and ``_high``.
    """

    first: str
    second: str
    ways: pd.DataFrame
    errors: pd.DataFrame
    merged: pd.DataFrame

    def cell(self, true: str, predicted: str) -> "pd.Series":
        """The row of ``ways``."""
        chosen = (self.ways["true"] == true) & (self.ways["predicted"] == predicted)
        return self.ways[chosen].iloc[0]


def check_pair(classes: tuple[str, ...], first: str, second: str) -> None:
    """
    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    for code in (first, second):
        if code not in classes:
            raise InputError(
                f"The model has no class {code!r}; choose two of {', '.join(classes)}."
            )
    if first == second:
        raise InputError(f"A pair needs two different classes; {first} came twice.")


def evaluate_pair(evaluation: Evaluation, scores: ArrayLike, first: str, second: str) -> Pair:
    """Confusions of two classes, with intervals over the evaluation's units.

    Args:
        evaluation: of n images.
        scores: (n, k) summed logits of these images.
        first, second: two of its classes.

    Raises:
        InputError: a class is not the model's, both are the same, or scores do not fit.
    """
    classes = evaluation.classes
    check_pair(classes, first, second)
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != evaluation.probabilities.shape:
        raise InputError(
            f"Scores {values.shape} came for {evaluation.sample_ids.size} images and "
            f"{len(classes)} classes; one row for each image is needed."
        )
    known = np.isin(evaluation.true, classes)
    index = pd.Index(classes)
    true = index.get_indexer(pd.Index(evaluation.true[known]))
    predicted = index.get_indexer(pd.Index(evaluation.predicted[known]))
    clusters = intervals.cluster_index(evaluation.unit_of[known])
    one, other = classes.index(first), classes.index(second)
    return Pair(
        first=first,
        second=second,
        ways=_ways(
            true, predicted, (one, other), classes, clusters=clusters, level=evaluation.level
        ),
        errors=_errors(evaluation, values, first, second),
        merged=_merged(true, predicted, (one, other), clusters, evaluation.level),
    )


def most_confused(evaluation: Evaluation) -> tuple[str, str] | None:
    """The two classes of the model that are taken for each other most often, both ways counted;
    the more frequent direction first. None where nothing is confused."""
    return next(iter(most_confused_pairs(evaluation, 1)), None)


def most_confused_pairs(evaluation: Evaluation, most: int) -> list[tuple[str, str]]:
    """Pairs of classes of the model by how often they are taken for each other, both ways counted,
    those that are most often first; of each the more frequent direction first."""
    matrix = evaluation.confusion
    both = np.triu(matrix + matrix.T, 1)
    order = np.argsort(-both, axis=None, kind="stable")[:most]
    pairs = []
    for one, other in zip(*np.unravel_index(order, both.shape), strict=True):
        if not both[one, other]:
            break
        back = matrix[one, other] < matrix[other, one]
        first, second = (other, one) if back else (one, other)
        pairs.append((evaluation.classes[first], evaluation.classes[second]))
    return pairs


def first_pair(evaluation: Evaluation) -> tuple[str, str] | None:
    """The pair to begin with: the two diseases that overlap by definition where they are confused,
    else the most confused pair, else the two largest classes; None for a model of one class."""
    classes = evaluation.classes
    if len(classes) < 2:
        return None
    overlapping = taxonomy.OVERLAPPING if set(taxonomy.OVERLAPPING) <= set(classes) else None
    if overlapping:
        one, other = (classes.index(code) for code in overlapping)
        if evaluation.confusion[one, other] or evaluation.confusion[other, one]:
            return overlapping
    largest = np.argsort(-evaluation.confusion.sum(axis=1), kind="stable")[:2]
    by_size = classes[largest[0]], classes[largest[1]]
    return most_confused(evaluation) or overlapping or by_size


def _ways(
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    pair: tuple[int, int],
    classes: tuple[str, ...],
    *,
    clusters: NDArray[np.intp],
    level: float,
) -> pd.DataFrame:
    tables = []
    for own in pair:
        of_class = true == own
        cells = np.column_stack(
            [of_class & (predicted == column) for column in pair]
            + [of_class & ~np.isin(predicted, pair)]
        )
        shares = intervals.shares(cells, np.broadcast_to(of_class[:, None], cells.shape))
        found = score_interval(shares, clusters, level)
        tables.append(
            pd.DataFrame(
                {
                    "true": classes[own],
                    "predicted": [*(classes[column] for column in pair), OTHER],
                    "images": cells.sum(axis=0),
                    "of": of_class.sum(),
                    "units": intervals.patients_with(cells, clusters),
                    "share": shares.value,
                    "low": found.low,
                    "high": found.high,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _errors(evaluation: Evaluation, scores: Floats, first: str, second: str) -> pd.DataFrame:
    true, predicted = evaluation.true, evaluation.predicted
    wrong = ((true == first) & (predicted == second)) | ((true == second) & (predicted == first))
    rows = np.flatnonzero(wrong)
    index = pd.Index(evaluation.classes)
    own, taken = (
        index.get_indexer(pd.Index(true[rows])),
        index.get_indexer(pd.Index(predicted[rows])),
    )
    table = pd.DataFrame(
        {
            "sample_id": evaluation.sample_ids[rows].astype("str"),
            "true": true[rows].astype("str"),
            "predicted": predicted[rows].astype("str"),
            "margin": scores[rows, taken] - scores[rows, own],
            "probability": evaluation.probabilities[rows, taken],
        }
    )
    return table.sort_values("margin", ascending=False, kind="stable", ignore_index=True)


def _merged(
    true: NDArray[np.intp],
    predicted: NDArray[np.intp],
    pair: tuple[int, int],
    clusters: NDArray[np.intp],
    level: float,
) -> pd.DataFrame:
    right = (true == predicted)[:, None]
    mended = ((true != predicted) & np.isin(true, pair) & np.isin(predicted, pair))[:, None]
    every = np.ones_like(right)
    separate = intervals.class_mean(right, true)
    merged = intervals.class_mean(right | mended, np.where(true == pair[1], pair[0], true))
    finer = replace(merged, sides=separate.sides, scale=separate.scale)
    rows = []
    for measure, before, after, gain, of_gain in (
        (
            "top1_accuracy",
            intervals.shares(right, every),
            intervals.shares(right | mended, every),
            intervals.shares(mended, every),
            score_interval,
        ),
        (
            "balanced_accuracy",
            separate,
            merged,
            finer.minus(separate),
            student_interval,
        ),
    ):
        row: dict[str, object] = {"measure": measure}
        for column, estimate, interval in (
            ("separate", before, score_interval),
            ("merged", after, score_interval),
            ("gain", gain, of_gain),
        ):
            row |= _estimate(column, estimate, interval(estimate, clusters, level))
        rows.append(row)
    return pd.DataFrame(rows)


def _estimate(name: str, estimate: Estimates, found: Interval) -> dict[str, float]:
    return {
        name: float(estimate.value.item()),
        f"{name}_low": float(found.low.item()),
        f"{name}_high": float(found.high.item()),
    }
