"""Obuchowski and Rockette's analysis of several readers, treatments and cases (1995,
doi:10.1080/03610919508813243), with the degrees of freedom of Hillis (2007, doi:10.1002/sim.2532).

Figures of merit of reader j with treatment i are Y_ij = mean + treatment + reader + both + error,
and errors covary: Cov1 of one reader with two treatments, Cov2 of two readers with one treatment,
Cov3 of two readers with two treatments. Their estimates come from the cases (`figures`).

A reader may read with every treatment (crossed), or each with one only, as where readers are split
among arms (nested; Hillis 2014, doi:10.1002/sim.5926). Where neither holds, those who read with
every treatment are analysed, see `complete`.

Programs differ, and `Convention` chooses. Usual here, as in the Iowa program: Cov2 − Cov3 below 0
counts as 0, for fixed readers too; fixed readers are tested by chi-square; degrees of freedom have
fractions; the readers' mean is a simple one; differences are the first treatment less the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]


class Generalises(StrEnum):
    """To whom a result applies."""

    BOTH = "readers and cases"
    CASES = "cases"
    """These readers, other cases: fixed readers."""
    READERS = "readers"
    """Other readers, these cases: fixed cases."""


@dataclass(frozen=True)
class Convention:
    """
    Attributes:
        truncated: Cov2 − Cov3 below 0 counts as 0 for fixed readers, too.
        whole_freedom: degrees of freedom are rounded down, as iMRMC does.
    """

    truncated: bool = True
    whole_freedom: bool = False


USUAL = Convention()


@dataclass(frozen=True)
class Components:
    """Of variance: of readers, of readers with a treatment, of an error, and errors' covariances.
    The first two are differences and may come out below 0."""

    reader: float
    interaction: float
    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True)
class Test:
    """Whether all treatments are alike.

    Attributes:
        statistic: F, or chi-square where ``denominator_freedom`` is infinite.
        freedom, denominator_freedom: degrees of freedom.
        p: two-sided.
    """

    statistic: float
    freedom: float
    denominator_freedom: float
    p: float


@dataclass(frozen=True)
class Estimate:
    """
    Attributes:
        treatments: one of a mean, two of a difference, the first less the second; by index.
        reader: of a single reader's, by index; None: all readers.
        value, error: and its standard error.
        freedom: of Student's t; infinite: the normal distribution.
        low, high: of the interval.
        p: of a difference from 0, two-sided; NaN of a mean.
    """

    treatments: tuple[int, ...]
    reader: int | None
    value: float
    error: float
    freedom: float
    low: float
    high: float
    p: float

    def against(self, fixed: float) -> float:
        """p of a difference from a fixed number, such as 0.5, two-sided."""
        return two_sided(float(ratio(self.value - fixed, self.error)), self.freedom)


@dataclass(frozen=True)
class Inference:
    """
    Attributes:
        to: whom it applies to.
        test: of all treatments.
        differences: of each two treatments.
        means: of each treatment.
        by_reader: differences of each reader, of these alone.
    """

    to: Generalises
    test: Test
    differences: tuple[Estimate, ...]
    means: tuple[Estimate, ...]
    by_reader: tuple[Estimate, ...] = ()


@dataclass(frozen=True, eq=False)
class Analysis:
    """
    Attributes:
        figures: (t, r) of merit, of the readers who are analysed.
        readers: of them, by index among all.
        nested: whether each reader read with one treatment only.
        mean_squares: of treatments, readers and both; NaN of nested readers, but the first.
        components: of variance.
        inferences: by whom they apply to.
    """

    figures: Floats
    readers: tuple[int, ...]
    nested: bool
    mean_squares: tuple[float, float, float]
    components: Components
    inferences: tuple[Inference, ...]

    def to(self, whom: Generalises) -> Inference:
        """The inference that applies to them."""
        return next(each for each in self.inferences if each.to is whom)


def complete(values: Floats) -> NDArray[np.intp]:
    """Readers with a figure of merit (t, r) for each treatment, by index; all of them where each
    has exactly one, as where readers are split among arms."""
    known = np.isfinite(values)
    if known.shape[0] > 1 and known.any() and (known.sum(axis=0) <= 1).all():
        return np.flatnonzero(known.any(axis=0))
    return np.flatnonzero(known.all(axis=0))


def obuchowski_rockette(
    values: Floats, covariance: Floats, *, convention: Convention = USUAL, level: float = 0.95
) -> Analysis:
    """Compares treatments.

    Args:
        values: (t, r) figures of merit, NaN where a reader did not read with a treatment.
        covariance: (t, r, t, r) of their errors.
        convention: see the head of this file.
        level: of intervals.

    Raises:
        ValueError: no reader read with every treatment, nor each with one.
    """
    readers = complete(values)
    if not readers.size:
        raise ValueError("no reader read with every treatment, nor each with one")
    kept, errors = values[:, readers], covariance[:, readers][..., readers]
    if not np.isfinite(kept).all():
        return _nested(kept, errors, readers, convention, level)
    return _crossed(kept, errors, readers, convention, level)


def averages(covariance: Floats) -> tuple[float, float, float, float]:
    """Error variance, Cov1, Cov2, Cov3 of (t, r, t, r); 0 where there are none such."""
    treatments, readers = covariance.shape[:2]
    same_treatment = np.eye(treatments, dtype=bool)[:, None, :, None]
    same_reader = np.eye(readers, dtype=bool)[None, :, None, :]
    whole = np.ones(covariance.shape, dtype=bool)
    means = [
        _mean(covariance[whole & one & other])
        for one, other in (
            (same_treatment, same_reader),
            (~same_treatment, same_reader),
            (same_treatment, ~same_reader),
            (~same_treatment, ~same_reader),
        )
    ]
    return means[0], means[1], means[2], means[3]


def _crossed(
    values: Floats,
    covariance: Floats,
    readers: NDArray[np.intp],
    convention: Convention,
    level: float,
) -> Analysis:
    t, r = values.shape
    error, cov1, cov2, cov3 = averages(covariance)
    by_treatment, by_reader, whole = values.mean(axis=1), values.mean(axis=0), values.mean()
    rest = values - by_treatment[:, None] - by_reader + whole
    of_treatment = float(ratio(r * np.square(by_treatment - whole).sum(), t - 1))
    of_reader = float(ratio(t * np.square(by_reader - whole).sum(), r - 1))
    of_both = float(ratio(np.square(rest).sum(), (t - 1) * (r - 1)))
    apart = max(cov2 - cov3, 0.0)
    fixed = apart if convention.truncated else cov2 - cov3
    denominators = {
        Generalises.BOTH: of_both + r * apart,
        Generalises.CASES: error - cov1 + (r - 1) * fixed,
        Generalises.READERS: of_both,
    }
    means = [_means(values, covariance, to, convention, level) for to in Generalises]
    inferences = []
    for to, single in zip(Generalises, means, strict=True):
        below = denominators[to]
        free = np.inf
        if to is not Generalises.CASES:
            free = float(ratio(below**2, of_both**2 / max((t - 1) * (r - 1), 1)))
            free = (np.inf if below > 0 else np.nan) if of_both == 0 else free
            free = np.nan if np.isnan(of_both) else free
        free = _freedom(free, convention)
        deviation = float(np.sqrt(2 * below / r)) if below >= 0 else np.nan
        differences = [
            estimate(by_treatment[a] - by_treatment[b], deviation, free, level, treatments=(a, b))
            for a, b in combinations(range(t), 2)
        ]
        alone = _by_reader(values, covariance, level) if to is Generalises.CASES else ()
        test = _test(of_treatment, t - 1, below, free)
        inferences.append(Inference(to, test, tuple(differences), single, alone))
    return Analysis(
        values,
        tuple(readers.tolist()),
        False,
        (of_treatment, of_reader, of_both),
        Components(
            reader=(of_reader - of_both) / t - cov1 + cov3,
            interaction=of_both - error + cov1 + cov2 - cov3,
            error=error,
            cov1=cov1,
            cov2=cov2,
            cov3=cov3,
        ),
        tuple(inferences),
    )


def _nested(
    values: Floats,
    covariance: Floats,
    readers: NDArray[np.intp],
    convention: Convention,
    level: float,
) -> Analysis:
    """Readers split among treatments: the variance of a mean is that of its readers, whose errors
    are alike by Cov2; means covary by Cov3."""
    t, known = len(values), np.isfinite(values)
    count = known.sum(axis=1)
    rows = [row[of] for row, of in zip(values, known, strict=True)]
    by_treatment = np.array([row.mean() for row in rows])
    spread = np.array([row.var(ddof=1) if row.size > 1 else np.nan for row in rows]) / count
    error, cov2, cov3 = _nested_covariances(covariance, known)
    size = float(t / (1 / count).sum())  # readers of a treatment, harmonic mean
    apart = max(cov2 - cov3, 0.0)
    fixed = apart if convention.truncated else cov2 - cov3
    shared = {Generalises.BOTH: apart, Generalises.CASES: fixed, Generalises.READERS: 0.0}
    own = {
        Generalises.BOTH: spread,
        Generalises.CASES: (error - cov2) / count,
        Generalises.READERS: spread,
    }
    above = float(size * np.square(by_treatment - by_treatment.mean()).sum() / (t - 1))
    inferences = []
    for to in Generalises:

        def freedom(parts: Floats, variance: float, of: list[int], to: Generalises = to) -> float:
            if to is Generalises.CASES:
                return np.inf
            by_part = ratio(parts**2, count[of] - 1)
            return _freedom(float(ratio(variance**2, by_part.sum())), convention)

        differences = []
        for a, b in combinations(range(t), 2):
            parts = own[to][[a, b]]
            variance = float(parts.sum() + 2 * shared[to])
            differences.append(
                estimate(
                    by_treatment[a] - by_treatment[b],
                    float(np.sqrt(variance)) if variance >= 0 else np.nan,
                    freedom(parts, variance, [a, b]),
                    level,
                    treatments=(a, b),
                )
            )
        parts = own[to] * size / t
        below = float(parts.sum() + size * shared[to])
        inferences.append(
            Inference(
                to,
                _test(above, t - 1, below, freedom(parts, below, list(range(t)))),
                tuple(differences),
                _means(values, covariance, to, convention, level),
            )
        )
    return Analysis(
        values,
        tuple(readers.tolist()),
        True,
        (above, np.nan, np.nan),
        Components(
            reader=float((spread * count).mean()) - error + cov2,
            interaction=np.nan,
            error=error,
            cov1=np.nan,
            cov2=cov2,
            cov3=cov3,
        ),
        tuple(inferences),
    )


def _nested_covariances(covariance: Floats, known: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Error variance, Cov2 and Cov3 of readers who each read with one treatment: means of the
    treatments' means."""
    t = len(known)
    errors, within, between = [], [], []
    for a in range(t):
        own = covariance[a][known[a]][:, a][:, known[a]]
        errors.append(_mean(np.diag(own)))
        within.append(_mean(own[~np.eye(len(own), dtype=bool)]))
        between += [_mean(covariance[a][known[a]][:, b][:, known[b]]) for b in range(t) if b != a]
    return float(np.mean(errors)), float(np.mean(within)), float(np.mean(between))


