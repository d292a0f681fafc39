"""Dorfman, Berbaum and Metz's analysis of variance of jackknife pseudovalues (1992,
doi:10.1097/00004424-199209000-00015), of readers who all read all cases with every treatment.

With pseudovalues whose mean is the figure of merit itself, and Hillis's degrees of freedom (Hillis,
Berbaum & Metz 2008, doi:10.1016/j.acra.2007.12.015), random readers are tested as by Obuchowski and
Rockette; fixed readers by F rather than chi-square, and without truncation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from dermxai.metrics.confusion import ratio
from dermxai.metrics.mrmc.figures import Figure, measured
from dermxai.metrics.mrmc.obuchowski_rockette import Generalises, Test
from dermxai.metrics.mrmc.ratings import Ratings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PseudovalueAnalysis:
    """
    Attributes:
        mean_squares: of "T", "R", "C" (treatment, reader, case) and their interactions "TR" …
        components: of variance, each of "R", "C", "TR", "TC", "RC", "TRC"; the last holds the
            error. They may come out below 0.
        tests: whether all treatments are alike, by whom it applies to.
    """

    mean_squares: dict[str, float]
    components: dict[str, float]
    tests: dict[Generalises, Test]


def pseudovalues(ratings: Ratings, figure: Figure, threshold: float = np.nan) -> Floats:
    """(t, r, n) of the n cases that the figure of merit is of.

    Args:
        ratings: crossed, of independent cases, each side of which has two.
        figure, threshold: see `figures.measured`.
    """
    found = measured(ratings, figure, threshold)
    counted = found.sides.any(axis=0)
    sizes = found.sides.sum(axis=1)
    size = (found.sides * sizes[:, None]).sum(axis=0)[counted]
    left = found.figures[..., None] - found.influences[..., counted] * size / (size - 1)
    cases = int(counted.sum())
    made = cases * found.figures[..., None] - (cases - 1) * left
    return np.asarray(made + (found.figures - made.mean(axis=-1))[..., None])


def dorfman_berbaum_metz(
    ratings: Ratings, figure: Figure, threshold: float = np.nan
) -> PseudovalueAnalysis:
    """Compares treatments.

    Args:
        ratings, figure, threshold: see `pseudovalues`.

    Raises:
        ValueError: readings are missing, or cases come in clusters.
    """
    if not ratings.read.all() or ratings.clustered:
        raise ValueError("pseudovalues ask that all readers read all cases, which are independent")
    values = pseudovalues(ratings, figure, threshold)
    t, r, c = values.shape
    squares = _mean_squares(values)
    both, cases, whole = squares["TR"], squares["TC"], squares["TRC"]
    random = both + max(cases - whole, 0)
    free = (t - 1) * (r - 1)
    return PseudovalueAnalysis(
        squares,
        {
            "R": (squares["R"] - both - squares["RC"] + whole) / (t * c),
            "C": (squares["C"] - cases - squares["RC"] + whole) / (t * r),
            "TR": (both - whole) / c,
            "TC": (cases - whole) / r,
            "RC": (squares["RC"] - whole) / t,
            "TRC": whole,
        },
        {
            Generalises.BOTH: _f(
                squares["T"], random, t - 1, float(ratio(random**2, both**2)) * free
            ),
            Generalises.CASES: _f(squares["T"], cases, t - 1, (t - 1) * (c - 1)),
            Generalises.READERS: _f(squares["T"], both, t - 1, free),
        },
    )


def _mean_squares(values: Floats) -> dict[str, float]:
    """Of a full three-way table without replicates."""
    axes = {"T": 0, "R": 1, "C": 2}
    effects: dict[str, Floats] = {"": values.mean(keepdims=True)}
    squares = {}
    for name in ("T", "R", "C", "TR", "TC", "RC", "TRC"):
        over = tuple(axis for letter, axis in axes.items() if letter not in name)
        within = [part for part in effects if set(part) < set(name)]
        effects[name] = values.mean(axis=over, keepdims=True) - sum(
            effects[part] for part in within
        )
        repeated = np.prod([values.shape[axis] for axis in over])
        free = np.prod([values.shape[axes[letter]] - 1 for letter in name])
        squares[name] = float(ratio(repeated * np.square(effects[name]).sum(), free))
    return squares


def _f(above: float, below: float, freedom: int, denominator: float) -> Test:
    statistic = float(ratio(above, below)) if below > 0 else np.nan
    return Test(statistic, freedom, denominator, float(fdtrc(freedom, denominator, statistic)))
