"""How far images lie from those that a network was trained on, in its features.

Features are standardised and turned to the principal axes of the training images (`probes`, 256 at
most). The *Mahalanobis* distance is to the nearest class mean under one covariance of all classes
(Lee et al. 2018, doi:10.48550/arXiv.1807.03888), shrunk as Ledoit & Wolf 2004
(doi:10.1016/S0047-259X(03)00096-4); the *relative* one less that to the mean of all under their own
covariance (Ren et al. 2021, doi:10.48550/arXiv.2106.09022); the *nearest neighbour* distance is to
the k-th nearest training image of another patient, features at unit length (Sun et al. 2022,
doi:10.48550/arXiv.2204.06507). Higher is farther. A score says nothing of why, and images that
were fitted on lie nearer than others of their kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import delong, intervals, probes, ranking
from dermxai.metrics.ranking import RocCurve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAHALANOBIS, RELATIVE, NEIGHBOUR = "mahalanobis", "relative_mahalanobis", "nearest_neighbour"
SCORES = (MAHALANOBIS, RELATIVE, NEIGHBOUR)
NEIGHBOURS = 10
FEWEST = 20
"""Images that a score is fitted on."""
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Detection:
    """How well a score tells images of foreign classes from those of known ones.

    Attributes:
        area, low, high: under the ROC curve, with its interval; NaN where undefined.
        curve: foreign images count as positive.
        foreign, known: images.
    """

    area: float
    low: float
    high: float
    curve: RocCurve
    foreign: int
    known: int


def distances(
    features: NDArray[np.floating],
    fitting: Flags,
    labels: NDArray[np.object_],
    clusters: NDArray[np.intp],
) -> Mapping[str, Floats]:
    """(n,) of each of `SCORES`.

    Args:
        features: (n, d)
        fitting: (n,) whether the score is fitted on the image, whose label is known.
        labels: (n,) codes.
        clusters: (n,) index of each image's patient.

    Raises:
        InputError: fewer than 20 images to fit on.
    """
    size = int(fitting.sum())
    if size < FEWEST:
        raise InputError(
            f"{size} training images came; a distance to them takes {FEWEST} of known classes."
        )
    at = probes.coordinates(features, fitting)
    own, of = at[fitting], labels[fitting]
    means = np.stack([own[of == code].mean(axis=0) for code in dict.fromkeys(of)])
    place = {code: index for index, code in enumerate(dict.fromkeys(of))}
    within = own - means[[place[code] for code in of]]
    to_class = np.min([_mahalanobis(at - mean, within) for mean in means], axis=0)
    middle = own.mean(axis=0)
    to_all = _mahalanobis(at - middle, own - middle)
    return {
        MAHALANOBIS: np.sqrt(to_class),
        RELATIVE: to_class - to_all,
        NEIGHBOUR: _neighbour(at, fitting, clusters),
    }


def _mahalanobis(values: Floats, fitted: Floats) -> Floats:
    """(n,) squared, under the covariance of centred values (m, q)."""
    from sklearn.covariance import LedoitWolf  # late: slow to import

    covariance = LedoitWolf(assume_centered=True).fit(fitted).covariance_
    covariance = covariance + np.eye(len(covariance)) * np.finfo(np.float32).tiny
    solved = np.linalg.solve(covariance, values.T)
    return np.asarray(np.maximum((values.T * solved).sum(axis=0), 0))


def _neighbour(at: Floats, fitting: Flags, clusters: NDArray[np.intp]) -> Floats:
    length = np.linalg.norm(at, axis=1, keepdims=True)
    unit = (at / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)
    known, theirs = unit[fitting], clusters[fitting]
    nearest = np.full(len(at), np.nan)
    for start in range(0, len(at), _CHUNK):
        rows = slice(start, start + _CHUNK)
        squared = 2 - 2 * (unit[rows] @ known.T)
        squared[clusters[rows, None] == theirs] = np.inf
        k = min(NEIGHBOURS, squared.shape[1]) - 1
        of = np.partition(squared, k, axis=1)[:, k]
        nearest[rows] = np.sqrt(np.where(np.isfinite(of), np.maximum(of, 0), np.nan))
    return nearest


def detection(
    score: Floats, foreign: Flags, clusters: NDArray[np.intp], level: float = 0.95
) -> Detection:
    """
    Args:
        score: (n,) higher is farther; NaN of images that are left out.
        foreign: (n,) whether the image is of a class that the network does not know.
        clusters: (n,) index of each image's patient.
        level: of the interval.
    """
    known = np.isfinite(score)
    values, side = score[known], foreign[known]
    estimates = delong.areas(side[:, None], values[:, None])
    index = intervals.cluster_index(clusters[known])
    ends = intervals.score_interval(estimates, index, level)
    return Detection(
        float(estimates.value[0]),
        float(ends.low[0]),
        float(ends.high[0]),
        ranking.roc_curve(side, values),
        int(side.sum()),
        int((~side).sum()),
    )
