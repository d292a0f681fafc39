"""Agreement of raters beyond chance: Cohen's, Fleiss', Conger's, Brennan and Prediger's, Gwet's and
Krippendorff's coefficients.

Each is a function of statistics that add up over cases. So it is computed of all cases, and again
without each cluster of them (a patient, say): the jackknife gives the standard error whatever the
coefficient, with as many clusters less one as degrees of freedom of Student's t. Independent cases
have the analytic errors of Fleiss, Cohen and Everitt (1969, doi:10.1037/h0028106) and of Gwet
(2008, doi:10.1348/000711006X126600), too. The interval is taken of arctanh, which keeps it below 1.

Errors under the hypothesis of no agreement (``null_error``) are for the test of 0 alone, and
far too small or large for intervals and comparisons.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtrit

from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]
Coefficient = Callable[[Floats], Floats]
"""Values (...) of statistics (..., s) that were summed over cases."""

MODERATE, GOOD = 0.40, 0.75
"""Where agreement with the reference is called moderate, and good (Zhu et al. 2021,
doi:10.3389/fmed.2021.626369, after Fleiss)."""
FEWEST = 5
"""Clusters of cases that an interval needs."""
DRAWS = 2000


class Band(StrEnum):
    """How kappa is called."""

    POOR = "poor"
    MODERATE = "moderate"
    GOOD = "good"


class Scale(StrEnum):
    """How far two answers differ, to Krippendorff's alpha."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


@dataclass(frozen=True)
class Agreement:
    """
    Attributes:
        value: NaN where all answers are the same.
        error: standard error.
        low, high: interval; NaN where there are too few clusters.
        null_error: where there is no agreement; NaN where there is no formula.
    """

    value: float
    error: float
    low: float
    high: float
    null_error: float = np.nan


@dataclass(frozen=True)
class Difference:
    """Of two coefficients.

    Attributes:
        value: the first less the second.
        low, high: interval.
        p: two-sided.
    """

    value: float
    low: float
    high: float
    p: float


def band(kappa: float) -> Band | None:
    """How kappa is called; None where it is undefined."""
    if np.isnan(kappa):
        return None
    if kappa < MODERATE:
        return Band.POOR
    return Band.GOOD if kappa > GOOD else Band.MODERATE


def cohen(table: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.95) -> Agreement:
    """Kappa of two raters of independent cases (Cohen 1960, doi:10.1177/001316446002000104), with
    an analytic interval, value ± z · error: of a handful of cases its ends may leave −1 to 1, those
    of `estimated` do not.

    Args:
        table: (k, k) cases by the first and the second rater's answer.
        weights: (k, k) of agreement, 1 on the diagonal; none: all other answers disagree alike.
        level: of the interval.
    """
    counted = np.asarray(table, dtype=np.float64)
    weight = np.eye(len(counted)) if weights is None else np.asarray(weights, dtype=np.float64)
    n = counted.sum()
    shares = ratio(counted, n)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    chance = float(rows @ weight @ columns)
    value = float(ratio((weight * shares).sum() - chance, 1 - chance))
    margins = (weight @ columns)[:, None] + rows @ weight
    scale = n * (1 - chance) ** 2
    spread = (shares * (weight - margins * (1 - value)) ** 2).sum()
    error = _root(ratio(spread - (value - chance * (1 - value)) ** 2, scale))
    none = (np.outer(rows, columns) * (weight - margins) ** 2).sum() - chance**2
    reach = float(ndtri((1 + level) / 2)) * error
    return Agreement(value, error, value - reach, value + reach, _root(ratio(none, scale)))


def linear_weights(classes: int) -> Floats:
    """(k, k) of agreement by the distance of ordered answers."""
    place = np.arange(classes)
    return np.asarray(1 - np.abs(place[:, None] - place) / max(classes - 1, 1))


def difference(first: Agreement, second: Agreement, *, level: float = 0.95) -> Difference:
    """Of coefficients of independent cases, by a normal score; too careful where cases are shared,
    for which see `paired_difference`."""
    value = first.value - second.value
    error = float(np.hypot(first.error, second.error))
    reach = float(ndtri((1 + level) / 2)) * error
    p = float(2 * ndtr(-abs(ratio(value, error))))
    return Difference(value, value - reach, value + reach, p)


