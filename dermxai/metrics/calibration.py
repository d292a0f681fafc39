"""Calibration: whether what is predicted with a probability is right as often, and temperature
scaling.

Probabilities are put into `BINS` bins of equal width, those at an edge into the lower one. The
expected calibration error (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602) is the mean distance of
probability and share over images. It is too large where bins hold few images; the debiased form
takes off what the noise of the shares adds (Kumar et al. 2019, arXiv:1909.10155), which is summed
over patients here. The Brier score is over all classes, 0 to 2 (Brier 1950), and is reliability −
resolution + uncertainty + what probabilities vary within bins (Murphy 1973; Stephenson et al.
2008, doi:10.1175/2007WAF2006116.1).
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, ndtr, softmax

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio

Floats = NDArray[np.float64]

BINS = 15
TEMPERATURES = (0.05, 20.0)
"""Between which the temperature is sought."""
_ROUNDED = 1e-5
_LEAST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Of an event that a probability is told of: that the prediction is right, or that an image is
    of a class.

    Attributes:
        bins: a row a bin that has images: ``from``, ``to``, ``images``, ``units``, ``probability``
            (mean), ``share`` (of the images where it came true) with ``low`` and ``high``.
        ece: NaN without images.
        ece_debiased: not below 0.
    """

    bins: pd.DataFrame
    ece: float
    ece_debiased: float


