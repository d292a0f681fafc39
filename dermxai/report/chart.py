"""The averaged votes of the heads as lines and points of a drawing, for a page without scripts."""

from dataclasses import dataclass

import numpy as np

from dermxai.core.formatting import signed
from dermxai.metrics.set_decomposition import SetDecomposition

WIDTH, LEFT, RIGHT, ROW, TOP = 680, 90, 110, 30, 14


@dataclass(frozen=True)
class Mark:
    """A point with its interval, in pixels; the ends are NaN where there is none."""

    y: float
    x: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        return not np.isnan(self.low)


@dataclass(frozen=True)
class Row:
    name: str
    y: float
    """Of its middle, in pixels."""
    errors: Mark
    right: Mark | None
    value: str


@dataclass(frozen=True)
class Chart:
    width: float
    height: float
    zero: float
    """Where no vote lies, in pixels."""
    rows: tuple[Row, ...]
    rule: float
    """The line above the sum."""


def chart(errors: SetDecomposition, right: SetDecomposition | None) -> Chart:
    """Places the mean votes of the errors, and of correct predictions, on one scale."""
    decompositions = [each for each in (errors, right) if each is not None]
    series = [_series(each) for each in decompositions]
    reach = max(float(np.nanmax(np.abs(each))) for each in series) or 1.0
    middle = (LEFT + WIDTH - RIGHT) / 2
    scaled = [middle + each / reach * (WIDTH - LEFT - RIGHT) / 2 for each in series]
    names = [*errors.heads, "Sum"]
    rows = []
    for i, name in enumerate(names):
        y = TOP + ROW * (i + 0.5) + (ROW * 0.3 if i == len(names) - 1 else 0)
        apart = 5 if right is not None else 0
        marks = [
            Mark(y + side * apart, *(float(value) for value in each[:, i]))
            for side, each in zip((-1, 1), scaled, strict=False)
        ]
        value = signed(float(series[0][0, i]))
        rows.append(Row(name, y, marks[0], marks[1] if right is not None else None, value))
    height = TOP + ROW * (len(names) + 0.6)
    return Chart(WIDTH, height, middle, tuple(rows), TOP + ROW * (len(names) - 0.85))


def _series(decomposition: SetDecomposition) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(3, h + 1): votes and the sum, with the ends of their intervals."""
    return np.array(
        [
            [*decomposition.votes, decomposition.margin],
            [*decomposition.low, decomposition.margin_low],
            [*decomposition.high, decomposition.margin_high],
        ]
    )
