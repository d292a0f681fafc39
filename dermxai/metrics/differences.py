"""What distinguishes one group of images (errors, say) from another (those predicted correctly).

Effects: for numbers the difference of the two means, with Student's interval over patients, for
categories the difference of the shares that have a value, with Newcombe's (`intervals`).

Tests: of the association of the column with the group over images, with patients as what is
independent (`association.p_values`, where the null hypothesis stands). Numbers are tested by their
ranks and categories by their counts, so that with one image a patient it is Mann & Whitney's test,
with ties, and Fisher's, but for ties in its tail. q-values control the false discovery rate over
all rows (Benjamini & Hochberg 1995). Correlated columns repeat each other, and nothing here says
what causes what.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import association, intervals
from dermxai.metrics.notes import Note, Reason

Floats = NDArray[np.float64]

MOST_VALUES = 12
"""A column of more texts than that is not compared."""
FEW = 20
"""Units below which a group is called small."""
LISTS: Mapping[str, str] = {"artefacts": " ", "artifacts": " "}
"""Columns of several texts, and what separates them; nothing stated means none of them."""
NOT_STATED = "not stated"


@dataclass(frozen=True, eq=False)
class Differences:
    """
    Attributes:
        table: one row a number or value of a category, the smallest p-value first: ``column``,
            ``value`` ("" for numbers), ``first`` and ``second`` (means, or shares), ``known`` (how
            many images of both groups state it), ``difference`` with ``low`` and ``high``, ``p``
            and ``q``.
        images: of the two groups.
        units: independent units (patients) in each.
        notes: what was not compared, and why; how far few images carry.
    """

    table: pd.DataFrame
    images: tuple[int, int]
    units: tuple[int, int]
    notes: tuple[Note, ...]


def differences(
    samples: pd.DataFrame,
    chosen: ArrayLike,
    units: ArrayLike,
    *,
    unit: str = "patients",
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Differences:
    """Compares two groups of images in every column.

    Args:
        samples: (n rows) the columns to compare: numbers, truth values, or texts of few values.
        chosen: (n,) whether a row belongs to the first group; the others are the second.
        units: (n,) the patient of each row, or whatever is independent.
        unit: what the independent units are called.
        draws: of the tests.
        seed: of the draws.
        level: of the intervals.

    Raises:
        InputError: lengths differ, or a group is empty.
    """
    first = np.asarray(chosen, dtype=bool)
    if first.shape != (len(samples),) or np.shape(units) != first.shape:
        raise InputError(
            f"{first.shape} groups and {np.shape(units)} patients came for {len(samples)} images; "
            "one of each is needed."
        )
    if first.all() or not first.any():
        raise InputError(
            f"{first.sum()} and {(~first).sum()} images came; a comparison needs one in each group."
        )
    features = list(_features(samples))
    clusters = intervals.cluster_index(units)
    sides = np.column_stack([first, ~first])
    images, counts = sides.sum(axis=0), intervals.patients_with(sides, clusters)
    table = pd.DataFrame(
        {"column": [each.column for each in features], "value": [each.value for each in features]}
    )
    values = np.column_stack([np.empty((len(first), 0)), *(each.numbers for each in features)])
    table[["first", "second", "known", "difference", "low", "high"]] = _effects(
        values, (table["value"] != "").to_numpy(), first, clusters, level
    )
    shares = table["value"] != ""
    table.loc[shares, ["low", "high"]] = table.loc[shares, ["low", "high"]].clip(-1, 1)
    table["known"] = table["known"].astype(int)
    known = np.isfinite(values)
    enough = _enough(first, clusters)
    testable = np.array([_enough(first[of], clusters[of]) for of in known.T], dtype=bool)
    table["p"] = np.nan
    if testable.any():
        scores = np.column_stack([each.scores for each in features])[:, testable]
        table.loc[testable, "p"] = association.p_values(scores, first, clusters, draws, seed)
    table["q"] = np.nan
    tested = table["p"].notna()
    if tested.any():
        from scipy.stats import false_discovery_control  # late: slow to import

        table.loc[tested, "q"] = false_discovery_control(table.loc[tested, "p"])
    return Differences(
        table=table.sort_values(["p", "column"], kind="stable", ignore_index=True),
        images=(int(images[0]), int(images[1])),
        units=(int(counts[0]), int(counts[1])),
        notes=(
            *_about(images, counts, enough, unit),
            *(_untested(table["column"][~testable], unit) if enough else ()),
            *_left_out(samples),
        ),
    )


@dataclass(frozen=True, eq=False)
class _Feature:
    column: str
    value: str
    numbers: Floats
    """(n,) what means are taken of; NaN where it is not stated."""

    @property
    def scores(self) -> Floats:
        """(n,) what is tested: ranks of numbers, ones of categories; the mean where not stated."""
        return association.scores(self.numbers, ranked=not self.value)


def _features(samples: pd.DataFrame) -> Iterator[_Feature]:
    for name, column in samples.items():
        title = str(name)
        if title in LISTS:
            sets = [_listed(value, LISTS[title]) for value in column]
            for value in sorted(set().union(*sets)):
                yield from _varying(title, value, [value in each for each in sets])
        elif _is_number(column):
            yield from _varying(title, "", column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            texts = _texts(column)
            present = sorted(set(texts))
            if 1 < len(present) <= MOST_VALUES:
                for value in present[len(present) == 2 :]:  # of two, one says it all
                    yield from _varying(title, value, texts == value)


def _varying(column: str, value: str, values: ArrayLike) -> Iterator[_Feature]:
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    if known.size and known.min() < known.max():
        yield _Feature(column, value, numbers)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype("str").where(column.notna(), NOT_STATED)


def _listed(value: object, separator: str) -> set[str]:
    return set(str(value).split(separator)) - {""} if pd.notna(value) else set()  # type: ignore[call-overload]


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _effects(
    values: Floats,
    shares: NDArray[np.bool_],
    first: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    level: float,
) -> Floats:
    """(k, 6): both means, images that state it, the difference and its interval, NaN where it is
    the same whoever is drawn.

    Args:
        values: (n, k) NaN where not stated.
        shares: (k,) whether the values are 0 or 1.
        first: (n,) whether the image is of the first group.
        clusters: (n,) index of each image's unit.
        level: of the interval.
    """
    known = np.isfinite(values)
    sides = [known & side[:, None] for side in (first, ~first)]
    one, other = (intervals.means(values, side).value for side in sides)
    effects = np.column_stack([one, other, known.sum(axis=0), one - other, one, one])
    here, there = (intervals.shares(values[:, shares], side[:, shares]) for side in sides)
    between = intervals.difference_interval(here, there, clusters, level)
    effects[shares, 4:] = np.column_stack([between.low, between.high])
    apart = intervals.group_difference(values[:, ~shares], known[:, ~shares], first)
    between = intervals.student_interval(apart, clusters, level)
    effects[~shares, 4:] = np.column_stack([between.low, between.high])
    return effects


def _enough(first: NDArray[np.bool_], clusters: NDArray[np.intp]) -> bool:
    """Whether the groups of these images have enough of them to be tested."""
    held, sizes = (np.bincount(clusters, weights=of) for of in (first, np.ones(first.size)))
    return bool(association.testable(held.astype(np.float64), sizes.astype(np.float64)))


def _about(
    images: NDArray[np.int64], units: NDArray[np.int64], enough: bool, unit: str
) -> Iterator[Note]:
    """How far the group that limits the comparison carries: one with too few images, else that of
    fewest units."""
    has_images, has_units = min(
        zip(images.tolist(), units.tolist(), strict=True),
        key=lambda group: (group[0] >= association.FEWEST_IMAGES, group[1], group[0]),
    )
    if not enough or has_units < FEW:
        reason = Reason.SMALL_GROUP if enough else Reason.TOO_FEW_TO_TEST
        yield Note(reason, images=has_images, units=has_units, unit=unit)


def _untested(columns: "pd.Series[str]", unit: str) -> Iterator[Note]:
    if not columns.empty:
        yield Note(Reason.UNTESTED, tuple(dict.fromkeys(columns)), unit=unit)


def _left_out(samples: pd.DataFrame) -> Iterator[Note]:
    many = tuple(
        str(name)
        for name, column in samples.items()
        if str(name) not in LISTS
        and not _is_number(column)
        and _texts(column).nunique() > MOST_VALUES
    )
    if many:
        yield Note(Reason.MANY_VALUES, many)
