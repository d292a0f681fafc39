"""Linear classifiers on given features: ridge regression in closed form and multinomial logistic
regression, fast enough to be refitted while somebody waits.

Features are standardised by the images that are fitted on; the penalty is on standardised weights,
relative to the mean loss, and none is on the bias. A feature that does not vary has no weight.
Ridge is scikit-learn's ``Ridge(alpha=penalty * weight.sum())`` on standardised features, logistic
its ``LogisticRegression(C=1 / (penalty * weight.sum()))``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax

from dermxai.core.errors import InputError

Floats = NDArray[np.float64]
Features = NDArray[np.floating]

MOST_FEATURES = 8192
_BLOCK = 2048  # images whose products are summed at once
_EXACT = 4_000_000  # numbers up to which features are held in double precision
_FLAT = 1e-6  # of the largest feature's deviation, below which one does not vary


@dataclass(frozen=True, eq=False)
class Linear:
    """scores = features @ weights + bias.

    Attributes:
        weights: (d, k)
        bias: (k,)
    """

    weights: Floats
    bias: Floats

    def scores(self, features: Features) -> Floats:
        """(m, k) of features (m, d)."""
        return np.asarray(np.asarray(features, np.float64) @ self.weights + self.bias)


@dataclass(frozen=True, eq=False)
class Problem:
    """What is fitted: centred features, and their products, which all penalties share.

    Attributes:
        features: (m, d) less ``mean``, times ``scale`` (d,), which is 0 where a feature does not
            vary.
        true: (m,) index of each image's class, of ``classes``.
        weight: (m,) of each image; they add up to m.
        gram: (d, d) mean product of features.
    """

    features: Features
    mean: Floats
    scale: Floats
    true: NDArray[np.intp]
    classes: int
    weight: Floats
    gram: Floats

    @classmethod
    def of(
        cls,
        features: Features,
        true: NDArray[np.intp],
        classes: int,
        weight: Floats | None = None,
        *,
        standardised: bool = True,
    ) -> "Problem":
        """
        Args:
            features: (m, d)
            true: (m,) index of each image's class.
            classes: how many there are.
            weight: (m,) of the images, alike where not given.
            standardised: whether features are to be; else they are only centred.

        Raises:
            InputError: no image, too many features, or one that is no finite number.
        """
        values = np.asarray(features)
        m, d = values.shape
        if not m or not d:
            raise InputError(
                f"{m} images with {d} features came; a linear classifier needs at least one of "
                "each."
            )
        if d > MOST_FEATURES:
            raise InputError(
                f"{d:,} features an image came; heads are retrained on at most {MOST_FEATURES:,}. "
                "Take those of the final head."
            )
        counted = np.ones(m) if weight is None else np.asarray(weight, np.float64)
        if not counted.sum() > 0 or not np.isfinite(counted).all() or (counted < 0).any():
            raise InputError("Weights of images came that are not positive numbers.")
        counted = counted * (m / counted.sum())
        exact = np.float64 if values.size <= _EXACT else np.float32
        mean = _mean(values, counted)
        standard = np.asarray(values, exact) - mean.astype(exact)
        spread = np.zeros(d)
        for rows in _blocks(m):
            spread += counted[rows] @ np.square(standard[rows], dtype=np.float64)
        spread = np.sqrt(spread / m)
        if not np.isfinite(spread).all():
            broken = int((~np.isfinite(values).all(axis=1)).sum())
            raise InputError(
                f"The features of {broken} of {m} images are not finite numbers; infer again in "
                "float32, or check the checkpoint."
            )
        varies = spread > _FLAT * spread.max(initial=0)
        scale = np.where(varies, 1 / np.where(varies, spread, 1) if standardised else 1.0, 0.0)
        standard *= scale.astype(exact)
        gram = np.zeros((d, d))
        for rows in _blocks(m):
            block = standard[rows]
            gram += (block * counted[rows, None].astype(exact)).T @ block
        return cls(standard, mean, scale, true, classes, counted, gram / m)

    def plain(self, weights: Floats, bias: Floats) -> Linear:
        """On features as they are, of standardised ones."""
        own = weights * self.scale[:, None]
        return Linear(own, bias - self.mean @ own)


def ridge(problem: Problem, penalties: Sequence[float]) -> list[Linear]:
    """Least squares on class membership, one for each penalty."""
    member = np.eye(problem.classes)[problem.true]
    share = problem.weight @ member / len(member)
    target = (member - share) * problem.weight[:, None]
    products = (problem.features.T @ target.astype(problem.features.dtype)) / len(member)
    made = []
    for penalty in penalties:
        factor = _factor(problem.gram, penalty)
        weights = cho_solve(factor, products.astype(np.float64), check_finite=False)
        made.append(problem.plain(weights, share))
    return made


def logistic(
    problem: Problem,
    penalty: float,
    start: tuple[Floats, Floats] | None = None,
    *,
    tolerance: float = 1e-5,
    most: int = 500,
) -> tuple[Linear, tuple[Floats, Floats]]:
    """Multinomial logistic regression with an L2 penalty, by L-BFGS in coordinates in which the
    bound of the loss's curvature is a unit matrix (Böhning 1992, doi:10.1007/BF00048682).

    Args:
        start: standardised weights (d, k) and bias (k,) to begin with, as returned.
        tolerance: of the gradient's largest entry.
        most: iterations.

    Returns:
        The classifier, and what a next one can start from.
    """
    features, true = problem.features, problem.true
    (m, d), k = features.shape, problem.classes
    lower, _ = _factor(problem.gram / 2, penalty)
    rows = np.arange(m)
    weight = problem.weight[:, None] / m
    precise = 1e-14 if features.dtype == np.float64 else 1e-9

    def back(moved: Floats) -> Floats:
        return np.asarray(solve_triangular(lower, moved, trans=1, lower=True, check_finite=False))

    def loss(flat: Floats) -> tuple[float, Floats]:
        moved, bias = flat[: d * k].reshape(d, k), flat[d * k :]
        weights = back(moved)
        told = log_softmax((features @ weights.astype(features.dtype)) + bias, axis=1)
        value = -float(weight[:, 0] @ told[rows, true]) + penalty / 2 * float((weights**2).sum())
        error = np.exp(told)
        error[rows, true] -= 1
        error *= weight
        slope = features.T @ error.astype(features.dtype) + penalty * weights
        turned = solve_triangular(lower, slope, lower=True, check_finite=False)
        return value, np.concatenate([turned.ravel(), error.sum(axis=0)])

    if start is None:
        share = np.bincount(true, weights=problem.weight, minlength=k) / m
        begin = np.concatenate([np.zeros(d * k), np.log(np.maximum(share, 1e-4))])
    else:
        begin = np.concatenate([(np.tril(lower).T @ start[0]).ravel(), start[1]])
    found = minimize(
        loss,
        begin,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": most, "gtol": tolerance, "ftol": precise, "maxcor": 10},
    ).x
    weights, bias = back(found[: d * k].reshape(d, k)), found[d * k :]
    bias = bias - bias.mean()
    return problem.plain(weights, bias), (weights, bias)


def best(
    penalties: Sequence[float], fitted: Callable[[float], Linear], loss: Callable[[Linear], float]
) -> float:
    """The penalty whose classifier has the lowest loss; tried from strong to weak, until two in a
    row are worse than the best."""
    found: list[tuple[float, float]] = []
    for penalty in sorted(penalties, reverse=True):
        found.append((loss(fitted(penalty)), penalty))
        least = min(found)[0]
        if len(found) > 2 and all(value > least for value, _ in found[-2:]):
            break
    return min(found)[1]


def _mean(values: Features, weight: Floats) -> Floats:
    """(d,) of the images (m, d), summed in double precision."""
    total = np.zeros(values.shape[1])
    for rows in _blocks(len(values)):
        total += weight[rows] @ values[rows].astype(np.float64)
    mean: Floats = total / weight.sum()
    return mean


def _blocks(images: int) -> Iterator[slice]:
    for start in range(0, images, _BLOCK):
        yield slice(start, start + _BLOCK)


def _factor(gram: Floats, penalty: float) -> tuple[Floats, bool]:
    """Cholesky's, in the lower triangle; the upper one is of no account."""
    matrix = gram.copy()
    matrix.flat[:: len(gram) + 1] += penalty
    lower, _ = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    return lower, True
