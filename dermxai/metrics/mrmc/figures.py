"""Figures of merit of each reader with each treatment, and how they vary together over cases.

To first order a figure of merit is its true value plus a sum of the cases' influences. Of an area
under the ROC curve these are DeLong's placements (DeLong et al. 1988, doi:10.2307/2531595), summed
over the cases of a cluster they are Obuchowski's (1997, doi:10.2307/2533958). The jackknife leaves
out one case, or one cluster, after another, also those that a reader has not seen (Quenouille;
Dorfman, Berbaum & Metz 1992, doi:10.1097/00004424-199209000-00015), so that its number of cases is
that of the whole study. The unbiased covariance is the product of two figures less the mean product
over pairs that share no case (Gallas 2006, doi:10.1016/j.acra.2005.11.030). Of proportions all
three are the same. The bootstrap draws cases anew, within each truth, or whole clusters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from dermxai.metrics.confusion import ratio
from dermxai.metrics.mrmc.ratings import Ratings

Floats = NDArray[np.float64]

DRAWS = 1000
"""Of the bootstrap."""
_BLOCK = 4_000_000  # numbers that are held at once


class Figure(StrEnum):
    """Figures of merit."""

    AUC = "auc"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    ACCURACY = "accuracy"


class Covariance(StrEnum):
    """How covariances of figures of merit are estimated."""

    DELONG = "delong"
    JACKKNIFE = "jackknife"
    UNBIASED = "unbiased"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, eq=False)
class Measured:
    """
    Attributes:
        figures: (t, r) NaN where the reader read too little in the treatment.
        influences: (t, r, c) of each case; 0 where it was not read.
        sides: (s, c) the cases that shares are of: diseased and not, or those that count.
        read: (t, r, c) whether the case counts.
    """

    figures: Floats
    influences: Floats
    sides: NDArray[np.bool_]
    read: NDArray[np.bool_]


def measured(ratings: Ratings, figure: Figure, threshold: float = np.nan) -> Measured:
    """A figure of merit of each reader with each treatment.

    Args:
        ratings: of which the AUC takes the order, ties half (trapezoidal).
        figure: which.
        threshold: of proportions: a case is called diseased where its score is at least that.
    """
    if figure is Figure.AUC:
        return _areas(ratings)
    counting, hits = _outcomes(ratings, figure, threshold)
    read = ratings.read & counting
    count = read.sum(axis=-1)
    values = ratio((hits & read).sum(axis=-1), count)
    deviations = np.where(read, hits - np.nan_to_num(values)[..., None], 0)
    return Measured(values, deviations / np.maximum(count, 1)[..., None], counting[None], read)


def covariance(
    ratings: Ratings,
    figure: Figure,
    method: Covariance,
    threshold: float = np.nan,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """(t, r, t, r) of the figures of merit over draws of cases.

    Args:
        ratings, figure, threshold: see `measured`.
        method: with clusters DeLong's is Obuchowski's, the jackknife leaves out clusters.
        draws, seed: of the bootstrap.

    Raises:
        ValueError: the unbiased covariance of clustered cases, which it does not know.
    """
    shape = ratings.scores.shape[:2]
    if method is Covariance.UNBIASED:
        if ratings.clustered:
            raise ValueError("the unbiased covariance takes cases as independent")
        if figure is Figure.AUC:
            return _unbiased(ratings).reshape(shape * 2)
    if method is Covariance.BOOTSTRAP:
        replicates = reweighted(ratings, figure, _drawn(ratings, draws, seed), threshold)
        flat = replicates.reshape(draws, -1)
        flat = flat - np.nanmean(flat, axis=0)
        known = np.isfinite(flat)
        pairs = known.T.astype(np.float64) @ known
        product = np.nan_to_num(flat).T @ np.nan_to_num(flat)
        return ratio(product, pairs - 1).reshape(shape * 2)
    if method is Covariance.JACKKNIFE and ratings.clustered:
        return _cluster_jackknife(ratings, figure, threshold).reshape(shape * 2)
    found = measured(ratings, figure, threshold)
    if method is Covariance.JACKKNIFE:
        return _case_jackknife(found).reshape(shape * 2)
    return from_influences(found, ratings.clusters)


def from_influences(found: Measured, clusters: NDArray[np.intp]) -> Floats:
    """(t, r, t, r) DeLong's covariance, or Obuchowski's where cases come in clusters (c,): the
    sum of products of influences, each side's by n / (n − 1) of the clusters that it has."""
    shape = found.figures.shape
    whole = int(np.prod(shape))
    total = np.zeros((whole, whole))
    members = [found.read.reshape(whole, -1) & side for side in found.sides]
    sums = [_summed(np.where(side, _flat(found), 0), clusters) for side in members]
    with np.errstate(divide="ignore", invalid="ignore"):
        for part, side in zip(sums, members, strict=True):
            corrected = part * _correction(side, clusters)
            total += corrected @ corrected.T
        if len(sums) > 1:
            either = _correction(np.any(members, axis=0), clusters)
            across = (sums[0] * either) @ (sums[1] * either).T
            total += across + across.T
    undefined = ~np.isfinite(found.figures.ravel())
    total[undefined] = total[:, undefined] = np.nan
    return total.reshape(shape * 2)


