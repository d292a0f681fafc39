"""Confidence intervals by resampling patients.

The percentile bootstrap over clusters (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x):
images of one patient are alike, patients are taken as independent draws from the population that
the interval speaks about, and the classifier is fixed. In each replicate as many patients as there
are come back, drawn with replacement, each with all of its images.

Of few patients percentiles are far too narrow: of two alike in sign they never hold 0. Means,
such as those of votes, and differences between groups of images may rest on few: they get Student's
t with the bootstrap's standard error.

A share of exactly 0 or 1 has no spread to resample. It gets the exact binomial bound (Clopper &
Pearson 1934, doi:10.1093/biomet/26.4.404) with patients, not images, as trials, which is
conservative. A share that rests on fewer than two patients, or that is the same whoever is drawn,
has no interval: NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import stdtrit

from dermxai.errors import InputError
from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]
_BLOCK = 250  # replicates held at once
_ROUNDING = 1e-12  # by which replicates that are the same differ


@dataclass(frozen=True, eq=False)
class Resampling:
    """How often each cluster is drawn in each replicate; fewer than two clusters give none."""

    clusters: NDArray[np.intp]
    """(n,) index of each sample's cluster."""
    n_clusters: int
    replicates: int
    seed: int
    level: float

    def weights(self) -> Iterator[Floats]:
        """Blocks (n_clusters, replicates of the block), the same at every call."""
        generator = np.random.default_rng(self.seed)
        wanted = self.replicates if self.n_clusters > 1 else 0
        for start in range(0, wanted, _BLOCK):
            size = min(_BLOCK, wanted - start)
            cells = generator.integers(self.n_clusters, size=(size, self.n_clusters))
            cells += self.n_clusters * np.arange(size)[:, None]
            counts = np.bincount(cells.ravel(), minlength=cells.size)
            yield counts.reshape(size, self.n_clusters).T.astype(np.float64, order="C")

    def clusters_with(self, member: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Clusters that hold at least one member, for each column of ``member`` (n, k)."""
        held = np.zeros((self.n_clusters, member.shape[1]), dtype=bool)
        samples, columns = np.nonzero(member)
        held[self.clusters[samples], columns] = True
        clusters: NDArray[np.int64] = held.sum(axis=0, dtype=np.int64)
        return clusters


def resampling(
    groups: ArrayLike, replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> Resampling:
    """Resampling of the clusters named in ``groups`` (n,): patients, or images themselves.

    Raises:
        InputError: no replicate is asked for, or the level is not a probability.
    """
    if replicates < 1 or not 0 < level < 1:
        raise InputError(
            f"{replicates} replicates at level {level} came; give at least one replicate and a "
            "level between 0 and 1."
        )
    names, clusters = np.unique(np.asarray(groups), return_inverse=True)
    return Resampling(clusters, len(names), replicates, seed, level)


def confusion_replicates(
    true: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int, plan: Resampling
) -> Floats:
    """Confusion matrices of the replicates, drawn as `Resampling.weights` says.

    Args:
        true: (n,) index of each image's class.
        predicted: (n,) index of the class it was read as.
        n_classes: k.
        plan: resampling of the n images' clusters.

    Returns:
        (replicates, k, k) images by true (row) and predicted (column) class; no replicate where the
        plan has fewer than two clusters.
    """
    per_cluster = csr_array(
        (np.ones(true.size), (true * n_classes + predicted, plan.clusters)),
        shape=(n_classes**2, plan.n_clusters),
    )
    blocks = [(per_cluster @ weights).T for weights in plan.weights()]
    counts = np.concatenate([np.empty((0, n_classes**2)), *blocks])
    return counts.reshape(-1, n_classes, n_classes)


def sum_replicates(values: ArrayLike, plan: Resampling) -> Floats:
    """Sums over the images of each replicate, drawn as `Resampling.weights` says.

    Args:
        values: (n, k) of each image.
        plan: resampling of the n images' clusters.

    Returns:
        (replicates, k); no replicate where the plan has fewer than two clusters.
    """
    values = np.asarray(values, dtype=np.float64)
    members = csr_array(
        (np.ones(plan.clusters.size), (plan.clusters, np.arange(plan.clusters.size))),
        shape=(plan.n_clusters, plan.clusters.size),
    )
    per_cluster = members @ values
    blocks = [weights.T @ per_cluster for weights in plan.weights()]
    return np.concatenate([np.empty((0, values.shape[1])), *blocks])


def mean_interval(replicates: Floats, units: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Percentile interval of means, or of differences of means, that may lie anywhere.

    Args:
        replicates: (r, k) the mean on each replicate; undefined ones (NaN) are left out.
        units: (k,) clusters that each mean rests on; fewer than two give NaN, as do replicates
            that are all the same.
        level: of the interval, 0.95 say.
    """
    low, high = np.full((2, replicates.shape[1]), np.nan)
    known = (np.broadcast_to(units, low.shape) >= 2) & vary(replicates)
    if known.any():
        tail = (1 - level) / 2
        low[known], high[known] = np.nanquantile(replicates[:, known], [tail, 1 - tail], axis=0)
    return low, high


def student_interval(
    estimate: ArrayLike, replicates: Floats, units: ArrayLike, level: float
) -> tuple[Floats, Floats]:
    """Student's interval of means, or of differences of means, that may rest on few clusters.

    The bootstrap's standard error of n clusters is too small by the factor sqrt((n − 1) / n), and
    is taken with n − 1 degrees of freedom (Hesterberg 2015, doi:10.1080/00031305.2015.1089789,
    section 4). Assumes that means of clusters are roughly normal.

    Args:
        estimate: (k,) the means.
        replicates: (r, k) the same on each replicate; undefined ones (NaN) are left out.
        units: (k,) clusters that each mean rests on; fewer than two give NaN.
        level: of the interval, 0.95 say.
    """
    estimate, units = np.broadcast_arrays(
        np.asarray(estimate, dtype=np.float64), np.asarray(units, dtype=np.float64)
    )
    low, high = np.full((2, *estimate.shape), np.nan)
    known = (units >= 2) & np.isfinite(replicates).any(axis=0)
    if known.any():
        n = units[known]
        error = np.nanstd(replicates[:, known], axis=0) * np.sqrt(n / (n - 1))
        reach = stdtrit(n - 1, (1 + level) / 2) * error
        low[known], high[known] = estimate[known] - reach, estimate[known] + reach
    return low, high


def interval(
    estimate: ArrayLike, replicates: Floats, units: ArrayLike, level: float
) -> tuple[Floats, Floats]:
    """Ends of the interval of each share, by the rules at the head of this file.

    Args:
        estimate: (...) shares.
        replicates: (r, ...) the same on each replicate; undefined ones (NaN) are left out.
        units: (...) clusters that each share rests on.
        level: of the interval, 0.95 say.
    """
    estimate, units = np.broadcast_arrays(
        np.asarray(estimate, dtype=np.float64), np.asarray(units, dtype=np.float64)
    )
    tail = (1 - level) / 2
    low, high = np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan)
    spread = (units >= 2) & (estimate > 0) & (estimate < 1) & vary(replicates)
    if spread.any():
        low[spread], high[spread] = np.nanquantile(replicates[:, spread], [tail, 1 - tail], axis=0)
    bound = tail ** ratio(1, units)
    none, every = (estimate == 0) & (units >= 2), (estimate == 1) & (units >= 2)
    low[none], high[none] = 0, 1 - bound[none]
    low[every], high[every] = bound[every], 1
    return low, high


def vary(replicates: Floats) -> NDArray[np.bool_]:
    """Whether anything depends on who is drawn.

    Args:
        replicates: (r, ...) undefined ones (NaN) are left out.

    Returns:
        (...) whether they differ by more than rounding.
    """
    largest = np.fmax.reduce(replicates, axis=0, initial=-np.inf)
    smallest = np.fmin.reduce(replicates, axis=0, initial=np.inf)
    varying: NDArray[np.bool_] = largest - smallest > _ROUNDING
    return varying