def kappa(statistics: Floats) -> Floats:
    """Cohen's kappa of `pair_statistics` that were summed."""
    rows, columns = np.split(statistics[..., 1:], 2, axis=-1)
    n, chance = rows.sum(axis=-1), (rows * columns).sum(axis=-1)
    return ratio(statistics[..., 0] * n - chance, n**2 - chance)


def pair_statistics(
    first: NDArray[np.intp], second: NDArray[np.intp], classes: int
) -> NDArray[np.float64]:
    """(n, 2 k + 1) of two raters' answers (n,): whether they agree, which is the first's, and which
    the second's; nothing where one is missing (negative)."""
    made = np.zeros((first.size, 2 * classes + 1))
    known = np.flatnonzero((first >= 0) & (second >= 0))
    made[known, 0] = first[known] == second[known]
    made[known, 1 + first[known]] = 1
    made[known, 1 + classes + second[known]] = 1
    return made


def fleiss_statistics(counts: ArrayLike) -> Floats:
    """(n, k + 3) of how many raters gave each answer to each case, ``counts`` (n, k): agreement,
    whether two raters answered, whether one did, and shares of answers."""
    given = np.asarray(counts, dtype=np.float64)
    raters = given.sum(axis=1)
    agreed = np.nan_to_num(ratio((given * (given - 1)).sum(axis=1), raters * (raters - 1)))
    shares = np.nan_to_num(ratio(given, raters[:, None]))
    return np.column_stack([agreed, raters > 1, raters > 0, shares])


def fleiss(statistics: Floats) -> Floats:
    """Fleiss' kappa (1971, doi:10.1037/h0031619) of `fleiss_statistics`, with Gwet's use of cases
    that few have answered."""
    agreed, shares = _agreed(statistics)
    chance = np.square(shares).sum(axis=-1)
    return ratio(agreed - chance, 1 - chance)


def ac1(statistics: Floats) -> Floats:
    """Gwet's AC1 (2008, doi:10.1348/000711006X126600) of `fleiss_statistics`: agreement by chance
    is small where one answer is frequent, so that it does not fall as kappa does."""
    agreed, shares = _agreed(statistics)
    chance = ratio((shares * (1 - shares)).sum(axis=-1), shares.shape[-1] - 1)
    return ratio(agreed - chance, 1 - chance)


def brennan_prediger(statistics: Floats) -> Floats:
    """Brennan and Prediger's coefficient (1981, doi:10.1177/001316448104100307) of
    `fleiss_statistics`: by chance all answers are alike."""
    agreed, shares = _agreed(statistics)
    chance = 1 / shares.shape[-1]
    return np.asarray((agreed - chance) / (1 - chance))


def _agreed(statistics: Floats) -> tuple[Floats, Floats]:
    """Share of pairs of raters who agree (...), and of answers (..., k)."""
    return (
        ratio(statistics[..., 0], statistics[..., 1]),
        ratio(statistics[..., 3:], statistics[..., 2:3]),
    )


def conger_statistics(answers: NDArray[np.intp], classes: int) -> Floats:
    """(n, 2 + r · k) of the answers (r, n) of raters, negative where one is missing: agreement,
    whether two raters answered, and who gave which."""
    given = answers[:, :, None] == np.arange(classes)  # (r, n, k)
    both = fleiss_statistics(given.sum(axis=0))[:, :2]
    return np.hstack([both, given.transpose(1, 0, 2).reshape(answers.shape[1], -1)])


def conger(raters: int) -> Coefficient:
    """Conger's kappa (1980, doi:10.1037/0033-2909.88.2.322) of `conger_statistics`: Cohen's of
    several raters, each with an own frequency of answers, with Gwet's use of missing ones."""

    def coefficient(statistics: Floats) -> Floats:
        agreed = ratio(statistics[..., 0], statistics[..., 1])
        given = statistics[..., 2:].reshape(*statistics.shape[:-1], raters, -1)
        shares = ratio(given, given.sum(axis=-1, keepdims=True))
        if raters < 2:
            return np.full_like(agreed, np.nan)
        apart = shares.var(axis=-2, ddof=1) / raters
        chance = (np.square(shares.mean(axis=-2)) - apart).sum(axis=-1)
        return ratio(agreed - chance, 1 - chance)

    return coefficient


