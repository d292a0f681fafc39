"""Confidence intervals of areas under ROC curves when images come in clusters (patients).

Each image's placement is the share of the other side that it ranks right against. Placements are
summed over each patient before they are squared, as in Obuchowski 1997 (doi:10.2307/2533958); with
one image a patient this is DeLong et al. 1988 (doi:10.2307/2531595). Placements come from ranks
(Sun & Xu 2014, doi:10.1109/LSP.2014.2337313). The interval is normal on the logit scale, so it
stays between 0 and 1. An area of exactly 0 or 1, or one that rests on fewer than two patients on
either side, has none: NaN.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]


def influence(positive: NDArray[np.bool_], scores: Floats, clusters: NDArray[np.intp]) -> Floats:
    """What each cluster adds to the error of the area under a ROC curve.

    Args:
        positive: (n,) whether each sample belongs to the class.
        scores: (n,) finite, higher for members; equal ones tie.
        clusters: (n,) index of each sample's cluster, from 0 without gaps.

    Returns:
        (clusters,) of which the sum of squares is the variance of the area (Obuchowski 1997, with
        each side's correction m / (m − 1) for its m clusters); not finite where a side rests on one
        cluster.
    """
    ranks = _ranks(scores)
    n_clusters = int(clusters.max(initial=-1)) + 1
    sides: list[Floats] = []
    for side in (positive, ~positive):
        among = ranks[side] - _ranks(scores[side])  # of the other side below, ties half
        error = np.zeros(positive.size)
        error[side] = ratio(among - among.mean(), side.sum() * (~side).sum()) if side.any() else 0
        holding = np.count_nonzero(np.bincount(clusters[side], minlength=n_clusters))
        correction = np.sqrt(ratio(holding, holding - 1))
        sides.append(correction * np.bincount(clusters, weights=error, minlength=n_clusters))
    above, below = sides
    return above - below


def interval(auc: float, influence: Floats, level: float) -> tuple[float, float]:
    """Interval of an area, or of a mean of areas, normal on the logit scale.

    The error is carried to that scale by the delta method, divided by a (1 − a) (Pepe 2003, The
    statistical evaluation of medical tests for classification and prediction, chapter 5).

    Args:
        auc: the area, or the mean of several.
        influence: (clusters,) of `influence`, or its mean over the same areas.
        level: of the interval, 0.95 say.

    Returns:
        Both ends, NaN where the area is 0, 1 or undefined or its error is 0 or not finite.
    """
    error = float(np.sqrt(np.sum(influence**2)))
    if not (0 < auc < 1 and 0 < error < np.inf):
        return np.nan, np.nan
    reach = ndtri((1 + level) / 2) * error / (auc * (1 - auc))
    return float(expit(logit(auc) - reach)), float(expit(logit(auc) + reach))


def _ranks(scores: Floats) -> Floats:
    """From 1 on, equal scores share their mean rank."""
    return np.asarray(pd.Series(scores).rank(), dtype=np.float64)
