"""Which maps beat the control maps: means and paired differences, with intervals.

Every image is its own control: a method's value less that of a control map on the same image under
the same draws. Intervals are over patients (`intervals`): Wilson's of shares, Newcombe's of their
differences, Student's of other means and differences. They are not corrected for the number of
methods and measures. Fewer than `FEWEST` patients give no verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics import intervals

Floats = NDArray[np.float64]

FEWEST = 8  # units that a verdict rests on


class Verdict(StrEnum):
    """Of a method against a control map."""

    BETTER = "better"
    NEITHER = "neither"
    """No difference was shown."""
    WORSE = "worse"
    UNKNOWN = ""


class Standing(StrEnum):
    """What a measure shows of a method."""

    BOTH = "both"
    """It beats both control maps; then one of them, and none."""
    ONE = "one"
    NONE = "none"
    KEEPS = "keeps"
    """It keeps to the measure's limit, or is not shown to."""
    BREAKS = "breaks"
    UNKNOWN = ""


@dataclass(frozen=True)
class Scale:
    """How a measure is to be read.

    Attributes:
        higher: whether a higher value is better.
        share: whether the value of an image is 0 or 1.
        compared: whether a map must beat the control maps.
        limit: what a map must keep to, or None.
    """

    higher: bool
    share: bool = False
    compared: bool = True
    limit: float | None = None


def summarised(
    table: pd.DataFrame,
    scales: Mapping[str, Scale],
    groups: Mapping[str, str],
    *,
    random: str,
    centred: str,
    level: float = 0.95,
) -> pd.DataFrame:
    """A row a method and measure.

    Args:
        table: ``sample_id``, ``method``, ``cells``, ``measure``, ``value``, NaN where undefined.
        scales: of each measure.
        groups: sample id → what must stay together, a patient.
        random, centred: the control maps' names among the methods. A method is set against the
            random map of its own ``cells`` on the same image.

    Returns:
        ``method``, ``measure``; ``images`` and ``units`` (patients) with a value; ``mean``,
        ``low``, ``high``; and for ``random`` and ``centred`` the paired difference
        ``<name>_difference``, ``<name>_low``, ``<name>_high``, above 0 where the method is better,
        and the ``<name>_verdict``, a `Verdict`, unknown where fewer than `FEWEST` units have both;
        and ``standing``, a `Standing`. Differences are NaN and verdicts unknown where a measure is
        not compared.
    """
    rows: list[dict[str, object]] = []
    for measure, scale in scales.items():
        of_measure = table[table["measure"] == measure]
        if of_measure.empty:
            continue
        noise = of_measure[of_measure["method"] == random].set_index(["sample_id", "cells"])
        bell = of_measure[of_measure["method"] == centred].set_index("sample_id")
        for method, found in of_measure.groupby("method", sort=False):
            of_method = found
            if method == random:  # of one image there may be several, of other fineness
                numbers = found[["sample_id", "value"]]
                of_method = numbers.groupby("sample_id", as_index=False).mean()
            values = of_method["value"].to_numpy(np.float64)
            names = of_method["sample_id"]
            clusters = intervals.cluster_index([groups.get(n, n) for n in names])
            row: dict[str, object] = {"method": method, "measure": measure}
            mean = _mean(values, clusters, level, share=scale.share)
            row.update(mean)
            row["images"] = int(of_method["sample_id"][np.isfinite(values)].nunique())
            if method not in (random, centred):
                at = pd.MultiIndex.from_frame(of_method[["sample_id", "cells"]])
                verdicts = []
                for name, other in (
                    ("random", noise["value"].reindex(at)),
                    ("centred", bell["value"].reindex(names)),
                ):
                    control = (
                        other.to_numpy(np.float64)
                        if scale.compared
                        else np.full_like(values, np.nan)
                    )
                    pair = (values, control) if scale.higher else (control, values)
                    apart, verdict = _against(pair, clusters, level, share=scale.share)
                    row |= {f"{name}_{key}": value for key, value in apart.items()}
                    row[f"{name}_verdict"] = verdict
                    verdicts.append(verdict)
                row["standing"] = _standing(mean, verdicts, scale)
            rows.append(row)
    return pd.DataFrame(rows)


