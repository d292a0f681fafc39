"""Confidence intervals when images come in clusters (patients), from few of them on.

Every estimate here is, to first order, its true value plus a sum of the images' influences (Hampel
1974, doi:10.1080/01621459.1974.10482962): for a share (outcome − share) / images, for an area under
a ROC curve DeLong's placements (`delong`). Images of one patient are alike, so influences are added
up over each patient before they are squared (Kish 1965, Survey Sampling; Obuchowski 1997,
doi:10.2307/2533958). Patients are independent draws from the population that the interval speaks
about; the classifier is fixed.

The sum of squares alone is unreliable of few patients, where a few of them have most images, and
where errors are so rare that they say little of how alike a patient's images are. Therefore

- the correlation of two images of a patient is estimated from all such pairs, each image counting
  once, on each side, and drawn with the weight of a few errors towards that of the other sides,
  and this towards `PRIOR`;
- the variance is a mean of the sum of squares, which weighs as the effective number of patients
  less one (Kish), and of what that correlation implies, which weighs `MODEL`;
- Student's t has patients − 1 degrees of freedom, of means of numbers the geometric mean of counted
  and effective patients, each less one; Satterthwaite's for sums over classes.

Measures between 0 and 1 get Wilson's score interval (1927, doi:10.1080/01621459.1927.10502953) with
the number of images divided by the design effect: one formula from no error to all. Differences of
such measures get theirs from the intervals of both parts (Newcombe 1998,
doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Zou & Donner 2008,
doi:10.1002/sim.3095), which lie askew where errors are few: of two outcomes of the same images, the
parts are the share that is right in the first alone and the share that is right in the second
alone. Means that may lie anywhere get estimate ± t · standard error.

Where a side (the images that a share is of, a class of a mean over classes) has too few patients
there is no interval: NaN. `benchmarks/coverage.py` measures the coverage; docs/statistics.md has
it.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import stdtr, stdtrit

from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]

VERSION = 3
"""Of the formulas; 1 was the percentile bootstrap, 2 had Student's t for differences."""
FEWEST = 5
"""Patients that an interval needs, on each side."""
FEWEST_OF_CLASS = 8
"""Patients that each class needs in a mean over classes, which may differ in how alike they are."""
PRIOR = 0.25
"""Correlation of a patient's images as long as nothing is known of it."""
MODEL = 25.0
"""Weight of the variance that the correlation implies, in patients."""
CHANGE = 0.5
"""`Estimates.step` of differences."""
_LEAST_P, _HALVINGS = 1e-9, 40
_ROUNDING = 1e-24  # variance of what is the same whoever is drawn

Method = Literal["Wilson", "Newcombe", "Student"]


class Interval(NamedTuple):
    """Of k estimates.

    Attributes:
        low, high: (k,) both ends; NaN where there is none.
        method: whose formula it is.
    """

    low: Floats
    high: Floats
    method: Method


@dataclass(frozen=True, eq=False)
class Estimates:
    """k estimates over the same n images.

    Attributes:
        value: (k,) NaN where undefined.
        influences: (n, k) of each image; they add up to 0.
        sides: (n, s, k) whether the image belongs to the side; to none where it has no influence.
        scale: (s, k) the estimate's variance by independent images of unit variance.
        step: what an error changes the estimate by, in units of a whole image; 0 of what counts no
            errors.
        fewest: patients that each side needs for an interval.
        strata: (n, g, k) parts of the images, whose numbers of patients differ so much that degrees
            of freedom are Satterthwaite's over them; the sides where there are none.
    """

    value: Floats
    influences: Floats
    sides: NDArray[np.bool_]
    scale: Floats
    step: float
    fewest: int
    strata: NDArray[np.bool_] | None = None

    def among(self, rows: NDArray[np.bool_]) -> "Estimates":
        """The same over more images, of which those chosen by ``rows`` are its own, in order."""
        influences = np.zeros((rows.size, self.influences.shape[1]))
        sides = np.zeros((rows.size, *self.sides.shape[1:]), dtype=bool)
        influences[rows], sides[rows] = self.influences, self.sides
        return replace(self, influences=influences, sides=sides)

    def minus(self, other: "Estimates") -> "Estimates":
        """The differences from other estimates over the same images and sides, or over some of
        them."""
        return Estimates(
            self.value - other.value,
            self.influences - other.influences,
            self.sides | other.sides,
            np.fmax(self.scale, other.scale),
            CHANGE,
            max(self.fewest, other.fewest),
        )


