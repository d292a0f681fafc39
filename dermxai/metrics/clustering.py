"""Whether errors are clustered in few patients.

The statistic is the number of pairs of errors that share a patient. Were the errors spread over the
images at random, the patients' numbers of them would be multivariate hypergeometric; the p-value is
the share of such spreads with as many pairs, (1 + as extreme) / (1 + draws), Phipson & Smyth 2010,
doi:10.2202/1544-6115.1585. So the test is exact whatever the patients' numbers of images; as pairs
are counted in whole numbers, it rejects less often than its level allows. The expected number of
pairs is exact: each two images are both errors with the chance e (e − 1) / (n (n − 1)), of e errors
among n images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.metrics.confusion import ratio


@dataclass(frozen=True)
class Clustering:
    """
    Attributes:
        errors, images: how many.
        units: what is independent, patients for choice, with an error; ``of`` how many.
        most: name of the unit with the most errors, which has ``most_errors`` in ``most_images``.
        pairs, expected: pairs of errors in the same unit, and how many chance would give.
        p: NaN where there is one unit, none has two images, or every image or none is an error.
    """

    errors: int
    images: int
    units: int
    of: int
    most: str
    most_errors: int
    most_images: int
    pairs: int
    expected: float
    p: float


def clustering(
    wrong: ArrayLike, units: ArrayLike, *, draws: int = 5000, seed: int = 0
) -> Clustering:
    """Counts pairs of errors in one unit, and tests whether chance gives as many.

    Args:
        wrong: (n,) whether each image is an error, n at least 1.
        units: (n,) name of the patient of each image, or of whatever is independent.
        draws: spreads at random that the p-value counts.
        seed: of the draws.

    Returns:
        Counts and the one-sided p-value; see the head of this file.
    """
    errors = np.asarray(wrong, dtype=bool)
    names, cluster = np.unique(np.asarray(units), return_inverse=True)
    sizes = np.bincount(cluster)
    held = np.bincount(cluster, weights=errors).astype(np.int64)
    total, pairs = int(errors.sum()), int(_pairs(held))
    p = np.nan
    if len(names) > 1 and sizes.max() > 1 and 0 < total < errors.size:
        generator = np.random.default_rng(seed)
        drawn = generator.multivariate_hypergeometric(sizes, total, draws, method="count")
        p = (1 + int((_pairs(drawn) >= pairs).sum())) / (1 + draws)
    top = int(held.argmax())
    chance = ratio(total * (total - 1), errors.size * (errors.size - 1))
    return Clustering(
        errors=total,
        images=errors.size,
        units=int((held > 0).sum()),
        of=len(names),
        most=str(names[top]),
        most_errors=int(held[top]),
        most_images=int(sizes[top]),
        pairs=pairs,
        expected=float(_pairs(sizes) * chance),
        p=float(p),
    )


def _pairs(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    total: NDArray[np.int64] = (counts * (counts - 1) // 2).sum(axis=-1)
    return total