def single(
    values: Floats,
    covariance: Floats,
    to: Generalises,
    *,
    convention: Convention = USUAL,
    level: float = 0.95,
) -> Estimate:
    """The mean of readers of one treatment, with the error that it has.

    Args:
        values: (r,) figures of merit, or whatever else is one number a reader, such as differences
            from a device.
        covariance: (r, r) of their errors.
        to: whom it applies to.
        convention, level: see `obuchowski_rockette`.
    """
    r = values.size
    spread = float(values.var(ddof=1)) if r > 1 else np.nan
    shared = max(_mean(covariance[~np.eye(r, dtype=bool)]), 0.0)
    free = np.inf
    if to is Generalises.CASES:
        variance = (float(np.diag(covariance).mean()) + (r - 1) * shared) / r
    else:
        sum_ = spread + (r * shared if to is Generalises.BOTH else 0)
        variance = sum_ / r
        free = np.inf if spread == 0 and sum_ > 0 else float(ratio(sum_**2, spread**2)) * (r - 1)
    return estimate(
        float(values.mean()), float(np.sqrt(variance)), _freedom(free, convention), level
    )


def estimate(
    value: float,
    error: float,
    freedom: float,
    level: float,
    *,
    treatments: tuple[int, ...] = (0,),
    reader: int | None = None,
) -> Estimate:
    """A number with its standard error as an interval, and the p-value of its being 0."""
    tail = (1 + level) / 2
    reach = ndtri(tail) if np.isinf(freedom) else stdtrit(freedom, tail)
    p = two_sided(float(ratio(value, error)), freedom)
    return Estimate(
        treatments,
        reader,
        float(value),
        float(error),
        float(freedom),
        float(value - reach * error),
        float(value + reach * error),
        p,
    )


