"""Two classifiers on the same images, or one before and after a change: every measure of both, and
its paired difference with an interval over patients.

Where both count the same images (shares of images, of a class, of the rest, and the mean of the
classes' shares) the interval is Newcombe's of the share that is right in the second alone less that
in the first alone. Elsewhere (areas, predictive values, F1, …) it is Newcombe's of both measures,
correlated as their influences are (Zou & Donner 2008, doi:10.1002/sim.3095). F1 takes images of the
class and others together: where the class has few patients, these limit its degrees of freedom
(Satterthwaite 1946, doi:10.2307/3002019).
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import agreement, intervals
from dermxai.metrics.decision import ARGMAX, DecisionRule
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.measure_estimates import (
    AVERAGES,
    NAMES,
    RANKING,
    Decisions,
    averages,
    of_classes,
)
from dermxai.metrics.measures import ALL, WITHOUT_INTERVAL, Measures, range_of
from dermxai.metrics.undefined import Undefined

Floats = NDArray[np.float64]
TOP1 = "top1_accuracy"
_SHARES = ("sensitivity", "specificity", "accuracy")
KEYS = ("scope", "class", "measure")


@dataclass(frozen=True, eq=False)
class MeasureChanges:
    """
    Attributes:
        table: a row a scope, class and measure of `dermxai.metrics.measures`, and ``top1_accuracy``
            of all: ``scope``, ``class``, ``measure``, ``before``, ``after``, ``difference``
            (after − before), ``low``, ``high`` and ``reason`` (why there is no difference, or no
            interval, else "").
        confusion: (k, k) images by true and predicted class after less before.
        level: of the intervals.
    """

    table: pd.DataFrame
    confusion: NDArray[np.int64]
    level: float


def measure_changes(
    before: Evaluation, after: Evaluation, measures: tuple[Measures, Measures]
) -> MeasureChanges:
    """
    Args:
        before, after: of the same images, labels and classes.
        measures: of both, as `dermxai.metrics.measures.measured` gives them.

    Raises:
        InputError: other images, labels or classes.
    """
    same = before.classes == after.classes and all(
        np.array_equal(getattr(before, name), getattr(after, name))
        for name in ("sample_ids", "true", "unit_of")
    )
    if not same:
        raise InputError(
            f"Evaluations of {before.sample_ids.size} images and {len(before.classes)} classes, "
            f"and of {after.sample_ids.size} and {len(after.classes)} came; expected the same "
            "images, labels and classes."
        )
    one, two = (
        Decisions.of(each, found.rule)
        for each, found in zip((before, after), measures, strict=True)
    )
    rows = list(differences(one, two, before.classes, (measures[0].rule, measures[1].rule)))
    table = pd.DataFrame(rows, columns=[*KEYS, "difference", "low", "high"])
    for side, found in zip(("before", "after"), measures, strict=True):
        of = found.table.set_index([*KEYS])[["value", "reason", "classes"]]
        of = of.set_axis([side, f"reason_{side}", f"classes_{side}"], axis=1)
        table = table.join(of, on=[*KEYS])
    _top1(table, one, two, measures)
    table["reason"] = [_reason(row) for row in table.to_dict("records")]
    table.loc[table["reason"] == str(Undefined.OTHER_CLASSES), ["difference", "low", "high"]] = (
        np.nan
    )
    columns = [*KEYS, "before", "after", "difference", "low", "high", "reason"]
    return MeasureChanges(table[columns], after.confusion - before.confusion, before.level)


def _top1(
    table: pd.DataFrame, one: Decisions, two: Decisions, measures: tuple[Measures, Measures]
) -> None:
    row = table["measure"] == TOP1
    for name, made, found in (("before", one, measures[0]), ("after", two, measures[1])):
        argmax = found.rule.point is None and made.true.size > 0
        table.loc[row, name] = (made.true == made.predicted).mean() if argmax else np.nan
    table.loc[row, ["classes_before", "classes_after"]] = 1


def _reason(row: Mapping[Hashable, str | float | None]) -> str:
    """Why a row has no difference or interval."""
    for name in ("before", "after"):
        if pd.isna(row[name]):
            told = row[f"reason_{name}"]
            return str(told) if isinstance(told, str) and told else str(Undefined.NOT_ONE_CLASS)
    if row["scope"] in AVERAGES and row["classes_before"] != row["classes_after"]:
        return str(Undefined.OTHER_CLASSES)
    if pd.isna(row["low"]):
        held = row["measure"] in WITHOUT_INTERVAL.get(str(row["scope"]), ())
        return str(Undefined.NOT_HELD if held else Undefined.FEW_UNITS)
    return ""


def differences(
    one: Decisions,
    two: Decisions,
    classes: Sequence[str],
    rules: tuple[DecisionRule, DecisionRule],
    names: Collection[str] = NAMES,
) -> Iterator[tuple[str, str, str, float, float, float]]:
    """Scope, class and measure; difference (second less first) and its interval.

    Args:
        one, two: of the same images and classes.
        rules: of each.
        names: of the measures; top-1 accuracy is always there.
    """
    first, second = _of_classes(one, names), _of_classes(two, names)
    decided = one.decided & two.decided
    for name in names:
        if name in _SHARES:
            gain, loss = _right(one, two, name)
        else:
            gain, loss = second[name], first[name]
        ends = _ends(name, gain, loss, one)
        known = np.ones_like(decided) if name in RANKING else decided
        for place, code in enumerate(classes):
            row = [float(each[place]) if known[place] else np.nan for each in ends]
            yield "class", code, name, row[0], row[1], row[2]
    for scope in AVERAGES:
        found = [
            {name: each for name, each, _ in averages(scope, of, made, names)}
            for of, made in ((first, one), (second, two))
        ]
        for name in names:
            gain, loss = found[1][name], found[0][name]
            if scope == "macro" and name == "sensitivity" and rules == (ARGMAX, ARGMAX):
                gain, loss = _balanced(one, two)
            low, *rest = (float(each[0]) for each in _ends(name, gain, loss, one))
            bare = name in WITHOUT_INTERVAL[scope]
            yield scope, "", name, low, *([np.nan, np.nan] if bare else rest)  # type: ignore[misc]
    argmax = rules == (ARGMAX, ARGMAX)
    for name in filter(names.__contains__, agreement.MEASURES):
        parts = [
            agreement.agreement(name, made.true, made.predicted, len(classes))
            for made in (two, one)
        ]
        ends = _ends(name, parts[0], parts[1], one)
        row = [float(each[0]) if argmax else np.nan for each in ends]
        yield ALL, "", name, row[0], row[1], row[2]
    outcomes = [(made.true == made.predicted)[:, None] for made in (two, one)]
    gain, loss = (
        intervals.shares(part, np.ones_like(outcomes[0]))
        for part in intervals.gains_and_losses(*outcomes)
    )
    row = [float(each[0]) if argmax else np.nan for each in _ends(TOP1, gain, loss, one)]
    yield ALL, "", TOP1, row[0], row[1], row[2]


def _of_classes(made: Decisions, names: Collection[str]) -> dict[str, Estimates]:
    found = dict(of_classes(made, names))
    strata = np.stack([made.member, ~made.member], axis=1)
    return found | {"f1": replace(found["f1"], strata=strata)}


def _right(one: Decisions, two: Decisions, name: str) -> tuple[Estimates, Estimates]:
    """Shares of images that are right in the second alone, and in the first alone, by class."""
    side = {"sensitivity": one.member, "specificity": ~one.member}.get(
        name, np.ones_like(one.member)
    )
    outcomes = [made.member == made.chosen for made in (two, one)]
    gain, loss = (intervals.shares(part, side) for part in intervals.gains_and_losses(*outcomes))
    return gain, loss


def _balanced(one: Decisions, two: Decisions) -> tuple[Estimates, Estimates]:
    """The same as a mean over classes."""
    outcomes = [(made.true == made.predicted)[:, None] for made in (two, one)]
    gain, loss = (
        intervals.class_mean(part, one.true) for part in intervals.gains_and_losses(*outcomes)
    )
    return gain, loss


def _ends(name: str, gain: Estimates, loss: Estimates, made: Decisions) -> tuple[Floats, ...]:
    """(k,) differences and both ends, on the measure's own range."""
    found = intervals.difference_interval(gain, loss, made.clusters, made.level)
    low, high = range_of(name)
    return tuple((high - low) * each for each in (gain.value - loss.value, found.low, found.high))
