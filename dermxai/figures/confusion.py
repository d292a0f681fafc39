"""The confusion matrix. Cells, row names and column names can be clicked.

Plotly reports no click on a heatmap, so invisible square markers lie on its cells and on the names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.formatting import count
from dermxai.figures.template import blank, figure, palette, shortened, text
from dermxai.metrics.confusion import normalised

Show = Literal["counts", "row", "column"]

_TITLE = "Confusion matrix"
_HELP = {
    "counts": "Numbers: images. Colour: share of the row.",
    "row": "Percent of each row; on the diagonal, sensitivities.",
    "column": "Percent of each column; on the diagonal, predictive values.",
}
_SIDE = 560  # pixels of the longer side, names included: what a projector shows at once
_LETTER = 7.4  # pixels of a character of a name
_LONGEST = 16  # characters of a name
_EDGE = 0.05  # room for the outline of the last cell, in cells


def confusion_matrix(table: pd.DataFrame, show: Show = "counts", dark: bool = False) -> go.Figure:
    """True classes as rows, predicted ones as columns.

    A click returns ``customdata``: ``["cell", true code, predicted code]``, ``["row", code]`` or
    ``["column", code]``.

    Args:
        table: counts; index true codes, columns predicted codes, the classes that stand on both
            sides first and in one order.
        show: what is written into the cells.
        dark: colours for a dark page.
    """
    if table.empty:
        return blank(_TITLE, "No image here has a label to compare with.", dark)
    colours = palette(dark)
    grid = Grid.of([str(code) for code in table.index], [str(code) for code in table.columns])
    counts = table.to_numpy(dtype=np.int64)
    shares = normalised(counts, "column" if show == "column" else "row")
    numbers = counts if show == "counts" else 100 * np.nan_to_num(shares)
    words = "Rows: true class. Columns: predicted class. Outlined: predicted correctly. "
    if grid.square < len(grid.rows):
        words += "Below the line: classes that the model does not know. "
    made = figure(_TITLE, words + _HELP[show], dark=dark, **grid.layout())
    made.add_heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        colorscale=list(colours.ramp),
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    written = np.where(counts > 0, np.char.mod("%.0f", numbers), "")
    write_cells(
        made, written, _luminance(shares, colours.ramp), int(np.clip(0.34 * grid.cell, 10, 14))
    )
    x, y, data, hover = grid.targets(counts)
    made.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"symbol": "square", "size": grid.cell, "opacity": 0, "color": colours.warning},
        selected={"marker": {"opacity": 0.45, "color": colours.warning}},
        unselected={"marker": {"opacity": 0}},
        customdata=data,
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    made.update_layout(
        shapes=grid.lines(colours.ink, colours.muted),
        annotations=grid.names(colours.ink),
        hoverdistance=grid.cell,
    )
    return made


def write_cells(
    made: go.Figure, words: NDArray[np.str_], luminance: NDArray[np.float64], size: int
) -> None:
    """Words into cells, dark on light ones and light on dark ones, also while a cell is chosen."""
    for colour, chosen in (("#ffffff", luminance < 0.22), ("#14202b", luminance >= 0.22)):
        rows, columns = np.nonzero(chosen & (words != ""))
        font = {"color": colour}
        made.add_scatter(
            x=columns,
            y=rows,
            mode="text",
            text=words[rows, columns].tolist(),
            textfont=font | {"size": size},
            selected={"textfont": font},
            unselected={"textfont": font},
            hoverinfo="skip",
            showlegend=False,
        )


def _luminance(shares: NDArray[np.float64], ramp: Sequence[str]) -> NDArray[np.float64]:
    """Relative luminance, about, of what the ramp draws for each share."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ramp]) / 255
    luminances = stops**2.2 @ np.array([0.2126, 0.7152, 0.0722])
    return np.asarray(np.interp(shares, np.linspace(0, 1, len(ramp)), luminances))


class _Layout(TypedDict):
    height: int
    width: int
    xaxis: dict[str, object]
    yaxis: dict[str, object]