def two_sided(statistic: float, freedom: float) -> float:
    """p of Student's t, or of a normal score where the degrees of freedom are infinite."""
    size = -abs(statistic)
    return float(2 * (ndtr(size) if np.isinf(freedom) else stdtr(freedom, size)))


def _means(
    values: Floats, covariance: Floats, to: Generalises, convention: Convention, level: float
) -> tuple[Estimate, ...]:
    made = []
    for place, row in enumerate(values):
        known = np.isfinite(row)
        block = covariance[place][known][:, place][:, known]
        found = single(row[known], block, to, convention=convention, level=level)
        made.append(_of(found, (place,)))
    return tuple(made)


def _by_reader(values: Floats, covariance: Floats, level: float) -> tuple[Estimate, ...]:
    made = []
    for reader, (a, b) in _pairs(values.shape):
        block = covariance[:, reader, :, reader]
        variance = block[a, a] + block[b, b] - 2 * block[a, b]
        gap = values[a, reader] - values[b, reader]
        made.append(
            estimate(
                gap,
                float(np.sqrt(max(variance, 0))),
                np.inf,
                level,
                treatments=(a, b),
                reader=reader,
            )
        )
    return tuple(made)


def _pairs(shape: Sequence[int]) -> list[tuple[int, tuple[int, int]]]:
    return [
        (reader, pair) for reader in range(shape[1]) for pair in combinations(range(shape[0]), 2)
    ]


def _of(found: Estimate, treatments: tuple[int, ...]) -> Estimate:
    return Estimate(
        treatments, None, found.value, found.error, found.freedom, found.low, found.high, np.nan
    )


def _test(above: float, freedom: int, below: float, denominator: float) -> Test:
    """F, or chi-square where the denominator is known."""
    quotient = float(ratio(above, below)) if below > 0 else np.nan
    if freedom < 1:
        return Test(np.nan, 0, denominator, np.nan)
    if np.isinf(denominator):
        statistic = quotient * freedom
        return Test(statistic, freedom, denominator, float(chdtrc(freedom, statistic)))
    p = float(fdtrc(freedom, denominator, quotient))
    return Test(quotient, freedom, denominator, p)


def _freedom(free: float, convention: Convention) -> float:
    return float(np.floor(free)) if convention.whole_freedom and np.isfinite(free) else free


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else 0.0
