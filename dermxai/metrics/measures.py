"""All measures of a classifier under a decision rule, by class and averaged, with intervals.

Intervals are Wilson's, of every estimate's influences (`intervals`,
`measure_estimates`); those of predictive values at
another prevalence come from the intervals of sensitivity and specificity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import agreement, binary, intervals, partial_area
from dermxai.metrics.confusion import ratio
from dermxai.metrics.decision import ARGMAX, DecisionRule
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.measure_estimates import (
    AVERAGES,
    RANKING,
    Decisions,
    averages,
    of_classes,
)
from dermxai.metrics.undefined import Undefined

Floats = NDArray[np.float64]
Range = tuple[float, float]
Ends = tuple[Floats, Floats, Floats]
"""Values, low and high ends, (k,) each."""

AT_PREVALENCE = ("ppv_at_prevalence", "npv_at_prevalence")
ALL = "all"
"""Scope of kappa and MCC of all classes together."""
WITHOUT_INTERVAL = {
    "macro": ("average_precision", "partial_auc"),
    "weighted": ("average_precision", "partial_auc"),
    "micro": ("partial_auc",),
}
"""Averages whose intervals have not passed the coverage benchmark: average precision of few
patients is too high, and its mean over classes is known too well to hide that."""
_RANGES: Mapping[str, Range] = {
    **dict.fromkeys(binary.SIGNED, (-1.0, 1.0)),
    "partial_auc": partial_area.STANDARDISED,
}


@dataclass(frozen=True, eq=False)
class Measures:
    """
    Attributes:
        table: a row a scope ("class", `AVERAGES`, `ALL`), class ("" of averages) and measure:
            ``scope``, ``class``, ``measure``, ``value``, ``low``, ``high``, ``reason`` (why the
            value is undefined, else why there is no interval, else ""), and ``classes``: how many
            an average is over.
        counts: a row a class: ``class``, ``images``, ``units``, ``threshold``, ``true_positives``,
            ``false_negatives``, ``false_positives``, ``true_negatives``.
        rule: that decided.
        prevalence: of the predictive values at a prevalence; None without these.
    """

    table: pd.DataFrame
    counts: pd.DataFrame
    rule: DecisionRule
    prevalence: float | None
    clusters: str
    level: float


def measured(
    evaluation: Evaluation, rule: DecisionRule = ARGMAX, prevalence: float | None = None
) -> Measures:
    """Every measure of an evaluation.

    Args:
        evaluation: of k classes.
        rule: that decides; its thresholds are for these classes.
        prevalence: of a class, for predictive values at it.

    Raises:
        InputError: the prevalence is no share, or the rule is of other classes.
    """
    _check(prevalence)
    made = Decisions.of(evaluation, rule)
    by_class = {
        name: each if name in RANKING else _where_decided(each, made.decided)
        for name, each in of_classes(made)
    }
    parts = [
        _class_rows(name, made, _with_interval(name, each, made)) for name, each in by_class.items()
    ]
    if prevalence is not None:
        parts += [
            _class_rows(name, made, _at_prevalence(name, by_class, prevalence, made))
            for name in AT_PREVALENCE
        ]
    parts = [part.assign(**{"class": list(evaluation.classes)}) for part in parts]
    for scope in AVERAGES:
        parts += [
            _average_rows(scope, name, made, each, classes)
            for name, each, classes in averages(scope, by_class, made)
        ]
    parts += [_all_classes_rows(name, made, rule) for name in agreement.MEASURES]
    table = pd.concat(parts, ignore_index=True).fillna({"class": "", "classes": 1})
    columns = ["scope", "class", "measure", "value", "low", "high", "reason", "classes"]
    return Measures(
        table=table[columns].astype({"classes": int}),
        counts=_counts(evaluation.classes, made, rule),
        rule=rule,
        prevalence=prevalence,
        clusters=evaluation.clusters,
        level=evaluation.level,
    )


@dataclass(frozen=True, eq=False)
class AtThreshold:
    """A class against the rest, decided by one threshold.

    Attributes:
        table: a row a measure: ``measure``, ``value``, ``low``, ``high``, ``reason``.
        called: a row a class that has images, the class itself first: ``class``, ``called`` and
            ``not_called``, in images.
        sample_ids: (n,) of the images with a label.
        true: (n,) their labels.
        chosen: (n,) whether each counts as of the class.
        clusters, level: of the intervals.
    """

    table: pd.DataFrame
    called: pd.DataFrame
    sample_ids: NDArray[np.object_]
    true: NDArray[np.object_]
    chosen: NDArray[np.bool_]
    clusters: str
    level: float


def measured_at(
    evaluation: Evaluation, code: str, threshold: float, prevalence: float | None = None
) -> AtThreshold:
    """Every measure of a class whose threshold is set by hand.

    Args:
        evaluation: of k classes.
        code: one of them.
        threshold: an image counts as of the class from this probability on.
        prevalence: of the class, for predictive values at it.

    Raises:
        InputError: the model has no such class, the threshold is NaN, or the prevalence is no
            share.
    """
    if code not in evaluation.classes:
        raise InputError(
            f"The model has no class {code!r}; choose one of {', '.join(evaluation.classes)}."
        )
    if np.isnan(threshold):
        raise InputError("A threshold came that is no number; it is a probability, from 0 to 1.")
    _check(prevalence)
    known = np.isin(evaluation.true, evaluation.classes)
    true, scores = evaluation.true[known], evaluation.probabilities[known]
    scores = scores[:, [evaluation.classes.index(code)]]
    member, chosen = (true == code)[:, None], scores >= threshold
    made = Decisions(
        true=(~member[:, 0]).astype(np.intp),
        predicted=(~chosen[:, 0]).astype(np.intp),
        member=member,
        chosen=chosen,
        scores=scores,
        decided=np.ones(1, dtype=bool),
        clusters=intervals.cluster_index(evaluation.unit_of[known]),
        level=evaluation.level,
    )
    by_class = dict(of_classes(made))
    parts = [
        _class_rows(name, made, _with_interval(name, of, made)) for name, of in by_class.items()
    ]
    if prevalence is not None:
        parts += [
            _class_rows(name, made, _at_prevalence(name, by_class, prevalence, made))
            for name in AT_PREVALENCE
        ]
    order = [code, *(each for each in evaluation.common if each != code)]
    counted = [[(chosen[true == each] == said).sum() for each in order] for said in (True, False)]
    return AtThreshold(
        pd.concat(parts, ignore_index=True)[["measure", "value", "low", "high", "reason"]],
        pd.DataFrame({"class": order, "called": counted[0], "not_called": counted[1]}),
        evaluation.sample_ids[known],
        true,
        chosen[:, 0],
        evaluation.clusters,
        evaluation.level,
    )


def _check(prevalence: float | None) -> None:
    """
    Raises:
        InputError: it is no share.
    """
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"A prevalence of {prevalence} came; it lies between 0 and 1.")


def _counts(classes: Sequence[str], made: Decisions, rule: DecisionRule) -> pd.DataFrame:
    thresholds = [each.value for each in rule.thresholds] or [np.nan] * len(classes)
    shown = np.where(made.decided, made.counted, np.nan)
    names = ("true_positives", "false_negatives", "false_positives", "true_negatives")
    return pd.DataFrame(
        {
            "class": classes,
            "images": made.member.sum(axis=0),
            "units": intervals.patients_with(made.member, made.clusters),
            "threshold": thresholds,
            **dict(zip(names, shown, strict=True)),
        }
    )


def _class_rows(name: str, made: Decisions, ends: Ends) -> pd.DataFrame:
    why = [undefined_reason(name, *each) for each in zip(made.counted.T, made.decided, strict=True)]
    return _rows(name, ends, why).assign(scope="class")


def _average_rows(
    scope: str, name: str, made: Decisions, estimates: Estimates, classes: int
) -> pd.DataFrame:
    why = Undefined.NO_CLASS
    if not made.true.size:
        why = Undefined.NO_IMAGES
    elif classes and scope == "micro":
        why = undefined_reason(name, made.counted[:, made.decided].sum(axis=1), True)
    rows = _rows(name, _with_interval(name, estimates, made), [why])
    if name in WITHOUT_INTERVAL[scope] and np.isfinite(rows["value"]).all():
        rows = rows.assign(low=np.nan, high=np.nan, reason=str(Undefined.NOT_HELD))
    return rows.assign(scope=scope, classes=classes)


def _all_classes_rows(name: str, made: Decisions, rule: DecisionRule) -> pd.DataFrame:
    """Kappa or MCC of all classes, which argmax alone has."""
    if rule.point is None:
        found = agreement.agreement(name, made.true, made.predicted, made.member.shape[1])
        ends = _with_interval(name, found, made)
        why = Undefined.NOTHING_VARIES if made.true.size else Undefined.NO_IMAGES
    else:
        ends, why = (np.full(1, np.nan),) * 3, Undefined.NOT_ONE_CLASS
    rows = _rows(name, ends, [why])
    return rows.assign(scope=ALL, classes=int(made.member.any(axis=0).sum()))


def _where_decided(estimates: Estimates, decided: NDArray[np.bool_]) -> Estimates:
    return replace(estimates, value=np.where(decided, estimates.value, np.nan))


def range_of(name: str) -> Range:
    """Between which numbers a measure lies."""
    return _RANGES.get(name, (0.0, 1.0))


def _with_interval(name: str, estimates: Estimates, made: Decisions) -> Ends:
    """Values and ends on the measure's own range."""
    found = intervals.score_interval(estimates, made.clusters, made.level)
    low, high = range_of(name)
    value, *ends = (low + (high - low) * x for x in (estimates.value, found.low, found.high))
    return value, ends[0], ends[1]


