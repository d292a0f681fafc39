"""Decision curves: the net benefit of acting on a class at a threshold of its probability.

Whoever acts from a probability p on takes p / (1 − p) false alarms as worth one image found. Net
benefit is the share of images found less that of false alarms at this rate (Vickers & Elkin 2006,
doi:10.1177/0272989X06295361); acting on all images, or on none (0), is what it is compared with.
It is sensitivity · prevalence − (1 − specificity) · (1 − prevalence) · rate, at the prevalence of
the images or at another, which is taken as known: intervals, Newcombe's over patients
(`intervals`), are of sensitivity and specificity, and pointwise.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.calibration import check

Floats = NDArray[np.float64]

THRESHOLDS = np.arange(1, 100) / 100
"""Probabilities from which on one acts."""


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """
    Attributes:
        table: a row a threshold: ``threshold``, ``net_benefit`` with ``low`` and ``high``,
            ``act_on_all``, and ``over_all`` (net benefit less that of acting on all) with
            ``over_all_low`` and ``over_all_high``. NaN where undefined.
        prevalence: that it is told at.
        useful: (u, 2) first and last threshold of each range in which the intervals of the net
            benefit and of what it adds to acting on all lie above 0.
    """

    table: pd.DataFrame
    prevalence: float
    useful: Floats


def decision_curve(
    member: NDArray[np.bool_],
    probabilities: Floats,
    clusters: NDArray[np.intp],
    level: float,
    *,
    prevalence: float | None = None,
    thresholds: Floats = THRESHOLDS,
) -> DecisionCurve:
    """
    Args:
        member: (n,) whether each image is of the class.
        probabilities: (n,) of the class.
        clusters: (n,) of `intervals.cluster_index`.
        level: of the intervals.
        prevalence: of the class, between 0 and 1; that of the images if not given.
        thresholds: (t,) between 0 and 1.

    Raises:
        InputError: a probability, the prevalence or a threshold is none.
    """
    check(probabilities)
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"A prevalence of {prevalence} came; it lies between 0 and 1.")
    if not ((thresholds > 0) & (thresholds < 1)).all():
        raise InputError("A threshold came that is not between 0 and 1; no rate of errors fits it.")
    known = member.mean() if prevalence is None and member.size else prevalence or np.nan
    of, against = known, (1 - known) * thresholds / (1 - thresholds)
    called = probabilities[:, None] >= thresholds  # (n, t)
    own, rest = (np.broadcast_to(side[:, None], called.shape) for side in (member, ~member))
    hits, misses = (intervals.shares(each, own) for each in (called, ~called))
    alarms, rejected = (intervals.shares(each, rest) for each in (called, ~called))
    benefit = of * hits.value - against * alarms.value
    over = against * rejected.value - of * misses.value
    found, more = (
        intervals.difference_interval(*parts, clusters, level, weights=weights)
        for parts, weights in (
            ((hits, alarms), (of, against)),
            ((rejected, misses), (against, of)),
        )
    )
    table = pd.DataFrame(
        {
            "threshold": thresholds,
            "net_benefit": benefit,
            "low": found.low,
            "high": found.high,
            "act_on_all": of - against,
            "over_all": over,
            "over_all_low": more.low,
            "over_all_high": more.high,
        }
    )
    return DecisionCurve(table, float(known), _ranges(thresholds, (found.low > 0) & (more.low > 0)))


def _ranges(thresholds: Floats, useful: NDArray[np.bool_]) -> Floats:
    """(u, 2) ends of the runs of thresholds that are ``useful`` (t,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], useful, [False]])))
    starts, stops = edges[::2], edges[1::2] - 1
    return np.column_stack([thresholds[starts], thresholds[stops]])
