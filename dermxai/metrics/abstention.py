"""Abstention: how many errors are left where a classifier predicts only what it is sure of.

Images are kept from the highest confidence down, the highest probability of their classes; the risk
is the share of errors among those that are kept (risk–coverage curve; El-Yaniv & Wiener 2010;
Geifman & El-Yaniv 2017, arXiv:1705.08500). Equally confident images are kept or left together.
Intervals are Wilson's over patients (`intervals`), of the images kept at a threshold, pointwise.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]

SHARES = np.arange(1, 101) / 100
"""Of the images that are kept at least."""


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """
    Attributes:
        table: a row a share of `SHARES`: ``at_least`` (the share), ``threshold`` (lowest confidence
            that is kept), ``images`` and ``kept`` (share of all), ``risk`` (share of errors among
            them) with ``low`` and ``high``.
        area: under the risk–coverage curve, the mean risk over all numbers of images kept; NaN
            without images.
        area_best: the same where all errors were the least confident; what no order undercuts.
    """

    table: pd.DataFrame
    area: float
    area_best: float


def risk_coverage(
    right: NDArray[np.bool_], confidence: Floats, clusters: NDArray[np.intp], level: float
) -> RiskCoverage:
    """
    Args:
        right: (n,) whether each image's prediction is right.
        confidence: (n,) finite, higher where the classifier is surer.
        clusters: (n,) of `intervals.cluster_index`.
        level: of the intervals.

    Raises:
        InputError: a confidence is no finite number.
    """
    if not np.isfinite(confidence).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(confidence))} of {confidence.size} confidences are no "
            "finite numbers; infer again, or check the table."
        )
    least = np.sort(confidence)[::-1]
    number = np.ceil(SHARES * right.size - 1e-9).astype(int) - 1
    threshold = least[number] if right.size else np.full(SHARES.size, np.nan)
    member = confidence[:, None] >= threshold  # (n, c)
    shares = intervals.shares(~right[:, None] & np.ones_like(member), member)
    found = intervals.score_interval(shares, clusters, level)
    images = member.sum(axis=0)
    table = pd.DataFrame(
        {
            "at_least": SHARES,
            "threshold": threshold,
            "images": images,
            "kept": ratio(images, right.size),
            "risk": shares.value,
            "low": found.low,
            "high": found.high,
        }
    )
    kept = np.arange(1, right.size + 1)
    best = np.maximum(kept - right.sum(), 0) / kept
    return RiskCoverage(
        table, _area(right, confidence), float(best.mean()) if right.size else float("nan")
    )


def _area(right: NDArray[np.bool_], confidence: Floats) -> float:
    """Mean over the images of the risk with all that are as sure or surer."""
    if not right.size:
        return float("nan")
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), right.size - 1)
    risk = np.cumsum(~right[order])[ends] / (ends + 1)
    return float(np.repeat(risk, np.diff(ends, prepend=-1)).mean())