def fleiss_kappa(counts: ArrayLike, *, level: float = 0.95) -> Agreement:
    """Fleiss' kappa of independent cases with Gwet's analytic interval; the error without agreement
    is that of Fleiss, Nee and Landis (1979, doi:10.1037/0033-2909.86.5.974), where each case has
    as many raters.

    Args:
        counts: (n, k) how many raters gave each answer to each case.
        level: of the interval.
    """
    given = _answered(counts)
    raters = given.sum(axis=1)
    shares = ratio(given, raters[:, None])
    frequency = ratio(shares.sum(axis=0), len(shares))
    found = _linearised(given, fleiss, shares @ frequency, level)
    return replace(found, null_error=_null_fleiss(frequency, raters))


def gwet_ac1(counts: ArrayLike, *, level: float = 0.95) -> Agreement:
    """`ac1` of independent cases with Gwet's analytic interval.

    Args:
        counts: (n, k) how many raters gave each answer to each case.
        level: of the interval.
    """
    given = _answered(counts)
    shares = ratio(given, given.sum(axis=1)[:, None])
    rarity = 1 - ratio(shares.sum(axis=0), len(shares))
    return _linearised(given, ac1, ratio(shares @ rarity, given.shape[1] - 1), level)


def _answered(counts: ArrayLike) -> Floats:
    given: Floats = np.asarray(counts, dtype=np.float64)
    answered: Floats = given[given.sum(axis=1) > 0]
    return answered


def _linearised(
    given: Floats, coefficient: Coefficient, by_chance: Floats, level: float
) -> Agreement:
    """With the standard error of the cases' influences (Gwet 2008), value ± t · error as for
    `cohen`; ``by_chance`` (n,) are the cases' parts of the agreement by chance, whose mean that is.
    """
    statistics = fleiss_statistics(given)
    value = float(coefficient(statistics.sum(axis=0)))
    n, usable = len(given), given.sum(axis=1) > 1
    chance = float(by_chance.mean()) if n else np.nan
    own = np.where(usable, ratio(statistics[:, 0] - chance, 1 - chance), 0)
    own = own * ratio(n, usable.sum()) - 2 * (1 - value) * ratio(by_chance - chance, 1 - chance)
    error = _root(ratio(np.square(own - value).sum(), n * (n - 1)))
    reach = float(stdtrit(max(n - 1, 1), (1 + level) / 2)) * error
    return Agreement(value, error, value - reach, value + reach)


def _null_fleiss(shares: Floats, raters: Floats) -> float:
    if not raters.size or (raters != raters[0]).any():
        return np.nan
    both, m = shares * (1 - shares), raters[0]
    whole = both.sum()
    inner = whole**2 - (both * (1 - 2 * shares)).sum()
    return _root(ratio(2 * inner, raters.size * m * (m - 1) * whole**2))


def coincidences(counts: ArrayLike) -> Floats:
    """(n, k · k) coincidences of answers that each case adds, of ``counts`` (n, k) raters who gave
    each answer; nothing where fewer than two answered."""
    given = np.asarray(counts, dtype=np.float64)
    raters = given.sum(axis=1)
    pairs = given[:, :, None] * given[:, None] - given[:, :, None] * np.eye(given.shape[1])
    made = np.nan_to_num(ratio(pairs, (raters - 1)[:, None, None]))
    return np.where(raters[:, None] > 1, made.reshape(len(given), -1), 0)


def krippendorff(scale: Scale = Scale.NOMINAL, values: ArrayLike | None = None) -> Coefficient:
    """Alpha (Krippendorff 2004, doi:10.1111/j.1468-2958.2004.tb00738.x) of `coincidences`.

    Args:
        scale: how far two answers differ.
        values: (k,) of the answers, ascending; 1, 2, … where none are given.
    """

    def alpha(statistics: Floats) -> Floats:
        size = round(statistics.shape[-1] ** 0.5)
        number = np.arange(1.0, size + 1) if values is None else np.asarray(values, np.float64)
        found = statistics.reshape(*statistics.shape[:-1], size, size)
        totals = found.sum(axis=-1)
        apart = _distances(scale, number, totals)
        expected = totals[..., :, None] * totals[..., None, :]
        seen = (found * apart).sum(axis=(-2, -1)) * (totals.sum(axis=-1) - 1)
        return 1 - ratio(seen, (expected * apart).sum(axis=(-2, -1)))

    return alpha


