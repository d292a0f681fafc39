"""Tests of two classifiers on the same images, where patients have several.

**Decisions.** Null hypothesis: within a patient the two classifiers are exchangeable. Then the sign
of a patient's difference (images that the first alone has right, less those that the second alone
has right) is a coin's, whatever its size: the p-value is the share of all assignments of signs
whose sum is as far from 0. With one image a patient it is McNemar's exact test (1947,
doi:10.1007/BF02295996); for many patients Yang, Sun & Hardin's (2010, doi:10.1002/bimj.200900260).
Sums of whole numbers are counted exactly, others (means over classes) from draws, (1 + as extreme)
/ (1 + draws), Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.

**Areas.** The difference of two areas over its standard error, of DeLong's placements summed over
patients (DeLong et al. 1988, doi:10.2307/2531595; Obuchowski 1997, doi:10.2307/2533958), by
Student's t.

**Several pairs.** Holm's step-down procedure (1979, Scandinavian Journal of Statistics 6:65–70).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr

from dermxai.metrics.intervals import Estimates, student_test

Floats = NDArray[np.float64]

DRAWS = 9999
"""Of signs, where sums are no whole numbers."""
_SEED = 0
_MOST_EXACT = 200_000_000  # additions of an exact count; beyond, the sum is normal
_MOST_DRAWN = 20_000  # patients that differ, the same of draws
_CELLS = 4_000_000  # signs held at once
_ROUNDING = 1e-9  # by which sums that are the same differ, relative to the largest


def patient_sums(values: ArrayLike, clusters: NDArray[np.intp]) -> Floats:
    """(patient, k) sums of ``values`` (n, k) over each patient's images."""
    given = np.asarray(values, dtype=np.float64)
    patients = int(clusters.max(initial=-1)) + 1
    sums = [np.bincount(clusters, weights=column, minlength=patients) for column in given.T]
    return np.stack(sums, axis=1) if sums else np.empty((patients, 0))


def mcnemar(
    first: ArrayLike, second: ArrayLike, members: ArrayLike, clusters: NDArray[np.intp]
) -> Floats:
    """(k,) two-sided p-values of decisions, exact; see the head of this file.

    Args:
        first, second: (n, k) whether each classifier is right.
        members: (n, k) whether the image counts.
        clusters: (n,) of `intervals.cluster_index`.

    Returns:
        1 where no image is decided otherwise; NaN where none counts.
    """
    one, other, counted = (np.asarray(each, dtype=bool) for each in (first, second, members))
    net = patient_sums((one.astype(np.int8) - other) * counted, clusters)
    p = [_exact(np.abs(column[column != 0]).astype(np.int64), column.sum()) for column in net.T]
    return np.where(counted.any(axis=0), p, np.nan)


def exchanged(differences: ArrayLike, clusters: NDArray[np.intp], draws: int = DRAWS) -> Floats:
    """(k,) two-sided p-values of sums of any numbers; as `mcnemar`, by draws.

    Args:
        differences: (n, k) what each image adds to the first classifier's measure less the
            second's; NaN throughout where it is undefined.
        clusters: (n,) of `intervals.cluster_index`.
        draws: of the patients' signs.
    """
    given = np.asarray(differences, dtype=np.float64)
    undefined = np.isnan(given).any(axis=0)
    net = patient_sums(np.where(undefined, 0, given), clusters)
    net = net[(net != 0).any(axis=1)]
    observed = np.abs(net.sum(axis=0))
    if len(net) > _MOST_DRAWN:
        p = _normal(observed, (net**2).sum(axis=0))
    else:
        least = observed - _ROUNDING * np.abs(net).sum(axis=0)
        generator, extreme = np.random.default_rng(_SEED), np.zeros(net.shape[1])
        most = max(1, _CELLS // max(len(net), 1))
        for start in range(0, draws, most):
            size = (min(most, draws - start), len(net))
            signs = generator.integers(0, 2, size, dtype=np.int8) * 2.0 - 1
            extreme += (np.abs(signs @ net) >= least).sum(axis=0)
        p = (1 + extreme) / (1 + draws)
    return np.where(undefined, np.nan, p)


def delong(first: Estimates, second: Estimates, clusters: NDArray[np.intp]) -> Floats:
    """(k,) two-sided p-values of the difference of areas; see the head of this file.

    Args:
        first, second: of `delong.areas` or `delong.mean_area`, over the same images.
        clusters: (n,) of `intervals.cluster_index`.

    Returns:
        1 of equal areas that no image changes; NaN where one is undefined, a side has too few
        patients, or no patient varies areas that differ.
    """
    return student_test(replace(first.minus(second), step=0.0), clusters)


def _exact(sizes: NDArray[np.int64], total: float) -> float:
    """Share of all assignments of signs to sizes (patient,), each above 0, whose sum is as far from
    0 as ``total``."""
    each, times = np.unique(sizes, return_counts=True)
    reach = int(sizes.sum())
    if reach * float(sizes.size) > _MOST_EXACT:
        return float(_normal(np.abs([total]), np.array([float((sizes**2).sum())]))[0])
    chances = np.ones(1)  # of the sum of all sizes with a plus
    for size, number in zip(each.tolist(), times.tolist(), strict=True):
        spaced = np.zeros(size * number + 1)
        spaced[::size] = _coins(number)
        chances = np.convolve(chances, spaced)
    distance = np.abs(2 * np.arange(reach + 1) - reach)
    return float(min(chances[distance >= abs(total)].sum(), 1))


def _coins(number: int) -> Floats:
    """(number + 1,) chances of heads among so many tosses."""
    heads = np.arange(number + 1)
    ways = gammaln(number + 1) - gammaln(heads + 1) - gammaln(number - heads + 1)
    return np.asarray(np.exp(ways - number * np.log(2)), dtype=np.float64)


def _normal(sums: Floats, squares: Floats) -> Floats:
    """Two-sided p-values of sums (k,) of so many patients that they are normal."""
    spread = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
    return np.asarray(2 * ndtr(-np.abs(sums) / spread), dtype=np.float64)
