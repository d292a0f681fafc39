"""One-vs-rest measures under a decision rule as estimates with influences: of each class, and
averaged over classes. `measures` makes values and intervals of them.

Macro is the mean over the classes that have images and of which the measure is defined; weighted
the same mean by their numbers of images; micro counts all pairs of an image and a class together.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics import binary, delong, intervals
from dermxai.metrics.average_precision import average_precisions
from dermxai.metrics.confusion import ratio
from dermxai.metrics.decision import DecisionRule
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS, Estimates
from dermxai.metrics.partial_area import partial_areas

Floats = NDArray[np.float64]

RANKING = ("auc", "average_precision", "partial_auc")
"""Those that no decision rule changes."""
NAMES = (*binary.MEASURES, *RANKING)
AVERAGES = ("macro", "weighted", "micro")
_BY_RANKS = {"auc": delong.areas, "average_precision": average_precisions}
_BY_RANKS["partial_auc"] = partial_areas


@dataclass(frozen=True, eq=False)
class Decisions:
    """n labelled images, of k classes, and what a rule decided.

    Attributes:
        true, predicted: (n,) index of each image's class, and of the one with the highest score.
        member, chosen: (n, k) whether each image is of each class, and counts as of it.
        scores: (n, k) what images are ranked by.
        decided: (k,) whether the rule decides for or against the class.
        clusters: (n,) index of each image's patient.
        level: of intervals.
    """

    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    member: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    scores: Floats
    decided: NDArray[np.bool_]
    clusters: NDArray[np.intp]
    level: float

    @classmethod
    def of(cls, evaluation: Evaluation, rule: DecisionRule) -> "Decisions":
        """
        Raises:
            InputError: the rule is of other classes.
        """
        index = pd.Index(evaluation.classes)
        known = np.isin(evaluation.true, evaluation.classes)
        true = index.get_indexer(pd.Index(evaluation.true[known]))
        predicted = index.get_indexer(pd.Index(evaluation.predicted[known]))
        scores = evaluation.probabilities[known]
        without = [each.reason is not None for each in rule.thresholds] or [False] * len(index)
        return cls(
            true,
            predicted,
            true[:, None] == np.arange(len(index)),
            rule.decisions(predicted, scores),
            scores,
            ~np.array(without),
            intervals.cluster_index(evaluation.unit_of[known]),
            evaluation.level,
        )

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """(n, k) which of the four counts each image is in."""
        return binary.cells(self.member, self.chosen)

    @cached_property
    def counted(self) -> Floats:
        """(4, k)"""
        return binary.counts(self.cells)


def of_classes(made: Decisions, names: Collection[str] = NAMES) -> Iterator[tuple[str, Estimates]]:
    """Every one-vs-rest measure of each class, moved to 0 to 1.

    Args:
        names: of those that take long, which rank images, only these.
    """
    member, chosen, cells, counted = made.member, made.chosen, made.cells, made.counted
    every, right = np.ones_like(member), member == chosen
    sides = np.stack([member, ~member], axis=1)
    images = sides.sum(axis=0).astype(np.float64)  # (2, k)
    either = member | chosen
    # one error of either kind weighs as much where there is no other
    one_error = ratio(images.sum(axis=0), 4 * images.prod(axis=0))
    agreeing = images * one_error**2
    yield "sensitivity", intervals.shares(right, member)
    yield "specificity", intervals.shares(right, ~member)
    yield "accuracy", intervals.shares(right, every)
    yield "ppv", intervals.shares(right, chosen)
    yield "npv", intervals.shares(right, ~chosen)
    weight = either.sum(axis=0) + (member & chosen).sum(axis=0)
    yield "f1", _derived("f1", counted, cells, either[:, None], ratio(1, weight)[None])
    balanced = ratio(0.25, images)
    yield "balanced_accuracy", _derived("balanced_accuracy", counted, cells, sides, balanced)
    for name in binary.SIGNED:
        yield name, _derived(name, counted, cells, sides, agreeing)
    for name, of in _BY_RANKS.items():
        if name in names:
            yield name, of(member, made.scores)


def averages(
    scope: str,
    by_class: Mapping[str, Estimates],
    made: Decisions,
    names: Collection[str] = NAMES,
) -> Iterator[tuple[str, Estimates, int]]:
    """Every measure's average, moved to 0 to 1, and over how many classes.

    Args:
        scope: of `AVERAGES`.
        by_class: of `of_classes`.
        names: of the measures.
    """
    here = made.member.any(axis=0)
    for name in names:
        each = by_class[name]
        if scope == "micro":
            used = here | made.decided if name in RANKING else made.decided
            yield name, micro(name, made, used), int(used.sum())
        else:
            used = here & np.isfinite(each.value)
            yield name, mean(name, each, made.member, used, scope == "weighted"), int(used.sum())


def mean(
    name: str,
    each: Estimates,
    member: NDArray[np.bool_],
    used: NDArray[np.bool_],
    weighted: bool = False,
) -> Estimates:
    """One estimate: the mean over the classes ``used`` (k,), by their numbers of images where
    ``weighted``."""
    images = member.sum(axis=0).astype(np.float64)
    weight = np.where(used, images if weighted else 1, 0)
    weight = np.nan_to_num(ratio(weight, weight.sum()))
    known = np.where(used, each.value, 0)
    value = float(known @ weight) if used.any() else np.nan
    influence = np.where(used, each.influences, 0) @ weight
    if weighted and used.any():  # the weights are estimated, too
        counted = member & used
        influence += (counted @ known - value * counted.any(axis=1)) / images[used].sum()
    scale = np.where(used, each.scale, 0).sum(axis=0)
    whole = float((scale * weight**2).sum())
    if weighted or name in ("specificity", "accuracy", "npv"):
        # an error under argmax is one of two classes
        twice = 2 if name == "accuracy" and not weighted else 1
        return _of_all(value, influence, whole * twice)
    sides = member[:, used]
    share = ratio(weight[used], images[used])
    return Estimates(
        np.array([value]),
        influence[:, None],
        sides[:, :, None],
        (whole * ratio(share, share.sum()))[:, None],
        each.step,
        FEWEST_OF_CLASS,
    )


def micro(name: str, made: Decisions, used: NDArray[np.bool_]) -> Estimates:
    """One estimate over all pairs of an image and a class ``used`` (k,)."""
    member, chosen = made.member[:, used], made.chosen[:, used]
    images, classes = member.shape
    if name in _BY_RANKS:
        found = _BY_RANKS[name](member.reshape(-1, 1), made.scores[:, used].reshape(-1, 1))
    else:
        cells = binary.cells(member, chosen).reshape(-1, 1)
        counted = binary.counts(cells)
        found = _derived(name, counted, cells, member.reshape(-1, 1, 1), counted[:1])
    influence = found.influences.reshape(images, classes).sum(axis=1)
    rest = max(classes - 1, 1)
    pairs = {"specificity": rest, "npv": rest, "accuracy": max(classes, 2) / 2}.get(name, 1)
    return _of_all(float(found.value[0]), influence, float(ratio(1, images * pairs)))


def _derived(
    name: str, counted: Floats, cells: NDArray[np.intp], sides: NDArray[np.bool_], scale: Floats
) -> Estimates:
    value, derivative = binary.MEASURES[name](counted)
    influences = np.nan_to_num(np.take_along_axis(derivative, cells, axis=0))
    if name in binary.SIGNED:
        value, influences = (1 + value) / 2, influences / 2
    return Estimates(value, influences, sides, scale, 1.0, FEWEST)


def _of_all(value: float, influence: Floats, scale: float) -> Estimates:
    """One estimate whose side is all images."""
    return Estimates(
        np.array([value]),
        influence[:, None],
        np.ones((influence.size, 1, 1), dtype=bool),
        np.array([[scale]]),
        1.0,
        FEWEST,
    )