@dataclass(frozen=True)
class Grid:
    """Where things lie: cell (i, j) has its centre at y = i, x = j, names are left and above."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cell: int
    """Side of a cell in pixels."""
    left: float
    """Width of the band of row names, in cells."""
    above: float
    """Height of the band of column names, in cells."""
    upright: bool
    """Column names stand upright."""

    @classmethod
    def of(cls, rows: Sequence[str], columns: Sequence[str]) -> "Grid":
        wide, high = (
            max(min(len(code), _LONGEST) for code in codes) * _LETTER for codes in (rows, columns)
        )
        most = max(len(rows), len(columns))
        cell = int(np.clip(min((_SIDE - wide - 12) / most, _SIDE / (most + 1)), 28, 84))
        upright = high > cell - 2
        return cls(
            rows=tuple(rows),
            columns=tuple(columns),
            cell=cell,
            left=max(1.0, (wide + 12) / cell),
            above=max(0.7, ((high if upright else 16) + 10) / cell),
            upright=upright,
        )

    @property
    def square(self) -> int:
        """Classes that stand on both sides."""
        pairs = zip(self.rows, self.columns, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(self._shape))

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.columns)

    def layout(self) -> _Layout:
        rows, columns = self._shape
        axis = {"visible": False, "fixedrange": True, "constrain": "domain"}
        return {
            "height": round((rows + self.above + _EDGE) * self.cell),
            "width": round((columns + self.left + _EDGE) * self.cell),
            "xaxis": axis
            | {"range": [-0.5 - self.left, columns - 0.5 + _EDGE], "constraintoward": "left"},
            "yaxis": axis
            | {
                "range": [rows - 0.5 + _EDGE, -0.5 - self.above],
                "constraintoward": "top",
                "scaleanchor": "x",
            },
        }

    def targets(
        self, counts: NDArray[np.int64]
    ) -> tuple[list[float], list[float], list[list[str]], list[str]]:
        """What can be clicked: positions, customdata and hover texts."""
        by_row, by_column = normalised(counts, "row"), normalised(counts, "column")
        targets: list[tuple[float, float, list[str], str]] = []
        for i, true in enumerate(self.rows):
            total = f"{counts[i].sum()} images of {_named(true)}"
            for step in range(int(np.ceil(self.left))):
                targets.append((-1 - step, i, ["row", true], total))
            for j, predicted in enumerate(self.columns):
                words = (
                    f"<b>{count(int(counts[i, j]), 'image')}</b><br>"
                    f"True: {_named(true)}<br>Predicted as: {_named(predicted)}<br>"
                    f"{_percent(by_row[i, j])} of the row, "
                    f"{_percent(by_column[i, j])} of the column"
                )
                targets.append((j, i, ["cell", true, predicted], words))
        for j, predicted in enumerate(self.columns):
            total = f"{count(int(counts[:, j].sum()), 'image')} predicted as {_named(predicted)}"
            for step in range(int(np.ceil(self.above))):
                targets.append((j, -1 - step, ["column", predicted], total))
        x, y, data, hover = zip(*targets, strict=True)
        return list(x), list(y), list(data), list(hover)

    def lines(self, outline: str, separator: str) -> list[dict[str, object]]:
        rows, columns = self._shape
        both = self.square
        lines = [
            {"type": "rect", "x0": i - 0.5, "x1": i + 0.5, "y0": i - 0.5, "y1": i + 0.5}
            | {"line": {"color": outline, "width": 1.5}}
            for i in range(both)
        ]
        edge = {"type": "line", "line": {"color": separator, "width": 1.5, "dash": "dot"}}
        if both < rows:
            lines.append(
                edge
                | {"x0": -0.5 - self.left, "x1": columns - 0.5, "y0": both - 0.5, "y1": both - 0.5}
            )
        if both < columns:
            lines.append(
                edge
                | {"x0": both - 0.5, "x1": both - 0.5, "y0": -0.5 - self.above, "y1": rows - 0.5}
            )
        return lines

    def names(self, ink: str) -> list[dict[str, object]]:
        common = {"showarrow": False, "font": {"size": 13, "color": ink}}
        rows = [
            common
            | {
                "x": -0.5,
                "y": i,
                "xanchor": "right",
                "xshift": -4,
                "text": shortened(code, _LONGEST),
            }
            for i, code in enumerate(self.rows)
        ]
        columns = [
            common
            | {
                "x": j,
                "y": -0.5,
                "yanchor": "bottom",
                "yshift": 3,
                "text": shortened(code, _LONGEST),
            }
            | {"textangle": -90 if self.upright else 0}
            for j, code in enumerate(self.columns)
        ]
        return rows + columns


def _named(code: str) -> str:
    name = taxonomy.name(code)
    return text(code if name == code else f"{code}, {name}")


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"
