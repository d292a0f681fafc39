"""Measures of a classifier, and the differences of two on the same images, with intervals and
p-values; see `comparison`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics import delong, intervals, paired
from dermxai.metrics.binary import cells, counts
from dermxai.metrics.confusion import ratio
from dermxai.metrics.intervals import Estimates, Interval
from dermxai.metrics.measure_estimates import RANKING, Decisions, mean
from dermxai.metrics.measures import ALL, undefined_reason
from dermxai.metrics.undefined import Undefined

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MEASURES = ("auc", "sensitivity", "specificity", "accuracy")
TOP1 = "top1_accuracy"
MACRO = "macro"


def estimates_of(made: Decisions) -> dict[str, Estimates]:
    """`MEASURES` of each class; those of decisions NaN where a rule decides none."""
    right = made.member == made.chosen
    areas = {"auc": delong.areas(made.member, made.scores)}
    return areas | {name: intervals.shares(right, side) for name, side in _sides(made).items()}


def _sides(made: Decisions) -> dict[str, Bools]:
    """(n, k) which images a share of decisions is of."""
    every = np.broadcast_to(made.decided, made.member.shape)
    return {
        "sensitivity": made.member & every,
        "specificity": ~made.member & every,
        "accuracy": every,
    }


def _used(made: Decisions, each: Estimates) -> Bools:
    """(k,) classes that a macro average is over."""
    used: Bools = made.member.any(axis=0) & np.isfinite(each.value)
    return used


def measured(
    made: Decisions, every: Mapping[str, Estimates], classes: Sequence[str], argmax: bool
) -> pd.DataFrame:
    """A row a scope, class and measure of one classifier."""

    def columns(each: Estimates) -> dict[str, Floats]:
        found = intervals.score_interval(each, made.clusters, made.level)
        return {"value": each.value, "low": found.low, "high": found.high}

    parts = []
    for name, each in every.items():
        parts.append(_rows("class", classes, name, columns(each), _reasons(name, made)))
        average = columns(mean(name, each, made.member, _used(made, each)))
        parts.append(_rows(MACRO, [""], name, average, [Undefined.NO_CLASS]))
    if argmax:
        right = (made.true == made.predicted)[:, None]
        share = columns(intervals.shares(right, np.ones_like(right)))
        parts.append(_rows(ALL, [""], TOP1, share, [Undefined.NO_IMAGES]))
    return pd.concat(parts, ignore_index=True)


def _reasons(name: str, made: Decisions) -> list[Undefined]:
    """(k,) why a measure of a class is undefined, if it is."""
    counted = counts(cells(made.member, made.chosen)).T
    return [
        undefined_reason(name, of, here) for of, here in zip(counted, made.decided, strict=True)
    ]


def pair_differences(
    both: tuple[Decisions, Decisions],
    first: Mapping[str, Estimates],
    second: Mapping[str, Estimates],
    classes: Sequence[str],
    argmax: bool,
    *,
    draws: int = paired.DRAWS,
) -> pd.DataFrame:
    """A row a scope, class and measure of one pair; ``draws`` of signs, see `paired.exchanged`."""
    one, other = both
    member, clusters, level = one.member, one.clusters, one.level
    right = one.member == one.chosen, other.member == other.chosen
    parts = []
    for name, each in first.items():
        used = _used(one, each)
        mean_one, mean_other = (mean(name, of, member, used) for of in (each, second[name]))
        if name in RANKING:
            of_class = _areas(each, second[name], clusters, level)
            of_all = _areas(mean_one, mean_other, clusters, level)
        else:
            side = _sides(one)[name]
            gain, loss = _changes(right, side)
            of_class = _shares(gain, loss, clusters, level)
            of_class |= {"p": paired.mcnemar(right[0], right[1], side, clusters)}
            gain, loss = (mean(name, of, member, used) for of in (gain, loss))
            of_all = _shares(gain, loss, clusters, level)
            of_all |= {"p": paired.exchanged(_added(right, side, used), clusters, draws)}
        # as the two values say it, to the bit
        of_class["value"] = each.value - second[name].value
        of_all["value"] = mean_one.value - mean_other.value
        parts.append(_rows("class", classes, name, of_class, _reasons(name, one)))
        parts.append(_rows(MACRO, [""], name, of_all, [Undefined.NO_CLASS]))
    if argmax:
        right = (one.true == one.predicted)[:, None], (other.true == other.predicted)[:, None]
        side = np.ones_like(right[0])
        gain, loss = _changes(right, side)
        whole = _shares(gain, loss, clusters, level)
        whole |= {"p": paired.mcnemar(right[0], right[1], side, clusters)}
        parts.append(_rows(ALL, [""], TOP1, whole, [Undefined.NO_IMAGES]))
    return pd.concat(parts, ignore_index=True).rename(columns={"value": "difference"})


def _changes(right: tuple[Bools, Bools], side: Bools) -> tuple[Estimates, Estimates]:
    """(k,) shares of the images of a side that the first alone has right, and the second alone."""
    gain, loss = intervals.gains_and_losses(right[0], right[1])
    return intervals.shares(gain, side), intervals.shares(loss, side)


def _shares(
    gain: Estimates, loss: Estimates, clusters: NDArray[np.intp], level: float
) -> dict[str, Floats]:
    found = intervals.difference_interval(gain, loss, clusters, level)
    return {"value": gain.value - loss.value, "low": found.low, "high": found.high}


def _areas(
    first: Estimates, second: Estimates, clusters: NDArray[np.intp], level: float
) -> dict[str, Floats]:
    found = area_difference(first, second, clusters, level)
    p = paired.delong(first, second, clusters)
    return {"value": first.value - second.value, "low": found.low, "high": found.high, "p": p}


def area_difference(
    first: Estimates, second: Estimates, clusters: NDArray[np.intp], level: float
) -> Interval:
    """Of a first area less a second, of `delong.areas` or their mean, over the same images."""
    return intervals.difference_interval(first, second, clusters, level)


def _added(right: Sequence[Bools], side: Bools, used: Bools) -> Floats:
    """(n, 1) what each image adds to the first's macro average less the second's."""
    if not used.any():
        return np.full((len(side), 1), np.nan)
    weight = ratio(used, side.sum(axis=0) * used.sum())
    net = (right[0].astype(np.float64) - right[1]) * side
    return np.asarray((net[:, used] @ weight[used])[:, None], dtype=np.float64)


def _rows(
    scope: str,
    classes: Sequence[str],
    measure: str,
    columns: Mapping[str, Floats],
    why: Sequence[Undefined],
) -> pd.DataFrame:
    """Rows of a measure, whose ``value`` may be undefined for the reasons ``why``."""
    table = pd.DataFrame({"scope": scope, "class": list(classes), "measure": measure, **columns})
    undefined = table["value"].isna()
    table.loc[undefined, list(columns)] = np.nan
    unsure = np.where(table["low"].isna(), str(Undefined.FEW_UNITS), "")
    reasons = np.array([str(each) for each in why], dtype=object)
    return table.assign(reason=np.where(undefined, reasons, unsure))