def gains_and_losses(one: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    """What each image has more, and less, in a first of two outcomes (n, k) between 0 and 1: the
    parts of their paired difference, see `difference_interval`."""
    more = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return np.maximum(more, 0), np.maximum(-more, 0)


def cluster_index(units: ArrayLike) -> NDArray[np.intp]:
    """(n,) index of each image's patient, or whatever is independent, named in ``units`` (n,)."""
    return np.unique(np.asarray(units), return_inverse=True)[1]


def patients_with(members: ArrayLike, clusters: NDArray[np.intp]) -> NDArray[np.int64]:
    """(k,) clusters that hold at least one member of each column of ``members`` (n, k)."""
    rows, columns = np.nonzero(np.asarray(members))
    pairs = np.unique(np.column_stack([clusters[rows], columns]), axis=0)
    return np.bincount(pairs[:, 1], minlength=np.shape(members)[1])


def means(numbers: ArrayLike, members: ArrayLike) -> Estimates:
    """k means, each over the images that are its members.

    Args:
        numbers: (n, k) anything where the image is no member.
        members: (n, k) whether the image counts.
    """
    counted = np.asarray(members, dtype=bool)
    images = counted.sum(axis=0)
    known = np.where(counted, np.asarray(numbers, dtype=np.float64), 0)
    value = ratio(known.sum(axis=0), images)
    influences = np.where(counted, known - value, 0) / np.maximum(images, 1)
    return Estimates(value, influences, counted[:, None], ratio(1, images)[None], 0.0, FEWEST)


def shares(outcomes: ArrayLike, members: ArrayLike) -> Estimates:
    """k shares, each of the images that are its members.

    Args:
        outcomes: (n, k) whether the outcome is there, or a number from 0 to 1.
        members: (n, k) whether the image counts.
    """
    return replace(means(outcomes, members), step=1.0, fewest=FEWEST)


def class_mean(
    outcomes: ArrayLike, groups: NDArray[np.intp], weights: ArrayLike | None = None
) -> Estimates:
    """The mean over groups (classes) of the share in each (balanced accuracy, say).

    Args:
        outcomes: (n, k)
        groups: (n,) index of each image's group; those without images do not count.
        weights: (groups,) of the mean; alike where there are none.
    """
    numbers = np.asarray(outcomes, dtype=np.float64)
    present, index, images = np.unique(groups, return_inverse=True, return_counts=True)
    sides = index[:, None] == np.arange(present.size)
    means = (sides.T @ numbers) / images[:, None]  # (s, k)
    counting = np.ones(present.size) if weights is None else np.asarray(weights)[present]
    share = np.nan_to_num(ratio(counting, counting.sum()))  # (s,)
    estimates = numbers.shape[1]
    return Estimates(
        share @ means if share.any() else np.full(estimates, np.nan),
        (numbers - means[index]) * (share / images)[index, None],
        np.repeat(sides[:, :, None], estimates, axis=2),
        np.repeat((share**2 / images)[:, None], estimates, axis=1),
        1.0,
        FEWEST_OF_CLASS,
    )


def group_difference(
    numbers: ArrayLike, known: NDArray[np.bool_], first: NDArray[np.bool_]
) -> Estimates:
    """Mean of a first group of images less that of the others.

    Args:
        numbers: (n, k) of any size; nothing here counts errors.
        known: (n, k) whether the number is known.
        first: (n,) whether the image is of the first group.
    """
    one, other = (means(numbers, known & side[:, None]) for side in (first, ~first))
    return Estimates(
        one.value - other.value,
        one.influences - other.influences,
        np.concatenate([one.sides, other.sides], axis=1),
        np.concatenate([one.scale, other.scale]),
        0.0,
        FEWEST,
    )


def score_interval(
    estimates: Estimates,
    clusters: NDArray[np.intp],
    level: float,
    *,
    least: Floats | float = 0.0,
) -> Interval:
    """Wilson's interval of measures between 0 and 1, by the rules at the head of this file.

    Args:
        estimates: k of them, over n images.
        clusters: (n,) of `cluster_index`.
        level: of the interval, 0.95 say.
        least: (k,) variance that each has at least, where another part of it is known.

    Returns:
        NaN where the estimate is undefined or a side has too few patients.
    """
    return Interval(*_score_ends(estimates, clusters, level, np.inf, least), "Wilson")


def difference_interval(
    first: Estimates,
    second: Estimates,
    clusters: NDArray[np.intp],
    level: float,
    *,
    weights: tuple[Floats | float, Floats | float] = (1.0, 1.0),
) -> Interval:
    """Of a first measure less a second, both between 0 and 1, from the interval of each.

    Args:
        first, second: k estimates each, over the same n images; each may count others of them.
        clusters: (n,) of `cluster_index`.
        level: of the interval, 0.95 say.
        weights: above 0, (k,) that each is multiplied by before.

    Returns:
        NaN where an estimate is undefined or a side has too few patients.
    """
    (low, high), (other_low, other_high) = (
        _score_ends(part, clusters, level, 1) for part in (first, second)
    )
    alike = _alike(first, second, clusters)
    one, other = weights
    down = _together(one * (first.value - low), other * (other_high - second.value), alike)
    up = _together(one * (high - first.value), other * (second.value - other_low), alike)
    apart = one * first.value - other * second.value
    return Interval(apart - down, apart + up, "Newcombe")


def _together(one: Floats, other: Floats, alike: Floats) -> Floats:
    """What two distances to an interval's end make up, of estimates correlated by ``alike``."""
    return np.sqrt(np.maximum(one**2 + other**2 - 2 * alike * one * other, 0))


def _alike(first: Estimates, second: Estimates, clusters: NDArray[np.intp]) -> Floats:
    """(k,) correlation of two estimates, less the fewer errors tell it."""
    sums = [_summed(each.influences, clusters) for each in (first, second)]
    spreads = [
        np.fmax(_variance(each, clusters, 1)[0], (own**2).sum(axis=0))
        for each, own in zip((first, second), sums, strict=True)
    ]
    product = (sums[0] * sums[1]).sum(axis=0)
    return np.nan_to_num(ratio(product, np.sqrt(spreads[0] * spreads[1]))).clip(-1, 1)


def difference_test(first: Estimates, second: Estimates, clusters: NDArray[np.intp]) -> Floats:
    """(k,) two-sided p-values of the null hypothesis that both measures are the same: 1 less the
    highest level at which `difference_interval` excludes 0, from `_LEAST_P` on.

    Args:
        first, second: k estimates each, over the same n images; each may count others of them.
        clusters: (n,) of `cluster_index`.

    Returns:
        NaN where an estimate is undefined or a side has too few patients.
    """
    parts = [_Score.of(part, clusters, 1) for part in (first, second)]
    alike = _alike(first, second, clusters)
    apart = np.abs(first.value - second.value)
    more = first.value > second.value
    low = np.full(apart.shape, np.log(_LEAST_P))
    high = np.zeros(apart.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        ends = [part.ends(1 - np.exp(middle)) for part in parts]
        (one_low, one_high), (other_low, other_high) = ends
        down = np.where(more, first.value - one_low, one_high - first.value)
        up = np.where(more, other_high - second.value, second.value - other_low)
        excluded = apart > _together(down, up, alike)
        high, low = np.where(excluded, middle, high), np.where(excluded, low, middle)
    known = np.isfinite(apart)
    for part in parts:
        known &= part.known
    return np.where(known, np.exp(high), np.nan)


@dataclass(frozen=True, eq=False)
class _Score:
    """What ends of Wilson's interval are made of, at any level.

    Attributes:
        unit: (k,) one over the effective number of images.
        freedom: (k,) degrees of freedom.
        faultless: the same of as many images without an error.
        known: (k,) whether there is an interval.
    """

    value: Floats
    unit: Floats
    freedom: Floats
    faultless: tuple[Floats, Floats]
    known: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        estimates: Estimates,
        clusters: NDArray[np.intp],
        most: float,
        least: Floats | float = 0.0,
    ) -> "_Score":
        """With ``most`` errors added at most, of the variance ``least`` at least."""
        value = estimates.value
        unit, freedom, patients = _score(estimates, clusters, most, least)
        faultless = replace(
            estimates, value=np.ones_like(value), influences=0 * estimates.influences
        )
        known = np.isfinite(value) & (patients >= estimates.fewest)
        return cls(value, unit, freedom, _score(faultless, clusters, most)[:2], known)

    def ends(self, level: float | Floats) -> tuple[Floats, Floats]:
        """(k,) each, at one level or at one of each; NaN where there is no interval."""
        value, quantile = self.value, (1 + np.asarray(level)) / 2
        reach = stdtrit(self.freedom, quantile) ** 2 * self.unit
        centre = (value + reach / 2) / (1 + reach)
        half = np.sqrt(np.maximum(reach * value * (1 - value) + reach**2 / 4, 0)) / (1 + reach)
        unit, freedom = self.faultless
        # the highest lower bound of all
        perfect = 1 / (1 + stdtrit(freedom, quantile) ** 2 * unit)
        low = np.where(value == 0, 0, np.clip(centre - half, 0, perfect))
        high = np.where(value == 1, 1, np.clip(centre + half, 1 - perfect, 1))
        return np.where(self.known, low, np.nan), np.where(self.known, high, np.nan)


def _score_ends(
    estimates: Estimates,
    clusters: NDArray[np.intp],
    level: float,
    most: float,
    least: Floats | float = 0.0,
) -> tuple[Floats, Floats]:
    """`score_interval` with ``most`` errors added at most."""
    return _Score.of(estimates, clusters, most, least).ends(level)


def _score(
    estimates: Estimates,
    clusters: NDArray[np.intp],
    most: float,
    least: Floats | float = 0.0,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """(k,) one over the effective number of images; degrees of freedom; patients of the side that
    has fewest."""
    variance, added, freedom, patients = _variance(estimates, clusters, most)
    variance = np.fmax(variance, least)
    odds = estimates.value * (1 - estimates.value)
    return ratio(variance, odds + added), freedom, patients


def student_interval(estimates: Estimates, clusters: NDArray[np.intp], level: float) -> Interval:
    """Estimate ± t · standard error, of means and differences that may lie anywhere.

    Args:
        estimates: k of them, over n images.
        clusters: (n,) of `cluster_index`.
        level: of the interval, 0.95 say.

    Returns:
        NaN where the estimate is undefined, a side has too few patients, or nothing varies.
    """
    variance, _, freedom, patients = _variance(estimates, clusters)
    reach = stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance)
    known = np.isfinite(estimates.value) & (patients >= estimates.fewest) & (variance > _ROUNDING)
    reach = np.where(known, reach, np.nan)
    return Interval(estimates.value - reach, estimates.value + reach, "Student")


def student_test(estimates: Estimates, clusters: NDArray[np.intp]) -> Floats:
    """(k,) two-sided p-values of the null hypothesis that the true value is 0, of means and
    differences that may lie anywhere: below 1 − level where `student_interval` has no 0.

    Args:
        estimates: k of them, over n images.
        clusters: (n,) of `cluster_index`.

    Returns:
        1 of a value of 0 that nothing varies; NaN where the estimate is undefined, a side has too
        few patients, or another value does not vary.
    """
    variance, _, freedom, patients = _variance(estimates, clusters)
    varies = variance > _ROUNDING
    distance = np.abs(estimates.value) / np.sqrt(np.where(varies, variance, 1))
    p = np.where(patients >= estimates.fewest, 2 * stdtr(freedom, -distance), np.nan)
    still = np.where(estimates.value == 0, 1.0, np.nan)
    alike = (estimates.influences == 0).all(axis=0) & (estimates.value == 0)
    return np.where(varies & ~alike, p, still)


def _variance(
    estimates: Estimates, clusters: NDArray[np.intp], most: float = np.inf
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """(k,) variance of each estimate; what the errors that were added change it by; degrees of
    freedom; patients of the side that has fewest."""
    member = estimates.sides.astype(np.float64)
    influence = estimates.influences[:, None] * member
    parts = np.stack([member, influence, influence**2], axis=1)
    sizes, sums, squares = np.moveaxis(_summed(parts, clusters), 1, 0)  # (c, s, k) each
    images = sizes.sum(axis=0)  # (s, k)
    patients = np.count_nonzero(sizes, axis=0)
    scale = estimates.scale.sum(axis=0)
    weight = ratio(estimates.scale, scale)
    spread = ratio((sizes**2).sum(axis=0), images)  # images of the patient of an average image
    repeated = sizes > 1
    pairs = np.where(repeated, ratio(sums**2 - squares, sizes - 1), 0).sum(axis=0)
    # residuals are of the estimated mean, which lowers their products by the mean's variance
    pairs += ratio((sizes * repeated).sum(axis=0) * (sums**2).sum(axis=0), images**2)

    prior = 1 + PRIOR * ((weight * spread).sum(axis=0) - 1)
    error = estimates.step * np.sqrt(ratio(estimates.scale, images))  # (s, k) one more
    heaviest = error.max(axis=0, initial=0)
    lighter = 1 - np.nan_to_num(ratio(error.min(axis=0, initial=np.inf), heaviest)).clip(0, 1)
    # so many that the first real ones raise no bound: these tell that images are less alike, weigh
    # less, or are of other sides
    several = np.count_nonzero(error > 0, axis=0) > 1
    quantile = stdtrit(np.maximum(patients.min(axis=0, initial=1000) - 1, 1), 0.975)
    errors = np.maximum(quantile**2 * (prior * (1 + lighter + several) - 1), 1)
    errors = np.minimum(errors, most)
    added = errors * np.where(error == heaviest, heaviest, 0) ** 2
    added /= np.maximum((error == heaviest).sum(axis=0), 1)  # (s, k)

    paired = np.where(repeated, squares, 0).sum(axis=0)
    elsewhere = _correlation(
        pairs.sum(axis=0) - pairs, paired.sum(axis=0) - paired, errors * error**2, PRIOR
    )
    alike = _correlation(pairs, paired, errors * error**2, elsewhere)  # (s, k)

    mass = sizes * (1 + np.maximum(sizes - 1, 0) * alike)
    free = np.maximum(ratio(mass.sum(axis=0) ** 2, (mass**2).sum(axis=0)) - 1, 1)
    effect = 1 + (spread - 1) * alike  # (s, k) design effect
    implied = ratio(effect, 1 - ratio(effect, images))
    alone = squares.sum(axis=0) + added
    summed = ratio(sums**2, 1 - ratio(sizes, images)).sum(axis=0) + added * implied
    variances = (free * summed + MODEL * implied * alone) / (free + MODEL)  # (s, k)

    apart = (sums**2).sum(axis=(0, 1)) + added.sum(axis=0)
    together = (sums.sum(axis=1) ** 2).sum(axis=0) + added.sum(axis=0)  # patients on several sides
    variance = np.nan_to_num(variances.sum(axis=0) * ratio(together, apart))
    counted = sizes * (1 + np.maximum(sizes - 1, 0) * PRIOR)
    effective = ratio(counted.sum(axis=0) ** 2, (counted**2).sum(axis=0))
    freedoms = np.maximum(patients - 1, 1).astype(np.float64)
    if not estimates.step:
        freedoms = np.sqrt(freedoms * np.maximum(effective - 1, 1))
    satterthwaite = ratio(variances**2, freedoms).sum(axis=0)
    freedom = ratio(variances.sum(axis=0) ** 2, satterthwaite)
    if estimates.strata is not None:
        freedom = np.fmin(freedom, _freedom(estimates.influences, estimates.strata, clusters))
    unit = ratio(added.sum(axis=0), np.maximum(scale, heaviest))
    return variance, unit, freedom, patients.min(axis=0, initial=np.iinfo(np.int64).max)


def _freedom(influences: Floats, strata: NDArray[np.bool_], clusters: NDArray[np.intp]) -> Floats:
    """(k,) Satterthwaite's degrees of freedom of a sum over strata (1946, doi:10.2307/3002019), of
    two means Welch's; NaN where nothing varies."""
    member = strata.astype(np.float64)
    parts = np.stack([member, influences[:, None] * member], axis=1)
    sizes, sums = np.moveaxis(_summed(parts, clusters), 1, 0)  # (c, g, k) each
    patients = np.count_nonzero(sizes, axis=0)
    free = np.maximum(patients - 1, 1)
    variances = (sums**2).sum(axis=0) * patients / free  # (g, k)
    return ratio(variances.sum(axis=0) ** 2, (variances**2 / free).sum(axis=0))


def _correlation(pairs: Floats, alone: Floats, added: Floats, prior: Floats | float) -> Floats:
    """Of two images of a patient, from products of pairs and squares of images; errors that are
    added have the prior's."""
    return np.nan_to_num(ratio(pairs + added * prior, alone + added)).clip(0, 1)


def _summed(values: Floats, clusters: NDArray[np.intp]) -> Floats:
    """(n, ...) summed over each cluster, (c, ...)."""
    shape = (int(clusters.max(initial=-1)) + 1, clusters.size)
    summing = csr_array((np.ones(clusters.size), (clusters, np.arange(clusters.size))), shape=shape)
    flat: Floats = summing @ values.reshape(clusters.size, math.prod(values.shape[1:]))
    return flat.reshape(shape[0], *values.shape[1:])
