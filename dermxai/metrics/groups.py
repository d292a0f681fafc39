"""Groups of images by a column: the values of texts, numbers cut at quantiles.

A column of few different numbers has a group for each of them. Quantiles are those of the images
that state a number; a group holds what is above its lower and at most its upper end. Of many texts
the most frequent are groups by themselves, the rest is one. A column of several texts in each cell
(artefacts, say) has a group for each, which may overlap. What is not stated is a group, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics.differences import LISTS, NOT_STATED

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CUTS = 4
"""Groups that numbers are cut into."""
MOST_CUTS = 10
MOST_TEXTS = 12
"""Groups of a column of texts, and of one of several texts in each cell."""
OTHERS = "all others"
VALUES, QUANTILES, PARTS = "values", "quantiles", "parts"


class _Group(NamedTuple):
    name: str
    members: Flags
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True, eq=False)
class Groups:
    """g groups of n images.

    Attributes:
        column: that they are of.
        names: (g,)
        members: (n, g) whether an image belongs to each.
        how: `VALUES`, `QUANTILES`, or `PARTS` of cells of several texts.
        ends: (g, 2) between which numbers a group lies, above the first and at most the second; NaN
            of what was not cut at quantiles.
    """

    column: str
    names: tuple[str, ...]
    members: Flags
    how: str
    ends: Floats

    def __len__(self) -> int:
        return len(self.names)


def groups(column: pd.Series, cuts: int = CUTS) -> Groups:
    """
    Args:
        column: (n,) numbers, truth values or texts; its name is that of the groups.
        cuts: groups that more different numbers are cut into, of as many images each as ties allow.

    Raises:
        InputError: there are not 2 to 10 cuts.
    """
    if not 2 <= cuts <= MOST_CUTS:
        raise InputError(f"{cuts} groups of numbers came; expected 2 to {MOST_CUTS}.")
    title = str(column.name)
    how = VALUES
    if title in LISTS:
        how, found = PARTS, _parts(column, LISTS[title])
    elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.unique(numbers[np.isfinite(numbers)])
        how = VALUES if values.size <= cuts else QUANTILES
        found = _by_value(numbers, values) if how == VALUES else _cut(numbers, cuts)
    else:
        found = _texts(column)
    made = [each for each in found if each.members.any()]
    return Groups(
        title,
        tuple(each.name for each in made),
        np.array([each.members for each in made], dtype=bool).reshape(len(made), len(column)).T,
        how,
        np.array([(each.low, each.high) for each in made]).reshape(len(made), 2),
    )


def _by_value(numbers: Floats, values: Floats) -> Iterator[_Group]:
    for value in values:
        yield _Group(f"{value:g}", numbers == value)
    yield _Group(NOT_STATED, ~np.isfinite(numbers))


def _cut(numbers: Floats, cuts: int) -> Iterator[_Group]:
    known = np.isfinite(numbers)
    given = numbers[known]
    inner = np.quantile(given, np.arange(1, cuts) / cuts, method="inverted_cdf")
    edges = np.concatenate([[-np.inf], np.unique(inner[inner < given.max()]), [np.inf]])
    said = _said(edges[1:-1])
    for place, (low, high) in enumerate(pairwise(edges)):
        if place == 0:
            name = f"≤{said[0]}" if said else "all"
        else:
            name = (
                f">{said[place - 1]}"
                if np.isposinf(high)
                else "–".join(said[place - 1 : place + 1])
            )
        yield _Group(name, known & (numbers > low) & (numbers <= high), float(low), float(high))
    yield _Group(NOT_STATED, ~known)


def _said(edges: Floats) -> list[str]:
    """Edges in as few digits as tell them apart."""
    for digits in range(3, 17):
        said = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(said)) == len(said):
            break
    return said if edges.size else []


def _texts(column: pd.Series) -> Iterator[_Group]:
    texts = column.astype("str").where(column.notna(), NOT_STATED).to_numpy(dtype=object)
    frequent = pd.Series(texts).value_counts(sort=True)
    order = sorted(frequent.index, key=lambda text: (-frequent[text], text))
    named = order if len(order) <= MOST_TEXTS else order[: MOST_TEXTS - 1]
    for text in sorted(named, key=lambda text: (text == NOT_STATED, text)):
        yield _Group(text, texts == text)
    if len(order) > len(named):
        rest = ~np.isin(texts.astype(str), list(named))
        yield _Group(OTHERS, rest)


def _parts(column: pd.Series, separator: str) -> Iterator[_Group]:
    cells = [
        set(str(value).split(separator)) - {""} if told else set()
        for value, told in zip(column, column.notna(), strict=True)
    ]
    counts = pd.Series([part for cell in cells for part in cell], dtype=object).value_counts()
    for part in sorted(sorted(counts.index, key=lambda part: (-counts[part], part))[:MOST_TEXTS]):
        yield _Group(part, np.array([part in cell for cell in cells], dtype=bool))
    yield _Group("none", np.array([not cell for cell in cells], dtype=bool))