@dataclass(frozen=True)
class Brier:
    """The score of all classes and its parts: ``score = reliability − resolution + uncertainty +
    within``."""

    score: float
    low: float
    high: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by.

    Attributes:
        value: at which the images that it was fitted on have the lowest mean negative log
            likelihood.
        before, after: that likelihood at 1 and at the value.
        images, units: that it was fitted on.
        at_bound: the lowest lies beyond `TEMPERATURES`.
        shared: how many of the images are measured, too.
    """

    value: float
    before: float
    after: float
    images: int
    units: int
    at_bound: bool
    shared: int = 0


def bin_of(probabilities: Floats) -> NDArray[np.intp]:
    """Which bin each is in, 0 to `BINS` − 1."""
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.searchsorted(edges, probabilities, side="left")


def reliability(
    probabilities: Floats, came_true: NDArray[np.bool_], clusters: NDArray[np.intp], level: float
) -> Reliability:
    """
    Args:
        probabilities: (n,) of an event, 0 to 1.
        came_true: (n,) whether it is so.
        clusters: (n,) of `intervals.cluster_index`.
        level: of the intervals.

    Raises:
        InputError: a probability is not between 0 and 1.
    """
    check(probabilities)
    bins = bin_of(probabilities)
    used = np.unique(bins)
    member = bins[:, None] == used
    images = member.sum(axis=0)
    shares = intervals.shares(np.repeat(came_true[:, None], used.size, axis=1), member)
    found = intervals.score_interval(shares, clusters, level)
    mean = ratio(probabilities @ member, images)
    table = pd.DataFrame(
        {
            "from": used / BINS,
            "to": (used + 1) / BINS,
            "images": images,
            "units": intervals.patients_with(member, clusters),
            "probability": mean,
            "share": shares.value,
            "low": found.low,
            "high": found.high,
        }
    )
    apart = shares.value - mean
    noise = _noise(came_true - probabilities, member, clusters)
    weight = ratio(images, images.sum())
    expected = _folded(apart, noise)
    if not came_true.size:
        return Reliability(table, math.nan, math.nan)
    debiased = max(float(weight @ (2 * np.abs(apart) - expected)), 0.0)
    return Reliability(table, float(weight @ np.abs(apart)), debiased)


def brier(
    true: NDArray[np.intp], probabilities: Floats, clusters: NDArray[np.intp], level: float
) -> Brier:
    """
    Args:
        true: (n,) index of each image's class.
        probabilities: (n, k)
        clusters: (n,) of `intervals.cluster_index`.
        level: of the interval.

    Raises:
        InputError: a probability is not between 0 and 1.
    """
    check(probabilities)
    if not true.size:
        return Brier(*[math.nan] * 7)
    member = (true[:, None] == np.arange(probabilities.shape[1])).astype(np.float64)
    squares = ((probabilities - member) ** 2).sum(axis=1)[:, None]
    means = intervals.means(squares, np.ones_like(squares, dtype=bool))
    ends = intervals.student_interval(means, clusters, level)
    parts = np.zeros(3)  # reliability, resolution, uncertainty
    for event, told in zip(member.T, probabilities.T, strict=True):
        bins = bin_of(told)
        images = np.bincount(bins, minlength=BINS)
        share, mean = (
            np.nan_to_num(ratio(np.bincount(bins, weights=each, minlength=BINS), images))
            for each in (event, told)
        )
        base = event.mean()
        parts[0] += images @ (mean - share) ** 2 / true.size
        parts[1] += images @ (share - base) ** 2 / true.size
        parts[2] += base * (1 - base)
    score = float(means.value[0])
    within = score - (parts[0] - parts[1] + parts[2])
    low, high = max(float(ends.low[0]), 0.0), min(float(ends.high[0]), 2.0)
    low, high = (low, high) if np.isfinite(ends.low[0]) else (math.nan, math.nan)
    reliability_, resolution, uncertainty = map(float, parts)
    return Brier(score, low, high, reliability_, resolution, uncertainty, float(within))


def add_up(probabilities: Floats) -> bool:
    """Whether those of each image (n, k) add up to 1, as a softmax makes them."""
    return bool(np.allclose(probabilities.sum(axis=1), 1, atol=100 * _ROUNDED))


def log_loss(true: NDArray[np.intp], probabilities: Floats) -> float:
    """Mean negative logarithm of the probability of each image's class; NaN without images, and
    where probabilities do not add up to 1."""
    if not true.size or not add_up(probabilities):
        return math.nan
    own = np.maximum(probabilities[np.arange(true.size), true], _LEAST)
    return float(-np.log(own).mean())


def fitted_temperature(
    true: NDArray[np.intp], probabilities: Floats, *, units: int, shared: int = 0
) -> Temperature:
    """The temperature of the lowest log loss (Guo et al. 2017, arXiv:1706.04599).

    Args:
        true: (n,) index of each image's class.
        probabilities: (n, k) of temperature 1.
        units: patients of these images.
        shared: how many of them are measured, too.

    Raises:
        InputError: there is no image, or a probability is not between 0 and 1.
    """
    check(probabilities)
    if not true.size:
        raise InputError("No image came to fit a temperature on; at least one is needed.")
    if not add_up(probabilities):
        raise InputError(
            "Probabilities came that do not add up to 1 over the classes, as those of a sigmoid; "
            "one temperature is for those that do."
        )
    logits = np.log(np.maximum(probabilities, _LEAST))
    rows = np.arange(true.size)

    def loss(logarithm: float) -> float:
        return float(-log_softmax(logits / math.exp(logarithm), axis=1)[rows, true].mean())

    low, high = (math.log(bound) for bound in TEMPERATURES)
    options = {"xatol": 1e-8}
    inner = float(minimize_scalar(loss, bounds=(low, high), method="bounded", options=options).x)
    least = min(map(loss, (0.0, low, high, inner))) + 1e-12
    best = next(place for place in (0.0, low, high, inner) if loss(place) <= least)
    return Temperature(
        value=math.exp(best),
        before=loss(0.0),
        after=loss(best),
        images=int(true.size),
        units=units,
        at_bound=best in (low, high),
        shared=shared,
    )


def at_temperature(probabilities: Floats, temperature: float) -> Floats:
    """(n, k) probabilities whose logits are divided by the temperature."""
    if not probabilities.size:
        return probabilities
    scaled: Floats = softmax(np.log(np.maximum(probabilities, _LEAST)) / temperature, axis=1)
    return scaled


def check(probabilities: Floats) -> None:
    """
    Raises:
        InputError: one is not between 0 and 1.
    """
    bad = ~((probabilities >= 0) & (probabilities <= 1 + _ROUNDED))
    if bad.any():
        raise InputError(
            f"{np.count_nonzero(bad)} of {bad.size} probabilities are not between 0 and 1; infer "
            "again, or check the table."
        )


def _noise(residuals: Floats, member: NDArray[np.bool_], clusters: NDArray[np.intp]) -> Floats:
    """(b,) standard errors of the mean residual of each bin, residuals summed over patients."""
    images = member.sum(axis=0)
    apart = np.where(member, residuals[:, None] - ratio(residuals @ member, images), 0)
    cells = int(clusters.max(initial=-1)) + 1
    sums = np.zeros((cells, member.shape[1]))
    np.add.at(sums, clusters, apart)
    patients = intervals.patients_with(member, clusters)
    several = ratio(patients, patients - 1)
    error: Floats = np.nan_to_num(np.sqrt((sums**2).sum(axis=0) * several) / images)
    return error


def _folded(mean: Floats, error: Floats) -> Floats:
    """Expected size of a normal number."""
    scaled = np.nan_to_num(ratio(mean, error), nan=np.inf)
    tail = np.where(error > 0, np.exp(-(scaled**2) / 2), 0)
    spread = error * np.sqrt(2 / np.pi) * tail
    size: Floats = np.where(error > 0, spread + mean * (1 - 2 * ndtr(-scaled)), np.abs(mean))
    return size