def _rows(name: str, ends: Ends, why: list[Undefined]) -> pd.DataFrame:
    """Rows of a measure; ``why`` is for where the value is undefined."""
    value, low, high = ends
    unsure = np.where(np.isnan(low), str(Undefined.FEW_UNITS), "")
    reason = np.where(np.isnan(value), np.array([str(each) for each in why], dtype=object), unsure)
    columns = {"measure": name, "value": value, "low": low, "high": high, "reason": reason}
    return pd.DataFrame(columns)


def _at_prevalence(
    name: str, by_class: Mapping[str, Estimates], prevalence: float, made: Decisions
) -> Ends:
    """PPV = 1 / (1 + odds against · (1 − specificity) / sensitivity), and NPV likewise (Altman &
    Bland 1994, doi:10.1136/bmj.309.6947.102)."""
    rates = [_with_interval(side, by_class[side], made) for side in ("sensitivity", "specificity")]
    odds = prevalence / (1 - prevalence)
    right, other = rates if name == "ppv_at_prevalence" else rates[::-1]
    against = 1 / odds if name == "ppv_at_prevalence" else odds
    wrong = (1 - other[0], 1 - other[2], 1 - other[1])
    value, low, high = quotient_interval(wrong, right)
    return 1 / (1 + against * value), 1 / (1 + against * high), 1 / (1 + against * low)


