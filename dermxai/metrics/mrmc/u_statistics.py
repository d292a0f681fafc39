"""Figures of merit pooled over readers as U-statistics, for any design: readers and cases may be
missing wherever they are.

The pooled AUC is the share of all pairs of cases that readers rank right, its variance a sum over
the ways in which two such pairs may share a reader, a diseased case, another case (Gallas 2006,
doi:10.1016/j.acra.2005.11.030; Gallas et al. 2009, doi:10.1080/03610920802610084, with the moments'
unbiased estimates). A proportion is the share of right answers, over readers and cases. Degrees of
freedom are those of Barrett, Gallas and colleagues as the program iMRMC has them: each factor's
squared biased component by its cube.

The variance is unbiased and, of a difference with few readers, uncertain: in one study of five it
comes out below 0, so that there is no error, interval and p, and where it comes out just above, a
difference is found too often (3.5 to 10.0 % at 5 %, 5 readers). To test a difference take
`obuchowski_rockette` of each reader's own figure, which holds 5 % with a tenth and three tenths of
the ratings missing, too (docs/reader-studies.md); this is for the same numbers as iMRMC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.confusion import ratio
from dermxai.metrics.mrmc import figures
from dermxai.metrics.mrmc.figures import Figure
from dermxai.metrics.mrmc.obuchowski_rockette import Estimate, estimate
from dermxai.metrics.mrmc.ratings import Ratings

Floats = NDArray[np.float64]

NORMAL = 50.0
"""Degrees of freedom from which on iMRMC takes the normal distribution."""


@dataclass(frozen=True)
class Pooled:
    """
    Attributes:
        estimate: with its interval; a difference is the first treatment less the second.
        variance: unbiased, so that it may be below 0; then the estimate has no error, ends and p.
        freedom: before it is rounded.
    """

    estimate: Estimate
    variance: float
    freedom: float


class _Parts(NamedTuple):
    """What the covariance of two treatments' pooled figures is made of.

    Attributes:
        covariance: unbiased.
        components: (factor,) biased, of each kind of case and of readers.
        weights: (factor,) sum of the squared weights of a factor's members; 0 where the treatments
            share none.
    """

    covariance: float
    components: Floats
    weights: Floats


def pooled(
    ratings: Ratings,
    treatments: Sequence[int],
    figure: Figure = Figure.AUC,
    threshold: float = np.nan,
    *,
    whole_freedom: bool = False,
    level: float = 0.95,
) -> Pooled:
    """A pooled figure of merit of one treatment, or the difference of two.

    Args:
        ratings: in any design; cases are independent.
        treatments: one or two, by index.
        figure, threshold: see `figures.measured`.
        whole_freedom: degrees of freedom rounded down, and the normal distribution from `NORMAL`
            on, as iMRMC does.
        level: of the interval.

    Raises:
        ValueError: cases come in clusters, which this variance does not know.
    """
    if ratings.clustered:
        raise ValueError("U-statistics take cases as independent")
    chosen = ratings.by(list(treatments))
    t, r = chosen.scores.shape[:2]
    products, counts = _pair_sums(chosen, figure, threshold)
    sums, sizes = (
        np.sqrt(np.diag(each.sum(axis=0))).reshape(t, r).sum(axis=1) for each in (products, counts)
    )
    values = ratio(sums, sizes)
    signs = np.array([1.0, -1.0][:t])
    apart = np.outer(signs, signs)
    products, counts = (each.reshape(-1, t, r, t, r) for each in (products, counts))
    parts = {
        (a, b): _parts(
            products[:, a, :, b],
            counts[:, a, :, b],
            float(sizes[a] * sizes[b]),
            float(values[a] * values[b]),
        )
        for a in range(t)
        for b in range(t)
    }
    variance = float(sum(apart[place] * part.covariance for place, part in parts.items()))
    free = _freedom(parts, apart, variance)
    used = free
    if whole_freedom:
        used = np.inf if free >= NORMAL else float(np.floor(free))
    error = float(np.sqrt(variance)) if variance >= 0 else np.nan
    found = estimate(float(signs @ values), error, used, level, treatments=tuple(treatments))
    return Pooled(found, variance, free)


def _pair_sums(ratings: Ratings, figure: Figure, threshold: float) -> tuple[Floats, Floats]:
    """Products and counts (shared, a, a), by which cases two outcomes share."""
    if figure is Figure.AUC:
        return figures.pair_sums(ratings)
    hits, read = figures.outcomes(ratings, figure, threshold)
    products, counts = (
        np.stack([np.outer(each.sum(axis=1), each.sum(axis=1)) - each @ each.T, each @ each.T])
        for each in (hits, read)
    )
    return products, counts


def _parts(products: Floats, counts: Floats, size: float, square: float) -> _Parts:
    """Of two treatments: ``products`` and ``counts`` (shared, r, r), ``size`` the number of pairs
    of outcomes, ``square`` the product of the figures."""
    same = np.eye(products.shape[1], dtype=bool)
    sums, numbers = (
        np.stack([each[:, ~same].sum(axis=1), each[:, same].sum(axis=1)], axis=1)
        for each in (products, counts)
    )  # (shared, 2): other readers, the same reader
    moments = np.nan_to_num(ratio(sums, numbers))
    nothing_shared = float(ratio(sums[0, 0], numbers[0, 0]))
    factors = ((1, 3), (2, 3)) if len(sums) > 2 else ((1,),)
    by_factor = [(sums[list(of)].sum(), numbers[list(of)].sum()) for of in factors]
    by_factor.append((sums[:, 1].sum(), numbers[:, 1].sum()))
    above, below = np.array(by_factor).T
    return _Parts(
        float((numbers / size * moments).sum() - nothing_shared),
        np.where(below > 0, ratio(above, below) - square, 0),
        below / size,
    )


def _freedom(parts: Mapping[tuple[int, int], _Parts], signs: Floats, variance: float) -> float:
    """Each factor's squared biased component by the cube of its degrees of freedom, those of the
    treatment with fewer; a factor that treatments do not share counts for each by itself."""
    t = len(signs)
    below, fewest = 0.0, np.inf
    for factor in range(parts[0, 0].weights.size):
        own = [float(np.rint(ratio(1, parts[a, a].weights[factor]) - 1)) for a in range(t)]
        fewest = min(fewest, *own)
        alone = [float(parts[a, a].components[factor]) for a in range(t)]
        if t == 1 or parts[0, 1].weights[factor] > 0:
            together = sum(signs[place] * part.components[factor] for place, part in parts.items())
            below += float(ratio(together**2, min(own) ** 3))
        else:
            below += float(ratio(np.square(alone), np.power(own, 3)).sum())
    return max(float(ratio(variance**2, below)), fewest)
