"""The map of features: one point an image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from dermxai import taxonomy
from dermxai.figures.template import Palette, blank, figure, palette, shortened, text

_HEIGHT = 560
_MOST = 17  # categories that colours can tell apart
_MISSING, _OTHER = "not stated", "other"
SELECTED, PRIMARY, PINNED = "Selected", "Primary", "Pinned"
RINGS = {
    SELECTED: ("circle-open", 4, 1),
    PRIMARY: ("circle-open", 12, 3),
    PINNED: ("square-open", 12, 3),
}
"""Of each mark the symbol, how many pixels it is wider than a point, and its line."""


def feature_map(
    coordinates: ArrayLike,
    sample_ids: Sequence[str],
    values: Sequence[object],
    *,
    title: str = "Feature map",
    label: str = "",
    hover: Sequence[str] | None = None,
    colours: Mapping[str, str] | None = None,
    total: int | None = None,
    marks: Mapping[str, Sequence[str]] | None = None,
    camera: tuple[float, float, float, float] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Points coloured by a column: numbers on a scale, anything else by category.

    ``customdata`` of each point is its sample id.

    Args:
        coordinates: (n, 2)
        sample_ids: (n,)
        values: (n,) what colours the points.
        title: what is seen ("UMAP of the features").
        label: what the colour means ("True class").
        hover: (n,) lines made by `hover_lines`; the ids where None.
        colours: colour of each category, in the legend's order; those of the taxonomy where None.
        total: images of the run, where fewer are drawn.
        marks: sample ids that are ringed whatever the colouring, by what they are (`RINGS`).
        camera: (left, right, low, high) of what is seen; all where None.
        dark: colours for a dark page.
    """
    places = np.asarray(coordinates, dtype=np.float64).reshape(-1, 2)
    if not len(places):
        return blank(title, "There is no image to draw.", dark)
    ids = np.array([str(name) for name in sample_ids], dtype=object)
    lines = np.array([text(name) for name in ids] if hover is None else hover, dtype=object)
    column = pd.Series(list(values), dtype=object).infer_objects()
    made = figure(
        title,
        f"Near points have like features; the axes have no unit. {_drawn(len(places), total)}",
        height=_HEIGHT,
        dark=dark,
        xaxis={"visible": False},
        yaxis={"visible": False, "scaleanchor": "x"},
        legend={"title": {"text": text(label)}},
        dragmode="pan",  # with lasso or box, the dashboard would hear no clicks
    )
    size = float(np.clip(180 / np.sqrt(len(places)), 4, 10))
    drawn = _Points(places, ids, lines, size)
    if is_numeric_dtype(column) and not is_bool_dtype(column):
        drawn.add_numbers(made, column.to_numpy(dtype=np.float64), text(label), palette(dark))
    else:
        drawn.add_categories(made, column, colours, dark)
    for name, marked in (marks or {}).items():
        drawn.add_rings(made, np.flatnonzero(np.isin(ids, list(marked))), name, palette(dark))
    if camera is not None:
        left, right, low, high = camera
        made.update_layout(xaxis_range=[left, right], yaxis_range=[low, high])
    return made


def hover_lines(
    sample_ids: Sequence[str],
    true: Sequence[object],
    predicted: Sequence[str],
    probabilities: ArrayLike,
) -> list[str]:
    """What a point says: id, label, prediction and its probability; (n,) each."""
    return [
        f"<b>{shortened(name, 40)}</b><br>True: {text(label) if known else 'no label'}"
        f"<br>Predicted as: {text(predicted)}, {100 * share:.0f} %"
        for name, label, known, predicted, share in zip(
            sample_ids, true, _stated(true), predicted, np.asarray(probabilities), strict=True
        )
    ]


@dataclass(frozen=True, eq=False)
class _Points:
    places: NDArray[np.float64]
    ids: NDArray[np.object_]
    hover: NDArray[np.object_]
    size: float

    def add(
        self, made: go.Figure, at: NDArray[np.intp], marker: dict[str, object], name: str
    ) -> None:
        made.add_scattergl(
            x=self.places[at, 0].astype(np.float32),
            y=self.places[at, 1].astype(np.float32),
            mode="markers",
            marker={"size": self.size, "opacity": 0.85, "line": {"width": 0}} | marker,
            customdata=self.ids[at],
            hovertext=self.hover[at],
            hovertemplate="%{hovertext}<extra></extra>",
            name=name,
            showlegend=bool(name),
        )

    def add_rings(self, made: go.Figure, at: NDArray[np.intp], name: str, look: Palette) -> None:
        """Around points that are drawn; none where there are none."""
        if not at.size:
            return
        symbol, wider, width = RINGS[name]
        marker = {
            "symbol": symbol,
            "size": self.size + wider,
            "opacity": 1,
            "color": look.ink,
            "line": {"width": width, "color": look.ink},
        }
        self.add(made, at, marker, f"{name}  {at.size}" if at.size > 1 else name)

    def add_numbers(
        self, made: go.Figure, values: NDArray[np.float64], label: str, look: Palette
    ) -> None:
        known = np.isfinite(values)
        if not known.all():
            self.add(made, np.flatnonzero(~known), {"color": look.missing}, _MISSING)
        marker = {
            "color": values[known],
            "colorscale": list(look.scale),
            "colorbar": {
                "title": {"text": label, "font": {"size": 12, "color": look.muted}},
                "thickness": 12,
                "outlinewidth": 0,
                "len": 0.8,
            },
        }
        self.add(made, np.flatnonzero(known), marker, "")

    def add_categories(
        self,
        made: go.Figure,
        column: pd.Series,
        colours: Mapping[str, str] | None,
        dark: bool,
    ) -> None:
        names = np.array(
            [str(v) if k else _MISSING for v, k in zip(column, _stated(column), strict=True)],
            dtype=object,
        )
        order, fills = _legend(names, colours, dark)
        names[~np.isin(names, order)] = _OTHER
        for name in order:
            at = np.flatnonzero(names == name)
            words = f"{shortened(name, 24)}  {at.size}"
            self.add(made, at, {"color": fills[name]}, words)


def _legend(
    names: NDArray[np.object_], colours: Mapping[str, str] | None, dark: bool
) -> tuple[list[str], dict[str, str]]:
    """Categories in the order of the legend, and their colours. The rarest beyond what colours can
    tell apart are "other"."""
    counts = pd.Series(names).value_counts()
    present = [name for name in counts.index if name != _MISSING]
    if colours is None:
        colours = taxonomy.colours(present[:_MOST], dark)
    order = [name for name in colours if name in present]
    rest = len(order) < len(present)
    order += [_OTHER] * rest + [_MISSING] * (_MISSING in counts.index)
    look = palette(dark)
    return order, dict(colours) | {_OTHER: look.muted, _MISSING: look.missing}


def _drawn(shown: int, total: int | None) -> str:
    if total is None or total == shown:
        return f"{shown:,} images."
    return f"{shown:,} of {total:,} images drawn."


def _stated(values: Iterable[object]) -> NDArray[np.bool_]:
    """(n,) whether each of (n,) values is there."""
    column = pd.Series(list(values), dtype=object)
    return (column.where(column.notna(), "") != "").to_numpy(dtype=bool)