def reweighted(
    ratings: Ratings, figure: Figure, weights: Floats, threshold: float = np.nan
) -> Floats:
    """(b, t, r) figures of merit with each case counted so many times, ``weights`` (b, c)."""
    treatments, readers, cases = ratings.scores.shape
    made = np.empty((len(weights), treatments * readers))
    if figure is not Figure.AUC:
        counting, hits = _outcomes(ratings, figure, threshold)
        read = (ratings.read & counting).reshape(-1, cases)
        of = (hits & ratings.read & counting).reshape(-1, cases)
        made[:] = ratio(weights @ of.T, weights @ read.T)
        return made.reshape(-1, treatments, readers)
    for place, score in enumerate(ratings.scores.reshape(-1, cases)):
        seen = np.isfinite(score)
        one, other = seen & ratings.diseased, seen & ~ratings.diseased
        right = _right(score[one], score[other])
        above = ((weights[:, one] @ right) * weights[:, other]).sum(axis=1)
        below = weights[:, one].sum(axis=1) * weights[:, other].sum(axis=1)
        made[:, place] = ratio(above, below)
    return made.reshape(-1, treatments, readers)


def rights(ratings: Ratings) -> Iterator[tuple[Floats, Floats]]:
    """Blocks (a, b, n) of pairs of b diseased cases with all n others: how far each of the a
    readers and treatments ranks them right, ties half, and whether they saw both."""
    cases = ratings.scores.shape[-1]
    flat = ratings.scores.reshape(-1, cases)
    seen = np.isfinite(flat)
    one, other = flat[:, ratings.diseased], flat[:, ~ratings.diseased]
    size = max(1, _BLOCK // max(1, other.size))
    for start in range(0, one.shape[1], size):
        block = one[:, start : start + size]
        both = (
            seen[:, ratings.diseased][:, start : start + size, None]
            & seen[:, ~ratings.diseased][:, None]
        )
        right = (block[:, :, None] > other[:, None]) + 0.5 * (block[:, :, None] == other[:, None])
        yield np.where(both, right, 0), both.astype(np.float64)


def outcomes(ratings: Ratings, figure: Figure, threshold: float) -> tuple[Floats, Floats]:
    """(a, c) whether each of the a readers and treatments is right on a case that counts, and
    whether it was read."""
    counting, hits = _outcomes(ratings, figure, threshold)
    read = ratings.read & counting
    cases = ratings.scores.shape[-1]
    return (
        (hits & read).reshape(-1, cases).astype(np.float64),
        read.reshape(-1, cases).astype(np.float64),
    )


def _areas(ratings: Ratings) -> Measured:
    treatments, readers, cases = ratings.scores.shape
    values = np.full((treatments, readers), np.nan)
    influences = np.zeros(ratings.scores.shape)
    sides = np.stack([ratings.diseased, ~ratings.diseased])
    for place in np.ndindex(treatments, readers):
        score = ratings.scores[place]
        seen = np.isfinite(score)
        one, other = seen & sides[0], seen & sides[1]
        if not one.any() or not other.any():
            continue
        placements = np.zeros(cases)
        ranks = rankdata(score[seen])
        position = np.cumsum(seen) - 1
        placements[one] = (ranks[position[one]] - rankdata(score[one])) / other.sum()
        placements[other] = 1 - (ranks[position[other]] - rankdata(score[other])) / one.sum()
        value = placements[one].mean()
        values[place] = value
        influences[place][one] = (placements[one] - value) / one.sum()
        influences[place][other] = (placements[other] - value) / other.sum()
    return Measured(values, influences, sides, ratings.read)


def _outcomes(
    ratings: Ratings, figure: Figure, threshold: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(c,) which cases a proportion is of, and (t, r, c) where the reader is right."""
    counting = {
        Figure.SENSITIVITY: ratings.diseased,
        Figure.SPECIFICITY: ~ratings.diseased,
        Figure.ACCURACY: np.ones_like(ratings.diseased),
    }[figure]
    return counting, (ratings.scores >= threshold) == ratings.diseased


def _right(one: Floats, other: Floats) -> Floats:
    compared: Floats = (one[:, None] > other) + 0.5 * (one[:, None] == other)
    return compared


def _flat(found: Measured) -> Floats:
    return found.influences.reshape(-1, found.influences.shape[-1])


def _summed(values: Floats, clusters: NDArray[np.intp]) -> Floats:
    """(a, c) summed over each cluster, (a, g)."""
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1), dtype=np.float64)


def _correction(side: NDArray[np.bool_], clusters: NDArray[np.intp]) -> Floats:
    """(a, 1) root of n / (n − 1), of the n clusters with a case of the side (a, c); NaN of one."""
    held = (_summed(side.astype(np.float64), clusters) > 0).sum(axis=1)
    return np.sqrt(ratio(held, held - 1))[:, None]


def _case_jackknife(found: Measured) -> Floats:
    """(a, a) with each case left out once; what a reader has not seen changes nothing."""
    flat = _flat(found)
    changes = np.zeros(flat.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for side in found.sides:
            counted = found.read.reshape(flat.shape) & side
            size = counted.sum(axis=1)[:, None]
            changes += np.where(counted, flat * size / (size - 1), 0)
    cases = int(found.sides.any(axis=0).sum())
    total = (cases - 1) / max(cases, 1) * changes @ changes.T
    undefined = ~np.isfinite(found.figures.ravel())
    total[undefined] = total[:, undefined] = np.nan
    return np.asarray(total)


def _cluster_jackknife(ratings: Ratings, figure: Figure, threshold: float) -> Floats:
    counting = np.ones(ratings.clusters.size, dtype=bool)
    if figure is not Figure.AUC:
        counting = _outcomes(ratings, figure, threshold)[0]
    names = np.unique(ratings.clusters[counting])
    weights = (ratings.clusters != names[:, None]).astype(np.float64)
    left = reweighted(ratings, figure, weights, threshold).reshape(names.size, -1)
    left = left - left.mean(axis=0)
    return np.asarray((names.size - 1) / names.size * left.T @ left)


def _drawn(ratings: Ratings, draws: int, seed: int) -> Floats:
    """(draws, c) how often each case is drawn."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, ratings.clusters.size))
    if ratings.clustered:
        groups = np.unique(ratings.clusters).size
        counts = rng.multinomial(groups, np.full(groups, 1 / groups), draws)
        return counts[:, np.unique(ratings.clusters, return_inverse=True)[1]].astype(np.float64)
    for side in (ratings.diseased, ~ratings.diseased):
        size = int(side.sum())
        if size:
            weights[:, side] = rng.multinomial(size, np.full(size, 1 / size), draws)
    return weights


def _unbiased(ratings: Ratings) -> Floats:
    values, pairs = pair_sums(ratings)
    areas = measured(ratings, Figure.AUC).figures.ravel()
    apart = ratio(values[0], pairs[0])
    shared = pairs[1:].sum(axis=0) > 0
    return np.where(shared, np.outer(areas, areas) - apart, 0 * np.outer(areas, areas))


def pair_sums(ratings: Ratings) -> tuple[Floats, Floats]:
    """Sums of products of what two of the a readers and treatments rank right, and how many
    products, (4, a, a) each: over pairs of pairs of cases that share neither case, the diseased
    alone, the other alone, both."""
    size = int(np.prod(ratings.scores.shape[:2]))
    healthy = int((~ratings.diseased).sum())
    totals, columns = [np.zeros(size), np.zeros(size)], [np.zeros((size, healthy))] * 2
    rows, cells = [np.zeros((size, size))] * 2, [np.zeros((size, size))] * 2
    for block in rights(ratings):
        for which, values in enumerate(block):
            flat = values.reshape(size, -1)
            of_row = values.sum(axis=2)
            totals[which] = totals[which] + of_row.sum(axis=1)
            columns[which] = columns[which] + values.sum(axis=1)
            rows[which] = rows[which] + of_row @ of_row.T
            cells[which] = cells[which] + flat @ flat.T
    made = []
    for total, column, row, cell in zip(totals, columns, rows, cells, strict=True):
        along = column @ column.T
        made.append(
            np.stack([np.outer(total, total) - row - along + cell, row - cell, along - cell, cell])
        )
    return made[0], made[1]
