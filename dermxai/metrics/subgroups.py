"""A measure in groups of images, each beside the rest of the images.

The rest of a group are the images that do not belong to it. The difference has Newcombe's interval,
from Wilson's of both sides over patients (`intervals.difference_interval`), and the p-value is that
at which this interval just excludes 0 (`intervals.difference_test`), so that both always say the
same; a patient with images on both sides counts on both. Holm's correction is for all groups that
are asked together; of two groups that are each other's rest the one test counts once.
``benchmarks/level_subgroups.py`` measures level and coverage.

The mean over classes (balanced accuracy) is over the classes that have images on both sides; what
other images a group has otherwise decides the difference. Even so groups of another mix of classes
differ where classes differ in difficulty: measures of one class do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import delong, intervals
from dermxai.metrics.decision import ARGMAX, DecisionRule
from dermxai.metrics.differences import FEW
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.groups import Groups
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.measure_estimates import Decisions
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.undefined import Undefined

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOP1, BALANCED = "top1_accuracy", "balanced_accuracy"
OF_ALL = (TOP1, BALANCED)
"""Measures of all classes, under argmax."""
OF_CLASS = ("sensitivity", "specificity", "ppv", "npv", "auc")
"""Measures of one class against the rest."""


@dataclass(frozen=True, eq=False)
class Subgroups:
    """
    Attributes:
        table: a row a group: ``column``, ``group``, ``images`` and ``units`` of it, ``counted``
            (how many of its images the measure is of), ``value`` with ``low`` and ``high``,
            ``rest`` (the measure on the others), ``difference`` with ``difference_low`` and
            ``difference_high``, ``p``, ``p_holm``, ``small`` (whether either side has fewer than 20
            patients that count), ``classes`` (that a mean over classes is over) and ``reason`` (why
            there is no value, else no interval; else "").
        whole: value, low and high on all images.
        measure: its name; ``code`` of which class, "" of all.
        tests: how many Holm's correction is for.
        members: (n, rows) whether each image of the evaluation belongs to each row's group.
        unknown: images whose label the model does not know, which count nowhere.
    """

    table: pd.DataFrame
    whole: tuple[float, float, float]
    measure: str
    code: str
    tests: int
    members: Flags
    unknown: int
    clusters: str
    level: float


def subgroups(
    evaluation: Evaluation,
    asked: Sequence[Groups],
    measure: str = TOP1,
    code: str = "",
    rule: DecisionRule = ARGMAX,
) -> Subgroups:
    """
    Args:
        evaluation: of n images.
        asked: groups of these images, in their order.
        measure: one of `OF_ALL`, or of `OF_CLASS`.
        code: the class of the latter.
        rule: that decides measures of a class.

    Raises:
        InputError: no such measure, the model has no such class, a group is of other images, or no
            image has a label that the model knows.
    """
    _check(evaluation, asked, measure, code)
    known = np.isin(evaluation.true, evaluation.classes)
    made = Decisions.of(evaluation, rule)
    members = np.concatenate([each.members for each in asked], axis=1)
    own = members[known]
    table = pd.DataFrame(
        {
            "column": [each.column for each in asked for _ in each.names],
            "group": [name for each in asked for name in each.names],
            "images": members.sum(axis=0),
            "units": intervals.patients_with(members, intervals.cluster_index(evaluation.unit_of)),
        }
    )
    index = evaluation.classes.index(code) if code else -1
    table = pd.concat([table, _compared(made, own, measure, index)], axis=1)
    tested = table["p"].notna().to_numpy()
    counted = tested & ~_mirrored(own, tested)
    table["p_holm"] = np.where(tested, _adjusted(table["p"].to_numpy(), own, counted), np.nan)
    whole = _compared(made, np.ones((len(own), 1), dtype=bool), measure, index).iloc[0]
    return Subgroups(
        table=table,
        whole=(float(whole["value"]), float(whole["low"]), float(whole["high"])),
        measure=measure,
        code=code,
        tests=int(counted.sum()),
        members=members,
        unknown=int((~known).sum()),
        clusters=evaluation.clusters,
        level=evaluation.level,
    )


def _check(evaluation: Evaluation, asked: Sequence[Groups], measure: str, code: str) -> None:
    if measure not in (*OF_ALL, *OF_CLASS):
        raise InputError(
            f"The measure {measure!r} came; choose one of {', '.join((*OF_ALL, *OF_CLASS))}."
        )
    if code and measure in OF_ALL:
        raise InputError(f"The measure {measure} is of all classes; leave the class {code} out.")
    if measure in OF_CLASS and not code:
        raise InputError(f"The measure {measure} is of one class; name it.")
    if code and code not in evaluation.classes:
        raise InputError(
            f"The model has no class {code!r}; choose one of {', '.join(evaluation.classes)}."
        )
    if not sum(map(len, asked)):
        raise InputError("No group of images came; name a column that has several values.")
    for each in asked:
        if len(each.members) != evaluation.sample_ids.size:
            raise InputError(
                f"The groups of {each.column} are of {len(each.members):,} images; expected the "
                f"{evaluation.sample_ids.size:,} that are evaluated."
            )
    if not np.isin(evaluation.true, evaluation.classes).any():
        raise InputError("No image here has a label that the model knows: nothing can be measured.")


def _compared(made: Decisions, own: Flags, measure: str, index: int) -> pd.DataFrame:
    """A row a group of ``own`` (n, g): what it is worth, and how it differs from its rest."""
    parts = []
    for columns, first, second, classes in _sides(made, own, measure, index):
        ends = intervals.score_interval(first, made.clusters, made.level)
        apart = intervals.difference_interval(first, second, made.clusters, made.level)
        patients = [
            intervals.patients_with(each.sides.any(axis=1), made.clusters)
            for each in (first, second)
        ]
        part = pd.DataFrame(
            {
                "counted": first.sides.any(axis=1).sum(axis=0),
                "value": first.value,
                "low": ends.low,
                "high": ends.high,
                "rest": second.value,
                "difference": first.value - second.value,
                "difference_low": np.clip(apart.low, -1, 1),
                "difference_high": np.clip(apart.high, -1, 1),
                "p": intervals.difference_test(first, second, made.clusters),
                "small": np.minimum(*patients) < FEW,
                "classes": classes,
            },
            index=columns,
        )
        parts.append(part)
    table = pd.concat(parts).sort_index()
    why = _why(made, measure, index)
    table["reason"] = [
        str(why) if np.isnan(value) else str(Undefined.FEW_UNITS) if np.isnan(low) else ""
        for value, low in table[["value", "low"]].to_numpy(np.float64)
    ]
    return table


def _sides(
    made: Decisions, own: Flags, measure: str, index: int
) -> Iterator[tuple[list[int], Estimates, Estimates, int]]:
    """Numbers of groups, the measure in these and in their rests, and of how many classes it is."""
    every = list(range(own.shape[1]))
    if measure in (BALANCED, "auc"):
        for place in every:
            yield ([place], *_one(made, own[:, place], measure, index))
        return
    outcome, relevant = _shares_of(made, measure, index)
    outcomes = np.repeat(outcome[:, None], own.shape[1], axis=1)
    first, second = (intervals.shares(outcomes, relevant[:, None] & side) for side in (own, ~own))
    yield every, first, second, 1


def _one(made: Decisions, own: Flags, measure: str, index: int) -> tuple[Estimates, Estimates, int]:
    if measure == "auc":
        member, scores = made.member[:, [index]], made.scores[:, [index]]
        first, second = (
            delong.areas(member[side], scores[side]).among(side) for side in (own, ~own)
        )
        return first, second, 1
    both: Flags = np.any(made.member[own], axis=0)
    if not own.all():
        both = both & np.any(made.member[~own], axis=0)
    shared = both[made.true]
    right = (made.true == made.predicted)[:, None]
    first, second = (
        intervals.class_mean(right[side], made.true[side]).among(side)
        for side in (own & shared, ~own & shared)
    )
    return first, second, int(both.sum())


def _shares_of(made: Decisions, measure: str, index: int) -> tuple[Flags, Flags]:
    """(n,) whether the outcome that a share counts is there, and whether the image counts."""
    if measure == TOP1:
        return made.true == made.predicted, np.ones(made.true.size, dtype=bool)
    member, chosen = made.member[:, index], made.chosen[:, index]
    decided = np.full(member.size, made.decided[index])
    return {
        "sensitivity": (chosen, member & decided),
        "specificity": (~chosen, ~member & decided),
        "ppv": (member, chosen & decided),
        "npv": (~member, ~chosen & decided),
    }[measure]


def _why(made: Decisions, measure: str, index: int) -> Undefined:
    """Why a group without a value has none."""
    if measure not in (*OF_ALL, "auc") and not made.decided[index]:
        return Undefined.NO_THRESHOLD
    return {
        "sensitivity": Undefined.NO_POSITIVES,
        "specificity": Undefined.NO_NEGATIVES,
        "ppv": Undefined.NONE_PREDICTED,
        "npv": Undefined.ALL_PREDICTED,
        "auc": Undefined.NOTHING_VARIES,
        BALANCED: Undefined.NO_CLASS,
    }.get(measure, Undefined.NO_IMAGES)


def _keys(own: Flags) -> list[bytes]:
    """The same for a group and for its rest."""
    packed = np.packbits(own ^ own[:1], axis=0)
    return [column.tobytes() for column in packed.T]


def _mirrored(own: Flags, tested: Flags) -> Flags:
    """(g,) whether the same images are compared as by an earlier group that is tested."""
    seen: set[bytes] = set()
    found = np.zeros(own.shape[1], dtype=bool)
    for place, key in enumerate(_keys(own)):
        found[place] = key in seen
        if tested[place]:
            seen.add(key)
    return found


def _adjusted(p: Floats, own: Flags, counted: Flags) -> Floats:
    """(g,) Holm's, each test once."""
    once = dict(zip(np.array(_keys(own), dtype=object)[counted], holm(p[counted]), strict=True))
    return np.array([once.get(key, np.nan) for key in _keys(own)])
