"""ROC and precision-recall curves with pointwise bands, one-vs-rest.

Curves are averaged vertically: sensitivity at a false positive rate, precision at a recall. What
they vary by comes from a bootstrap that draws whole patients (Rutter 2000,
doi:10.1016/S1076-6332(00)80381-5): thresholds are found anew in each replicate, so that a band
holds what a threshold's choice adds. Percentiles of replicates are too narrow of few patients and
where a curve touches 1, so their variance goes into Wilson's score interval (`intervals`), which
takes the larger of it and its own at a fixed threshold. Bands are pointwise: each point is held
with the level, the whole curve with less.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.partial_area import FEWEST_OF_TAIL

Floats = NDArray[np.float64]

REPLICATES = 2000
GRID = np.linspace(0, 1, 101)
"""False positive rates and recalls at which bands have points."""
FEWEST_ALARMED = 0.8
"""Effective patients of the rest that a false positive rate must hold for a band: with fewer the
curve is the luck of one patient."""
_CELLS = 2**20  # of a block of replicates: images times replicates
_THREADS = 2
_SEED = 0
_ROUNDED = 1e-9
_ODDS = 0.01


@dataclass(frozen=True, eq=False)
class Band:
    """A curve at the points of `GRID`.

    Attributes:
        x: (g,) false positive rate, or recall.
        y: (g,) sensitivity, or precision; NaN without images of the class or of the rest.
        low, high: (g,) ends of the interval of y; NaN where there is none.
    """

    x: Floats
    y: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Bands:
    """
    Attributes:
        roc: sensitivity at false positive rates.
        precision_recall: precision at recalls above 0.
        replicates: that were drawn.
    """

    roc: Band
    precision_recall: Band
    replicates: int


def bands(
    member: NDArray[np.bool_],
    scores: Floats,
    clusters: NDArray[np.intp],
    level: float,
    *,
    replicates: int = REPLICATES,
) -> list[Bands]:
    """The bands of k classes, from the same replicates.

    Args:
        member: (n, k) whether each image is of each class.
        scores: (n, k) finite, higher for members; equal ones tie.
        clusters: (n,) index of each image's patient.
        level: of the intervals.
        replicates: to draw.

    Raises:
        InputError: a score is no finite number.
    """
    if not np.isfinite(scores).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(scores))} of {scores.size} scores are no finite "
            "numbers; they cannot be ranked."
        )
    ranked = [_Ranked.of(*of) for of in zip(member.T, scores.T, strict=True)]
    spread = _variances(ranked, clusters, replicates)
    return [
        _bands(each, variances, clusters, level, replicates)
        for each, variances in zip(ranked, spread, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The images of the class and of the rest, each from the highest score to the lowest, and the
    t corners of the curves, which stand after each group of equal scores and before the first.

    Attributes:
        own, rest: (p,) and (n − p,) indices of the images.
        hits, alarms: (t,) how many of each lie above a corner.
    """

    own: NDArray[np.intp]
    rest: NDArray[np.intp]
    hits: NDArray[np.intp]
    alarms: NDArray[np.intp]

    @classmethod
    def of(cls, member: NDArray[np.bool_], score: Floats) -> "_Ranked":
        order = np.argsort(-score, kind="stable")
        ranked, own = score[order], member[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: ranked.size])
        hits = np.concatenate([[0], np.cumsum(own)[ends]])
        return cls(order[own], order[~own], hits, np.concatenate([[0], ends + 1]) - hits)

    @property
    def both(self) -> bool:
        """Whether there are images of the class and of the rest."""
        return bool(self.own.size and self.rest.size)


def _curves(ranked: _Ranked, weights: NDArray[np.int16]) -> tuple[Floats, Floats]:
    """(b, g) sensitivities and precisions on the grid, where each image counts as often as its
    weight (b, n) says; NaN where a replicate lacks the class or the rest."""
    own, rest = (_cumulated(weights, of) for of in (ranked.own, ranked.rest))
    of, others = own[:, -1:], rest[:, -1:]
    with_both = ((of > 0) & (others > 0))[:, 0]
    most = np.floor(GRID * others + _ROUNDED).astype(np.int32)  # alarms
    fewest = np.maximum(np.ceil(GRID * of - _ROUNDED), 1).astype(np.int32)  # hits
    taken, needed = np.zeros((2, len(weights), GRID.size), dtype=np.intp)
    for row in np.flatnonzero(with_both):
        taken[row] = np.searchsorted(rest[row], most[row], side="right") - 1
        needed[row] = np.searchsorted(own[row], fewest[row], side="left")

    def at(corner: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        hits: NDArray[np.int32] = np.take_along_axis(own, ranked.hits[corner], axis=1)
        alarms: NDArray[np.int32] = np.take_along_axis(rest, ranked.alarms[corner], axis=1)
        return hits, alarms

    last = np.searchsorted(ranked.alarms, taken, side="right") - 1
    hits, alarms = at(last)
    next_hits, next_alarms = at(np.minimum(last + 1, ranked.hits.size - 1))
    part = np.nan_to_num(ratio(GRID * others - alarms, next_alarms - alarms)).clip(0, 1)
    sensitivity = ratio(hits + part * (next_hits - hits), of)
    hits, alarms = at(np.searchsorted(ranked.hits, needed, side="left"))
    precision = ratio(hits, hits + alarms)
    precision[:, 0] = np.nan  # at a recall of 0 there is none
    sensitivity[~with_both], precision[~with_both] = np.nan, np.nan
    return sensitivity, precision


def _cumulated(weights: NDArray[np.int16], images: NDArray[np.intp]) -> NDArray[np.int32]:
    """(b, i + 1) weights added up over the images (i,), from 0 on."""
    sums = np.zeros((len(weights), images.size + 1), dtype=np.int32)
    np.cumsum(np.take(weights, images, axis=1), axis=1, out=sums[:, 1:])
    return sums


def _variances(
    ranked: Sequence[_Ranked], clusters: NDArray[np.intp], replicates: int
) -> list[tuple[Floats, Floats]]:
    """(g,) variances of sensitivity and precision over replicates, of each class."""
    count = int(clusters.max(initial=-1)) + 1
    random = np.random.default_rng(_SEED)
    size = max(1, _CELLS // max(clusters.size, 1))
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in ranked]
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, replicates if count else 0, size):
            drawn = min(size, replicates - start)
            picked = random.integers(0, count, (drawn, count)) + np.arange(drawn)[:, None] * count
            times = np.bincount(picked.ravel(), minlength=drawn * count).reshape(drawn, count)
            weights = times.astype(np.int16)[:, clusters]
            made = pool.map(partial(_curves, weights=weights), ranked)
            for parts, part in zip(found, made, strict=True):
                parts.append(part)
    return [_variance(parts) for parts in found]