def _distances(scale: Scale, values: Floats, totals: Floats) -> Floats:
    """(..., k, k) squared."""
    if scale is Scale.NOMINAL:
        return 1 - np.eye(values.size)
    if scale is Scale.ORDINAL:
        rank = np.cumsum(totals, axis=-1) - totals / 2
        return np.asarray((rank[..., :, None] - rank[..., None, :]) ** 2)
    apart = values[:, None] - values
    if scale is Scale.RATIO:
        apart = np.nan_to_num(ratio(apart, values[:, None] + values))
    return np.asarray(apart**2)


def estimated(
    statistics: Floats,
    coefficient: Coefficient,
    clusters: NDArray[np.intp],
    *,
    level: float = 0.95,
) -> Agreement:
    """A coefficient with an interval that knows which cases are alike.

    Args:
        statistics: (n, s) of each case.
        coefficient: of their sum.
        clusters: (n,) index of the patient of each case, or of whatever is independent.
        level: of the interval.
    """
    by_cluster = _by_cluster(statistics, clusters)
    value = float(coefficient(by_cluster.sum(axis=0)))
    groups = len(by_cluster)
    if groups < FEWEST or np.isnan(value):
        return Agreement(value, np.nan, np.nan, np.nan)
    left = coefficient(by_cluster.sum(axis=0) - by_cluster)
    left = left[np.isfinite(left)]
    error = _root((groups - 1) / groups * np.square(left - left.mean()).sum())
    return Agreement(value, error, *_within_one(value, error, groups - 1, level))


def _within_one(value: float, error: float, freedom: int, level: float) -> tuple[float, float]:
    """Ends of the interval, taken of arctanh."""
    if abs(value) >= 1:
        return np.nan, np.nan
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error / (1 - value**2)
    middle = np.arctanh(value)
    return float(np.tanh(middle - reach)), float(np.tanh(middle + reach))


def paired_difference(
    first: Iterable[Floats],
    second: Iterable[Floats],
    coefficient: Coefficient,
    clusters: NDArray[np.intp],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Difference:
    """Difference of two means of coefficients of the same cases, by bootstrap of clusters.

    Args:
        first, second: (n, s) statistics of each case, one or more raters'.
        coefficient: of each rater's sum; their mean is compared.
        clusters: (n,) see `estimated`.
        level: of the percentile interval.
        draws, seed: of the bootstrap.

    Returns:
        The first less the second. p is twice the share of draws beyond 0, one added to both.
    """
    groups = int(np.unique(clusters).size)
    rng = np.random.default_rng(seed)
    weights = np.ones((draws + 1, groups))  # the first: as they are
    weights[1:] = rng.multinomial(groups, np.full(groups, 1 / groups), draws)
    means = [
        np.mean([coefficient(weights @ _by_cluster(rater, clusters)) for rater in side], axis=0)
        for side in (first, second)
    ]
    value, *rest = (means[0] - means[1]).tolist()
    drawn = np.array(rest)[np.isfinite(rest)]
    if groups < FEWEST or not drawn.size:
        return Difference(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(2 * (tail + 1) / (drawn.size + 1), 1.0)
    return Difference(value, float(low), float(high), p)


def _by_cluster(statistics: Floats, clusters: NDArray[np.intp]) -> Floats:
    """(n, s) summed over each cluster, (g, s)."""
    index = np.unique(clusters, return_inverse=True)[1]
    summed = np.zeros((int(index.max(initial=-1)) + 1, statistics.shape[1]))
    np.add.at(summed, index, statistics)
    return summed


def _root(variance: ArrayLike) -> float:
    return float(np.sqrt(np.maximum(variance, 0.0)))