def failures(
    table: pd.DataFrame, scale: Scale, method: str, measure: str, *, random: str, centred: str
) -> list[str]:
    """Sample ids, the worst first, on which a method does worse than one of the control maps, or
    beyond the limit; where a measure has neither, its worst quarter."""
    of_measure = table[table["measure"] == measure]
    mine = of_measure[of_measure["method"] == method].dropna(subset="value")
    if mine.empty:
        return []
    sign = 1 if scale.higher else -1
    value = sign * mine["value"].to_numpy(np.float64)
    if scale.compared:
        noise = of_measure[of_measure["method"] == random].set_index(["sample_id", "cells"])
        bell = of_measure[of_measure["method"] == centred].set_index("sample_id")
        at = pd.MultiIndex.from_frame(mine[["sample_id", "cells"]])
        controls = [noise["value"].reindex(at), bell["value"].reindex(mine["sample_id"])]
        gap = value - np.fmax(*(sign * each.to_numpy(np.float64) for each in controls))
    elif scale.limit is not None:
        gap = value - sign * scale.limit
    else:
        gap = value - np.quantile(value, 0.25) - 1e-12
    order = np.argsort(gap, kind="stable")
    names = mine["sample_id"].to_numpy()
    return [str(names[index]) for index in order if gap[index] < 0]


def _standing(found: Mapping[str, float], verdicts: list[Verdict], scale: Scale) -> Standing:
    """
    Args:
        found: of `_mean`.
        verdicts: against each control map.
    """
    if scale.compared:
        if Verdict.UNKNOWN in verdicts:
            return Standing.UNKNOWN
        return (Standing.NONE, Standing.ONE, Standing.BOTH)[verdicts.count(Verdict.BETTER)]
    if scale.limit is None or found["units"] < FEWEST:
        return Standing.UNKNOWN
    end = found["low"] if scale.higher else found["high"]
    worst = found["mean"] if np.isnan(end) else end  # the same for all has no interval
    keeps = worst > scale.limit if scale.higher else worst < scale.limit
    return Standing.KEEPS if keeps else Standing.BREAKS


def _mean(
    values: Floats, clusters: NDArray[np.intp], level: float, *, share: bool = False
) -> dict[str, float]:
    known = np.isfinite(values)[:, None]
    of, interval = (
        (intervals.shares, intervals.score_interval)
        if share
        else (intervals.means, intervals.student_interval)
    )
    mean = of(values[:, None], known)
    found = interval(mean, clusters, level)
    return {
        "units": int(intervals.patients_with(known, clusters)[0]),
        "mean": float(mean.value[0]),
        "low": float(found.low[0]),
        "high": float(found.high[0]),
    }


def _against(
    values: tuple[Floats, Floats],
    clusters: NDArray[np.intp],
    level: float,
    *,
    share: bool,
) -> tuple[dict[str, float], Verdict]:
    """Of a first value of each image less a second: difference, interval and verdict."""
    apart = values[0] - values[1]
    found = _mean(apart, clusters, level)
    if share:
        known = np.isfinite(apart)[:, None]
        parts = intervals.gains_and_losses(*(of[:, None] for of in values))
        gain, loss = (intervals.shares(part, known) for part in parts)
        between = intervals.difference_interval(gain, loss, clusters, level)
        found["low"], found["high"] = float(between.low[0]), float(between.high[0])
    verdict = Verdict.UNKNOWN
    if found["units"] >= FEWEST:
        same = np.isnan(found["low"])  # the same for all has no interval
        low, high = (found["mean"], found["mean"]) if same else (found["low"], found["high"])
        shown = Verdict.WORSE if high < 0 else Verdict.NEITHER
        verdict = Verdict.BETTER if low > 0 else shown
    ends = {"low": found["low"], "high": found["high"]}
    return {"difference": found["mean"], **ends}, verdict
