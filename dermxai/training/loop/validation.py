"""What a network reaches on the validation images after an epoch, and the rows of history.csv."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai.metrics import (
    balanced_accuracy,
    confusion_matrix,
    macro_auc,
    normalised,
    top1_accuracy,
)
from dermxai.taxonomy import OVERLAPPING
from dermxai.training.loop.choice import CHANCE, ERROR, Units, by_chance, standard_errors

Floats = NDArray[np.float64]
CONFUSION = "confusion:"
"""What the columns of a watched pair in history.csv begin with."""


@dataclass(frozen=True)
class ValidationMetrics:
    """Plain numbers, as a checkpoint can hold them.

    Attributes:
        macro_auc: mean over the classes that occur.
        sensitivity: by class code, NaN for one without a validation image.
        confusion: (class, class) counts, true rows.
        chance, error: as `choice.by_chance` and `choice.standard_errors` say; empty where an older
            training did not note them.
    """

    validation_loss: float
    balanced_accuracy: float
    accuracy: float
    macro_auc: float
    sensitivity: dict[str, float]
    confusion: list[list[int]]
    chance: dict[str, float] = field(default_factory=dict)
    error: dict[str, float] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """The measures of the whole."""
        names = ("validation_loss", "balanced_accuracy", "accuracy", "macro_auc")
        return {name: getattr(self, name) for name in names}

    def as_record(self) -> "MetricsRecord":
        """As the state of a training holds them."""
        return {
            "validation_loss": self.validation_loss,
            "balanced_accuracy": self.balanced_accuracy,
            "accuracy": self.accuracy,
            "macro_auc": self.macro_auc,
            "sensitivity": self.sensitivity,
            "confusion": self.confusion,
            "chance": self.chance,
            "error": self.error,
        }


class MetricsRecord(TypedDict):
    """`ValidationMetrics` as the state of a training holds them; the last two not of older ones."""

    validation_loss: float
    balanced_accuracy: float
    accuracy: float
    macro_auc: float
    sensitivity: dict[str, float]
    confusion: list[list[int]]
    chance: NotRequired[dict[str, float]]
    error: NotRequired[dict[str, float]]


class EpochRecord(TypedDict):
    """An epoch as the state of a training holds it; some was not noted by older ones."""

    epoch: NotRequired[int]
    size: NotRequired[int]
    learning_rate: NotRequired[float]
    stages: NotRequired[int]
    learning_stages: NotRequired[int]
    loss: NotRequired[float]
    reached: MetricsRecord
    seconds: float
    images_per_second: float
    memory: int


def reached(
    scores: Floats,
    labels: NDArray[np.int64],
    classes: Sequence[str],
    loss: float,
    units: Units,
) -> ValidationMetrics:
    """
    Args:
        scores: (n, class) logits summed over the heads.
        labels: (n,) class indices.
        units: (n,) the patient of each image, or whatever is independent.
    """
    matrix = confusion_matrix(labels, scores.argmax(1), len(classes))
    return ValidationMetrics(
        validation_loss=loss,
        balanced_accuracy=float(balanced_accuracy(matrix)),
        accuracy=float(top1_accuracy(matrix)),
        macro_auc=macro_auc(labels, softmax(scores, axis=1)),
        sensitivity=dict(zip(classes, np.diag(normalised(matrix, "row")).tolist(), strict=True)),
        confusion=matrix.tolist(),
        chance=by_chance(scores, labels, units),
        error=standard_errors(scores, labels, units),
    )


def watched_pair(
    asked: tuple[str, str] | None, classes: Sequence[str], confusion: Sequence[Sequence[int]]
) -> tuple[str, str]:
    """The pair that was asked for, else EAD and SD where both are there, else the two classes that
    were most often predicted as each other."""
    if asked:
        return asked
    if set(OVERLAPPING) <= set(classes):
        return OVERLAPPING
    matrix = np.array(confusion)
    mutual = np.triu(matrix + matrix.T, 1)
    first, second = np.unravel_index(mutual.argmax(), mutual.shape)
    if first == second:  # nothing is confused
        first, second = 0, 1
    return classes[first], classes[second]


def confused(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], pair: tuple[str, str]
) -> dict[tuple[str, str], float]:
    """Share of the images of one class of a pair that were predicted as the other, both ways; NaN
    where the class has none."""
    shares = normalised(confusion, "row")
    first, second = (classes.index(code) for code in pair)
    return {
        (pair[0], pair[1]): float(shares[first, second]),
        (pair[1], pair[0]): float(shares[second, first]),
    }


def history_row(
    record: EpochRecord, classes: Sequence[str], pair: tuple[str, str]
) -> dict[str, float]:
    """A row of history.csv from an epoch's record, whose ``reached`` holds the fields of
    `ValidationMetrics`.

    ``confusion:A→B`` is the share of A's images that were predicted as B, NaN where A has none.
    """
    got = ValidationMetrics(**record["reached"])
    shares = confused(got.confusion, classes, pair)
    return {
        "epoch": record.get("epoch", np.nan),
        "size": record.get("size", np.nan),
        "learning_rate": record.get("learning_rate", np.nan),
        "stages": record.get("stages", np.nan),
        "learning_stages": record.get("learning_stages", np.nan),
        "loss": record.get("loss", np.nan),
        **got.figures,
        **{name + CHANCE: value for name, value in got.chance.items()},
        **{name + ERROR: value for name, value in got.error.items()},
        **{f"sensitivity:{code}": value for code, value in got.sensitivity.items()},
        **{f"{CONFUSION}{a}→{b}": share for (a, b), share in shares.items()},
        "seconds": record["seconds"],
        "images_per_second": record["images_per_second"],
        "memory": record["memory"],
    }