def _variance(parts: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Of both curves, over replicates; 0 where fewer than two have a curve."""
    if not parts:
        return np.zeros(GRID.size), np.zeros(GRID.size)
    sensitivity, precision = (np.vstack(of) for of in zip(*parts, strict=True))
    return _over_replicates(sensitivity), _over_replicates(precision)


def _over_replicates(drawn: Floats) -> Floats:
    known = np.isfinite(drawn)
    times = known.sum(axis=0)
    mean = ratio(np.where(known, drawn, 0).sum(axis=0), times)
    squares = np.where(known, drawn - mean, 0) ** 2
    return np.nan_to_num(ratio(squares.sum(axis=0), times - 1))


def _bands(
    ranked: _Ranked,
    variances: tuple[Floats, Floats],
    clusters: NDArray[np.intp],
    level: float,
    replicates: int,
) -> Bands:
    if not ranked.both:
        nothing = np.full(GRID.size, np.nan)
        empty = Band(GRID, nothing, nothing, nothing)
        return Bands(empty, empty, replicates)
    images = np.concatenate([ranked.own, ranked.rest])
    own = (np.arange(images.size) < ranked.own.size)[:, None]
    patients, every = clusters[images], np.ones(GRID.size, dtype=bool)
    once = np.ones((1, images.size), dtype=np.int16)
    (sensitivity,), (precision,) = _curves(ranked, once)
    on_roc, on_recall = _chosen(ranked)
    estimates = (
        _at_false_positive_rates(on_roc, own[:, 0], sensitivity),
        replace(intervals.shares(own & every, on_recall), value=precision),
    )
    fewest = intervals.patients_with(np.hstack([own, ~own]), patients).min()
    alarmed = _effective(patients[~own[:, 0]]) * GRID
    none = (
        (fewest < intervals.FEWEST) | (alarmed < FEWEST_ALARMED),
        np.full(GRID.size, fewest < FEWEST_OF_TAIL),
    )
    found: list[Band] = []
    for each, variance, lacking in zip(estimates, variances, none, strict=True):
        low, high, _ = intervals.score_interval(each, patients, level, least=variance)
        low, high = (np.where(lacking, np.nan, end) for end in (low, high))
        found.append(Band(GRID, each.value, low, high))
    roc, precision_recall = found
    return Bands(roc, precision_recall, replicates)


def _effective(clusters: NDArray[np.intp]) -> float:
    """Patients of equal size that tell as much (Kish 1965)."""
    images = np.bincount(clusters)
    return float(images.sum() ** 2 / (images**2).sum())


def _at_false_positive_rates(
    chosen: NDArray[np.bool_], own: NDArray[np.bool_], sensitivity: Floats
) -> Estimates:
    """(g,) sensitivities whose thresholds lie where they do by chance, too: an image of the rest
    moves its threshold, and the sensitivity by the slope of the curve.

    Args:
        chosen: (n, g) whether each image lies at or above each point's threshold.
        own: (n,) whether it is of the class.
        sensitivity: (g,)
    """
    every = np.ones(GRID.size, dtype=bool)
    hits = intervals.shares(chosen, own[:, None] & every)
    alarms = intervals.shares(chosen, ~own[:, None] & every)
    width = max(np.count_nonzero(~own) ** (-1 / 3) / 2, GRID[1])
    before, after = ((GRID + step).clip(0, 1) for step in (-width, width))
    rise = np.interp(after, GRID, sensitivity) - np.interp(before, GRID, sensitivity)
    slope = rise / (after - before)
    odds = ratio(GRID * (1 - GRID), np.maximum(sensitivity * (1 - sensitivity), _ODDS))
    return Estimates(
        sensitivity,
        hits.influences - slope * alarms.influences,
        np.concatenate([hits.sides, alarms.sides], axis=1),
        np.concatenate([hits.scale, slope**2 * odds * alarms.scale]),
        1.0,
        intervals.FEWEST,
    )


def _chosen(ranked: _Ranked) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n, g) which images lie at or above the threshold of each point of the ROC and of the
    precision-recall curve; those of the class first, each side from the highest score on."""
    rest, of = ranked.alarms[-1], ranked.hits[-1]
    last = np.searchsorted(ranked.alarms, GRID * rest + _ROUNDED, side="right") - 1
    first = np.searchsorted(ranked.hits, np.maximum(GRID * of - _ROUNDED, 1), side="left")
    rank = np.concatenate([np.arange(of), np.arange(rest)])[:, None]
    own = (np.arange(of + rest) < of)[:, None]
    on_roc, on_recall = (
        rank < np.where(own, ranked.hits[corner], ranked.alarms[corner]) for corner in (last, first)
    )
    return on_roc, on_recall
