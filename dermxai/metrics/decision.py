"""Decision rules: when an image counts as of a class.

Under `ARGMAX` an image is of one class, the one with the highest score. At an `OperatingPoint` each
class is decided one-vs-rest: an image is of it where its probability reaches the
class's threshold, so that it may be of several classes or of none. The thresholds are chosen on
some patients (of the validation split) and applied to others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError
from dermxai.metrics.undefined import Undefined

Floats = NDArray[np.float64]


class Criterion(StrEnum):
    """What an operating point is chosen by."""

    YOUDEN = "youden"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    EQUAL_ERROR = "equal_error"
    COST_RATIO = "cost_ratio"


TARGETS = {Criterion.SENSITIVITY: 0.9, Criterion.SPECIFICITY: 0.9, Criterion.COST_RATIO: 5.0}
"""The criteria that have a target, and which one where none is named."""
MOST_COST = 1e6


@dataclass(frozen=True)
class OperatingPoint:
    """How the threshold of each class is chosen, on the one-vs-rest ROC curve of the class.

    - Youden: the highest sensitivity + specificity − 1 (Youden 1950);
    - sensitivity: the highest threshold whose sensitivity is at least the target;
    - specificity: the lowest threshold whose specificity is at least the target;
    - equal error: the smallest difference of false negative and false positive rate;
    - cost ratio: the lowest cost, where a missed image costs target times a false alarm, with as
      many images of the class as there are.

    Of equally good thresholds the highest is taken.

    Raises:
        InputError: a target is missing, is out of its range, or came where there is none.
    """

    criterion: Criterion = Criterion.YOUDEN
    target: float | None = None

    def __post_init__(self) -> None:
        if self.criterion not in TARGETS:
            if self.target is not None:
                raise InputError(
                    f"The target {self.target} came for {self.criterion}, which has none; leave it "
                    "out."
                )
            return
        cost = self.criterion == Criterion.COST_RATIO
        most = MOST_COST if cost else 1
        value = math.nan if self.target is None else self.target
        if not 0 < value <= most:
            raise InputError(
                f"The target {self.target} came for {self.criterion}; it lies above 0 and is at "
                f"most {most:,.0f}."
            )

    def threshold(self, positive: ArrayLike, scores: ArrayLike) -> "Threshold":
        """
        Args:
            positive: (n,) whether each image is of the class.
            scores: (n,) its score for the class.

        Returns:
            NaN with a reason where the class, or the rest, has no image.

        Raises:
            InputError: lengths differ, or a score is no finite number.
        """
        member, values = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64)
        if member.shape != values.shape or member.ndim != 1:
            raise InputError(f"{member.shape} labels came for {values.shape} scores; one of each.")
        if not np.isfinite(values).all():
            raise InputError(
                f"{np.count_nonzero(~np.isfinite(values))} of {values.size} scores are no finite "
                "numbers; no threshold can be chosen on them."
            )
        if not member.any() or member.all():
            lacking = Undefined.NO_POSITIVES if not member.any() else Undefined.NO_NEGATIVES
            return Threshold(math.nan, math.nan, math.nan, lacking)
        order = np.argsort(-values, kind="stable")
        member, values = member[order], values[order]
        last = np.append(np.flatnonzero(values[1:] != values[:-1]), values.size - 1)
        cuts = np.concatenate([[np.inf], values[last]])  # descending
        hits = np.concatenate([[0], np.cumsum(member)[last]])
        alarms = np.concatenate([[0], 1 + last - hits[1:]])
        at = self._best(hits, alarms)
        return Threshold(
            float(cuts[at]), float(hits[at] / hits[-1]), float(1 - alarms[at] / alarms[-1])
        )

    def _best(self, hits: NDArray[np.int64], alarms: NDArray[np.int64]) -> int:
        """Where on the curve, whose thresholds fall; in whole numbers, so that ties are ties."""
        of, rest = int(hits[-1]), int(alarms[-1])
        match self.criterion:
            case Criterion.YOUDEN:
                return int(np.argmax(hits * rest - alarms * of))
            case Criterion.EQUAL_ERROR:
                return int(np.argmin(np.abs((of - hits) * rest - alarms * of)))
            case Criterion.SENSITIVITY:
                return int(np.argmax(hits / of >= self._target))
            case Criterion.SPECIFICITY:
                return int(np.flatnonzero(1 - alarms / rest >= self._target)[-1])
            case Criterion.COST_RATIO:
                return int(np.argmin(self._target * (of - hits) + alarms))

    @property
    def _target(self) -> float:
        return TARGETS[self.criterion] if self.target is None else self.target


@dataclass(frozen=True)
class Threshold:
    """Of a class. An image whose score is at or above it is of the class.

    Attributes:
        value: infinite where no image is of the class; NaN where none could be chosen.
        sensitivity, specificity: on the images that it was chosen on.
        reason: why there is none.
    """

    value: float
    sensitivity: float
    specificity: float
    reason: Undefined | None = None


@dataclass(frozen=True)
class DecisionRule:
    """Argmax, or an operating point with the thresholds that were chosen.

    Attributes:
        point: None for argmax.
        thresholds: one a class; none for argmax.
        images, units: how many they were chosen on.
        shared: how many of the images that are measured they were chosen on.
    """

    point: OperatingPoint | None = None
    thresholds: tuple[Threshold, ...] = ()
    images: int = 0
    units: int = 0
    shared: int = 0

    @property
    def name(self) -> str:
        return "argmax" if self.point is None else "operating_point"

    def decisions(self, predicted: NDArray[np.intp], scores: Floats) -> NDArray[np.bool_]:
        """(n, k) whether each image counts as of each class; False where a class has no threshold.

        Args:
            predicted: (n,) index of the class with the highest score.
            scores: (n, k) what the thresholds were chosen on.

        Raises:
            InputError: there are not as many thresholds as classes.
        """
        if self.point is None:
            argmax: NDArray[np.bool_] = predicted[:, None] == np.arange(scores.shape[1])
            return argmax
        if len(self.thresholds) != scores.shape[1]:
            raise InputError(
                f"{len(self.thresholds)} thresholds came for {scores.shape[1]} classes; one of "
                "each."
            )
        least = np.array([each.value for each in self.thresholds])
        decisions: NDArray[np.bool_] = np.greater_equal(scores, least)
        return decisions


ARGMAX = DecisionRule()


def at_operating_point(
    point: OperatingPoint,
    true: NDArray[np.intp],
    scores: Floats,
    *,
    units: int,
    shared: int = 0,
) -> DecisionRule:
    """The rule with the thresholds that these images choose.

    Args:
        true: (n,) index of each image's class.
        scores: (n, k) probabilities.
        units: patients of these images.
        shared: how many of them are measured, too.

    Raises:
        InputError: as `OperatingPoint.threshold`.
    """
    columns: Sequence[Floats] = list(np.asarray(scores, dtype=np.float64).T)
    thresholds = tuple(point.threshold(true == k, column) for k, column in enumerate(columns))
    return DecisionRule(point, thresholds, int(true.size), units, shared)