def quotient_interval(one: Ends, other: Ends) -> Ends:
    """A quotient of two independent numbers that are not negative, from value, low and high of each
    (Donner & Zou 2012, doi:10.1177/0962280210383082); infinite where the second may be 0."""
    (a, a_low, a_high), (b, b_low, b_high) = one, other
    product = a * b
    down, up = a_low * (2 * a - a_low), b_high * (2 * b - b_high)
    root = np.sqrt(np.maximum(product**2 - down * up, 0))
    below = np.where(product + root > 0, ratio(down, product + root), 0)
    # of a denominator of 0 nothing but its upper end is known
    below = np.where((b == 0) & (a > 0), ratio(a_low, b_high), below)
    top, bottom = a_high * (2 * a - a_high), b_low * (2 * b - b_low)
    above = ratio(product + np.sqrt(np.maximum(product**2 - top * bottom, 0)), bottom)
    above = np.where((bottom <= 0) & np.isfinite(b_low), np.inf, above)
    value = np.where((b == 0) & (a > 0), np.inf, ratio(a, b))
    known = np.isfinite(a_low) & np.isfinite(b_low)
    return value, np.where(known, below, np.nan), np.where(known, above, np.nan)


def undefined_reason(name: str, counted: Floats, decided: bool) -> Undefined:
    """Why a measure of a class is undefined, if it is.

    Args:
        counted: (4,) of `binary.counts`.
        decided: whether the rule decides for or against the class.
    """
    tp, fn, fp, tn = counted
    if not counted.sum():
        return Undefined.NO_IMAGES
    if not decided and name not in RANKING:
        return Undefined.NO_THRESHOLD
    lacking = {
        Undefined.NO_POSITIVES: not tp + fn,
        Undefined.NO_NEGATIVES: not fp + tn,
        Undefined.NONE_PREDICTED: not tp + fp,
        Undefined.ALL_PREDICTED: not fn + tn,
    }
    relevant = {
        "ppv": (Undefined.NONE_PREDICTED,),
        "npv": (Undefined.ALL_PREDICTED,),
        "mcc": tuple(lacking),
    }.get(name, (Undefined.NO_POSITIVES, Undefined.NO_NEGATIVES))
    return next((reason for reason in relevant if lacking[reason]), Undefined.NOTHING_VARIES)
