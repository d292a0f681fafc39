"""Conformal prediction sets: all classes whose probability is high enough to hold the true one in a
wanted share of images.

Split conformal prediction with the score 1 − probability of the true class (Sadinle et al. 2019,
doi:10.1080/01621459.2017.1395341; "lac" of MAPIE): a class is in an image's set where its score is
at most the ⌈(n + 1) · coverage⌉-th smallest of the n images that it was fitted on. Marginal sets
have one bound for all classes and hold the true class of so many images in the mean; of each class
they may hold more or fewer. Class-conditional sets have a bound for each class, from the images of
that class (Mondrian; Vovk et al. 2005), and hold it for each. The promise is one of images that are
exchangeable; several images of a patient are alike, so that coverage is measured on other patients.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.calibration import check

Floats = NDArray[np.float64]

COVERAGE = 0.9
"""That is asked for where nobody says another."""
_ROUNDED = 1e-8


@dataclass(frozen=True, eq=False)
class SetRule:
    """
    Attributes:
        coverage: asked for.
        by_class: whether each class has a bound of its own.
        bounds: (k,) highest score, 1 − probability, of a class in a set; infinite where too few
            images were there, so that the class is in every set.
        images: (k,) that each was fitted on.
        units: patients of all of them.
        shared: how many of the images are measured, too.
    """

    coverage: float
    by_class: bool
    bounds: Floats
    images: NDArray[np.int64]
    units: int
    shared: int = 0

    def sets(self, probabilities: Floats) -> NDArray[np.bool_]:
        """(n, k) whether each class is in each image's set.

        Raises:
            InputError: there are not as many classes, or a probability is not between 0 and 1.
        """
        check(probabilities)
        if probabilities.shape[1:] != self.bounds.shape:
            raise InputError(
                f"Sets of {self.bounds.size} classes came for probabilities "
                f"{probabilities.shape}; one bound for each class is needed."
            )
        held: NDArray[np.bool_] = 1 - probabilities - self.bounds <= _ROUNDED
        return held


@dataclass(frozen=True, eq=False)
class MeasuredSets:
    """
    Attributes:
        by_class: a row a class: ``images``, ``units``, ``coverage`` with ``low`` and ``high``,
            ``size`` (mean number of classes in the sets); NaN without images.
        overall: the same of all images, one row.
        sizes: a row a number of classes, 0 to k: ``size``, ``images``, ``share``.
        sets: (n, k)
        clusters: (n,) index of each image's patient.
        level: of the intervals.
    """

    by_class: pd.DataFrame
    overall: pd.DataFrame
    sizes: pd.DataFrame
    sets: NDArray[np.bool_]
    true: NDArray[np.intp]
    clusters: NDArray[np.intp]
    level: float

    def exactly(self, classes: Collection[int]) -> pd.DataFrame:
        """How often a set is exactly these classes (indices): a row for all images and one for the
        images of each of them: ``of`` (−1 for all), ``images``, ``exactly`` (images), ``share``
        with ``low`` and ``high``."""
        wanted = np.isin(np.arange(self.sets.shape[1]), list(classes))
        alike = (self.sets == wanted).all(axis=1)
        of = [-1, *sorted(classes)]
        member = np.column_stack([(self.true == each) | (each < 0) for each in of])
        shares = intervals.shares(np.repeat(alike[:, None], len(of), axis=1), member)
        found = intervals.score_interval(shares, self.clusters, self.level)
        return pd.DataFrame(
            {
                "of": of,
                "images": member.sum(axis=0),
                "exactly": (member & alike[:, None]).sum(axis=0),
                "share": shares.value,
                "low": found.low,
                "high": found.high,
            }
        )


def fitted_sets(
    true: NDArray[np.intp],
    probabilities: Floats,
    coverage: float = COVERAGE,
    *,
    by_class: bool = False,
    units: int,
    shared: int = 0,
) -> SetRule:
    """The rule that these images choose.

    Args:
        true: (n,) index of each image's class.
        probabilities: (n, k)
        coverage: share of images whose set is to hold the true class.
        by_class: a bound for each class.
        units: patients of these images.
        shared: how many of them are measured, too.

    Raises:
        InputError: no image came, the coverage is no share, or a probability is not between 0 and
            1.
    """
    check(probabilities)
    check_coverage(coverage)
    if not true.size:
        raise InputError("No image came to fit prediction sets on; at least one is needed.")
    classes = probabilities.shape[1]
    scores = 1 - probabilities[np.arange(true.size), true]
    if by_class:
        bounds = [_bound(scores[true == each], coverage) for each in range(classes)]
        images = np.bincount(true, minlength=classes)
    else:
        bounds = [_bound(scores, coverage)] * classes
        images = np.full(classes, true.size)
    return SetRule(coverage, by_class, np.array(bounds), images, units, shared)


def check_coverage(coverage: float) -> None:
    """
    Raises:
        InputError: it is no share.
    """
    if not 0 < coverage < 1:
        raise InputError(f"A coverage of {coverage} came; it lies between 0 and 1.")


def _bound(scores: Floats, coverage: float) -> float:
    rank = math.ceil((scores.size + 1) * coverage - 1e-9)
    return float(np.sort(scores)[rank - 1]) if rank <= scores.size else math.inf


def fewest_images(coverage: float) -> int:
    """Images that a bound needs to leave out anything."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def measured_sets(
    rule: SetRule,
    true: NDArray[np.intp],
    probabilities: Floats,
    clusters: NDArray[np.intp],
    level: float,
) -> MeasuredSets:
    """What the sets hold on other images.

    Args:
        rule: that makes them.
        true: (n,) index of each image's class.
        probabilities: (n, k)
        clusters: (n,) of `intervals.cluster_index`.
        level: of the intervals.

    Raises:
        InputError: as `SetRule.sets`.
    """
    sets = rule.sets(probabilities)
    classes = probabilities.shape[1]
    member = true[:, None] == np.arange(classes)
    held = (sets & member).any(axis=1)[:, None]
    size = sets.sum(axis=1)
    rows = np.bincount(size, minlength=classes + 1)
    return MeasuredSets(
        _covered(held, size, member, clusters, level),
        _covered(held, size, np.ones((true.size, 1), dtype=bool), clusters, level),
        pd.DataFrame(
            {"size": np.arange(classes + 1), "images": rows, "share": rows / max(true.size, 1)}
        ),
        sets,
        true,
        clusters,
        level,
    )


def _covered(
    held: NDArray[np.bool_],
    size: NDArray[np.int64],
    member: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    level: float,
) -> pd.DataFrame:
    """A row a group of images, those of a column of ``member`` (n, g)."""
    shares = intervals.shares(held & np.ones_like(member), member)
    found = intervals.score_interval(shares, clusters, level)
    sizes = intervals.means(np.repeat(size[:, None], member.shape[1], axis=1), member)
    return pd.DataFrame(
        {
            "images": member.sum(axis=0),
            "units": intervals.patients_with(member, clusters),
            "coverage": shares.value,
            "low": found.low,
            "high": found.high,
            "size": sizes.value,
        }
    )
