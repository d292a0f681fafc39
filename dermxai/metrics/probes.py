"""Linear probes: how well two classes are told apart by features that are given (Alain & Bengio
2017, doi:10.48550/arXiv.1610.01644).

Ridge regression (`dermxai.metrics.linear`) of the class on standardised features, both classes
weighing alike; the penalty is the one with the least squared error on patients held out. Features
are first turned to the principal axes of those that are fitted on, at most `MOST` of them, so that
one decomposition serves every penalty, fold and part of the patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.linear import Problem, ridge

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST = 256
"""Principal axes that are kept."""
FOLDS = 5
"""Of patients, to choose a penalty and to predict those held out."""
PENALTIES = tuple(10.0 ** np.arange(-4, 3.5, 0.5))
"""Relative to the mean variance of an axis."""
_EXACT = 512  # images or features, to which the decomposition is a whole one
_FLAT = 1e-6  # of its mean, or of the widest axis: what deviates less does not vary


@dataclass(frozen=True, eq=False)
class Probe:
    """score = coordinates @ weights + bias; above 0 it speaks for the class.

    Attributes:
        weights: (q,)
        penalty: the one that was chosen, of `PENALTIES`.
    """

    weights: Floats
    bias: float
    penalty: float

    def scores(self, coordinates: Floats) -> Floats:
        """(m,) of coordinates (m, q)."""
        return np.asarray(coordinates @ self.weights + self.bias)


def coordinates(features: NDArray[np.floating], fitting: Flags) -> Floats:
    """(n, q) of features (n, d) on the principal axes of the images ``fitting`` (n,) chooses, each
    feature standardised by these."""
    values = np.asarray(features, dtype=np.float64)
    known = values[fitting]
    mean, spread = known.mean(axis=0), known.std(axis=0)
    varies = spread > _FLAT * np.abs(mean)
    if not varies.any():
        return np.zeros((len(values), 1))
    standard = (values[:, varies] - mean[varies]) / spread[varies]
    return np.asarray(standard @ _axes(standard[fitting]))


def fitted(at: Floats, positive: Flags, clusters: NDArray[np.intp], seed: int = 0) -> Probe:
    """The probe of coordinates (n, q) with the penalty that held-out patients speak for.

    Args:
        at: (n, q)
        positive: (n,) whether the image is of the class; some are, and some are not.
        clusters: (n,) index of each image's patient.
        seed: of the folds.
    """
    fold = folds(positive, clusters, FOLDS, seed)
    errors = np.zeros(len(PENALTIES))
    for held in range(FOLDS):
        there, here = fold == held, fold != held
        if not (_both(positive[there]) and _both(positive[here])):
            continue
        weights, bias = _path(at[here], positive[here])
        missed = at[there] @ weights + bias - np.where(positive[there], 1, -1)[:, None]
        errors += _balance(positive[there]) @ missed**2
    chosen = int(errors.argmin()) if errors.any() else len(PENALTIES) // 2
    weights, bias = _path(at, positive)
    return Probe(weights[:, chosen], float(bias[chosen]), PENALTIES[chosen])


def held_out(
    at: Floats, positive: Flags, clusters: NDArray[np.intp], asked: Flags, seed: int = 0
) -> Floats:
    """(n,) scores of each image that is ``asked``, by a probe of the other patients; NaN of those
    that are not, or where one class has no other patient."""
    fold, scores = folds(positive, clusters, FOLDS, seed), np.full(len(at), np.nan)
    for held in range(FOLDS):
        there, here = (fold == held) & asked, fold != held
        if there.any() and _both(positive[here]):
            probe = fitted(at[here], positive[here], _numbered(clusters[here]), seed)
            scores[there] = probe.scores(at[there])
    return scores


def folds(
    positive: Flags, clusters: NDArray[np.intp], count: int, seed: int = 0
) -> NDArray[np.intp]:
    """(n,) fold of each image, 0 to count − 1: patients whole, those of either class dealt evenly
    in random order; a patient of both counts with the class."""
    rng = np.random.default_rng(seed)
    of_class = np.bincount(clusters, weights=positive) > 0
    fold = np.empty(of_class.size, dtype=np.intp)
    for side in (of_class, ~of_class):
        patients = np.flatnonzero(side)
        fold[rng.permutation(patients)] = np.arange(patients.size) % count
    return fold[clusters]


def share_of_patients(
    positive: Flags, clusters: NDArray[np.intp], share: float, seed: int = 0
) -> Flags:
    """(n,) whether an image is of a random part of the patients, of either class one at least."""
    rng = np.random.default_rng(seed)
    of_class = np.bincount(clusters, weights=positive) > 0
    kept = np.zeros(of_class.size, dtype=bool)
    for side in (of_class, ~of_class):
        patients = rng.permutation(np.flatnonzero(side))
        kept[patients[: max(1, round(share * patients.size))]] = True
    return kept[clusters]


def _axes(standard: Floats) -> Floats:
    """(d, q) directions of most variance of (m, d)."""
    m, d = standard.shape
    if min(m, d) > _EXACT:
        from sklearn.utils.extmath import randomized_svd  # late: slow to import

        _, sizes, axes = randomized_svd(standard.astype(np.float32), MOST, random_state=0)
    else:
        _, sizes, axes = np.linalg.svd(standard, full_matrices=False)
    kept = sizes[:MOST] > _FLAT * sizes[0]
    return np.asarray(axes[:MOST][kept].T, dtype=np.float64)


def _path(at: Floats, positive: Flags) -> tuple[Floats, Floats]:
    """Weights (q, penalty) and biases (penalty,) of every penalty, for a class as 1, the other as
    −1."""
    member = positive.astype(np.intp)
    problem = Problem.of(at, member, 2, _balance(positive), standardised=False)
    variance = max(float(problem.gram.trace()) / at.shape[1], np.finfo(np.float64).tiny)
    made = ridge(problem, [variance * each for each in PENALTIES])
    weights = np.stack([each.weights[:, 1] - each.weights[:, 0] for each in made], axis=1)
    return weights, np.array([each.bias[1] - each.bias[0] for each in made])


def _balance(positive: Flags) -> Floats:
    """(n,) of each image: both classes weigh a half."""
    first, second = max(int(positive.sum()), 1), max(int((~positive).sum()), 1)
    return np.asarray(np.where(positive, 0.5 / first, 0.5 / second))


def _both(positive: Flags) -> bool:
    return bool(positive.any() and not positive.all())


def _numbered(clusters: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.unique(clusters, return_inverse=True)[1]
