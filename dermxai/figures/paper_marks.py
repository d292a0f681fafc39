"""Plotly's traces as marks on matplotlib's axes: those that `dermxai.figures` draws."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.transforms import Transform
from numpy.typing import ArrayLike, NDArray
from plotly.basedatatypes import BasePlotlyType, BaseTraceType

from dermxai.figures.export import legible
from dermxai.figures.template import LIGHT

POINT = 7.5 / 13
"""Points on paper of a pixel on the screen, whose texts are 13 pixels high."""

Colour = str | tuple[float, float, float, float]
DASHES: dict[str, Literal[":", "--", "-.", "-"]] = {
    "dot": ":",
    "dash": "--",
    "dashdot": "-.",
    "solid": "-",
}
"""Plotly's names of lines → matplotlib's."""
_SYMBOLS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "x": "x",
    "cross": "P",
    "triangle-up": "^",
    "triangle-down": "v",
    "star": "*",
    "line-ns": "|",
    "line-ew": "_",
}
_MANY = 2000  # points from which they are pixels in a vector file
_RGBA = re.compile(r"rgba?\((\d+),\s*(\d+),\s*(\d+)(?:,\s*([\d.]+))?\)")


@dataclass(frozen=True, eq=False)
class Sheet:
    """Where traces are drawn."""

    axes: Axes
    layout: go.Layout
    scale: float
    """Of lines and points."""
    size: float
    """Points of a text."""


def words(text: object) -> str:
    """What a text of Plotly says: lines stay, other tags are taken out, entities read."""
    lines = re.sub(r"<br\s*/?>", "\n", str(text or "")).split("\n")
    return "\n".join(legible(html.unescape(re.sub(r"<[^>]*>", "", line))) for line in lines)


def as_colour(written: str | None) -> Colour:
    """A colour of Plotly's as matplotlib takes it; ink where none is given."""
    parts = _RGBA.fullmatch(written or LIGHT.ink)
    if parts is None:
        return written or LIGHT.ink
    red, green, blue = (int(each) / 255 for each in parts.groups()[:3])
    return (red, green, blue, float(parts[4] or 1))


def add(sheet: Sheet, trace: BaseTraceType, previous: BaseTraceType | None) -> None:
    """Draws a trace.

    Args:
        previous: the trace before it, to which it may be filled.
    """
    if trace.visible is False:
        return
    if trace.type == "heatmap":
        _heatmap(sheet.axes, trace)
    elif trace.type == "bar":
        _bars(sheet, trace)
    else:
        _scatter(sheet, trace, previous)


def sample(trace: BaseTraceType) -> Line2D | Patch:
    """What stands for a trace in a legend."""
    if trace.type == "bar":
        return Patch(color=_first(trace.marker.color))
    lines, points = "lines" in (trace.mode or "lines"), "markers" in (trace.mode or "")
    shape, hollow = _marker(_one(trace.marker.symbol) or "circle") if points else ("", False)
    colour = _first(trace.marker.color) if points and not lines else as_colour(trace.line.color)
    return Line2D(
        [],
        [],
        color=colour,
        linestyle=DASHES[trace.line.dash or "solid"] if lines else "none",
        linewidth=1.2,
        markersize=4,
        marker=shape,
        markerfacecolor="white" if hollow else colour,
    )


def area(
    axes: Axes,
    corners: Sequence[tuple[float, float]] | NDArray[np.float64],
    colour: Colour,
    *,
    edge: Colour = "none",
    width: float = 0,
    transform: Transform | None = None,
    zorder: float = 1,
) -> None:
    """A filled shape that leaves the limits of the axes as they are."""
    axes.add_patch(
        Polygon(
            np.asarray(corners),
            facecolor=colour,
            edgecolor=edge,
            linewidth=width,
            transform=transform or axes.transData,
            zorder=zorder,
        )
    )


def _scatter(sheet: Sheet, trace: BaseTraceType, previous: BaseTraceType | None) -> None:
    axes, scale = sheet.axes, sheet.scale
    x, y, mode = _numbers(trace.x), _numbers(trace.y), trace.mode or "lines"
    if trace.fill in ("tonexty", "toself"):
        corners = np.stack([x, y], axis=1)
        if trace.fill == "tonexty" and previous is not None:
            before = np.stack([_numbers(previous.x), _numbers(previous.y)], axis=1)
            corners = np.concatenate([before, corners[::-1]])
        area(axes, corners[np.isfinite(corners).all(axis=1)], as_colour(trace.fillcolor))
    width = (2 if trace.line.width is None else trace.line.width) * POINT * scale
    if "lines" in mode and width:
        axes.plot(
            x,
            y,
            color=as_colour(trace.line.color),
            linewidth=width,
            linestyle=DASHES[trace.line.dash or "solid"],
            drawstyle="steps-post" if trace.line.shape == "hv" else "default",
            zorder=2,
        )
    _error_bars(sheet, trace, x, y)
    if "markers" in mode:
        _points(sheet, trace, x, y)
    if "text" in mode:
        _texts(sheet, trace, x, y)


def _points(
    sheet: Sheet, trace: BaseTraceType, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    axes, scale = sheet.axes, sheet.scale
    marker = trace.marker
    opacity = 1 if marker.opacity is None else marker.opacity
    if not x.size or not np.any(opacity):
        return
    sizes = np.broadcast_to(_numbers(6 if marker.size is None else marker.size), x.shape)
    symbols = np.broadcast_to(np.asarray(marker.symbol or "circle", dtype=object), x.shape)
    edges = marker.line.width if marker.line.width is not None else 0
    values = _scale_of(marker)
    colours = np.array(None) if values is not None else _each(marker.color, x.size)
    outline = marker.line.color
    for symbol in dict.fromkeys(symbols.tolist()):
        at = np.flatnonzero(symbols == symbol)
        shape, hollow = _marker(str(symbol))
        own = [colours[i] for i in at] if values is None else None
        edge = own if outline is None else [_each(outline, x.size)[i] for i in at]
        drawn = axes.scatter(
            x[at],
            y[at],
            s=(sizes[at] * POINT * scale) ** 2,
            c=values[at] if values is not None else None,
            cmap=_ramp(marker.colorscale) if values is not None else None,
            facecolors=("none" if hollow else own) if values is None else None,
            edgecolors=edge if (hollow or values is None) and shape != "x" else None,
            linewidths=max(edges, 1 if hollow or shape == "x" else 0) * POINT * scale,
            alpha=opacity,
            rasterized=x.size > _MANY,
            clip_on=trace.type == "scattergl" or trace.cliponaxis is not False,
            zorder=3,
            marker=shape,
        )
        if values is not None:
            drawn.set_clim(np.nanmin(values), np.nanmax(values))
            if marker.showscale is not False:
                bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=30)
                bar.outline.set_visible(False)
                bar.ax.tick_params(length=0, labelsize=6.5)
                bar.set_label(words(marker.colorbar.title.text), fontsize=7)


def _error_bars(
    sheet: Sheet, trace: BaseTraceType, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    axes, scale = sheet.axes, sheet.scale
    for flat, bars in ((True, trace.error_x), (False, trace.error_y)):
        if bars.array is None:
            continue
        up = np.nan_to_num(_numbers(bars.array)).clip(0)
        down = up if bars.arrayminus is None else np.nan_to_num(_numbers(bars.arrayminus)).clip(0)
        axes.errorbar(
            x,
            y,
            xerr=np.stack([down, up]) if flat else None,
            yerr=None if flat else np.stack([down, up]),
            fmt="none",
            ecolor=as_colour(bars.color or _one(trace.marker.color)),
            elinewidth=(bars.thickness or 2) * POINT * scale,
            capsize=(bars.width or 0) * POINT * scale,
            zorder=2.5,
        )


def _texts(
    sheet: Sheet, trace: BaseTraceType, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    axes, size = sheet.axes, sheet.size
    up, _, across = (trace.textposition or "middle center").partition(" ")
    gap = {"left": -4, "right": 4}.get(across, 0)
    colours = _each(trace.textfont.color, x.size)
    grid = next((each for each in axes.images), None)
    for at, text in enumerate(_texts_of(trace.text, x.size)):
        colour = colours[at] if grid is None else _readable(grid, x[at], y[at])
        axes.annotate(
            words(text),
            (x[at], y[at]),
            xytext=(gap, {"top": 4, "bottom": -4}.get(up, 0)),
            textcoords="offset points",
            ha={"left": "right", "right": "left"}.get(across, "center"),
            va={"top": "bottom", "bottom": "top"}.get(up, "center"),
            fontsize=size,
            color=colour,
            annotation_clip=False,
            zorder=4,
        )


def _bars(sheet: Sheet, trace: BaseTraceType) -> None:
    axes, layout, size = sheet.axes, sheet.layout, sheet.size
    flat = trace.orientation == "h"
    places, lengths = (trace.y, trace.x) if flat else (trace.x, trace.y)
    length = _numbers(lengths)
    begins = np.zeros(length.size) if trace.base is None else _numbers(trace.base)
    thick = 1 - (0.2 if layout.bargap is None else layout.bargap)
    if layout.barmode == "stack" and trace.base is None:
        begins = _stacked(axes, list(places), length)
    place = list(places) if any(isinstance(each, str) for each in places) else _numbers(places)
    colours = _each(trace.marker.color, length.size)
    if flat:
        axes.barh(place, length, thick, left=begins, color=colours, zorder=2)
    else:
        axes.bar(place, length, thick, bottom=begins, color=colours, zorder=2)
    if trace.text is None:
        return
    for at, text in enumerate(_texts_of(trace.text, length.size)):
        end, ahead = begins[at] + length[at], length[at] >= 0
        if not np.isfinite(end):
            continue
        axes.annotate(
            words(text),
            (end, place[at]) if flat else (place[at], end),
            xytext=((3 if ahead else -3, 0) if flat else (0, 3 if ahead else -3)),
            textcoords="offset points",
            ha=("left" if ahead else "right") if flat else "center",
            va="center" if flat else ("bottom" if ahead else "top"),
            fontsize=size,
            color=LIGHT.ink,
            annotation_clip=False,
        )


def _stacked(axes: Axes, places: list[object], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the bars of a further trace begin; its ends are noted on the axes."""
    heights: dict[object, float] = axes.__dict__.setdefault("stacked", {})
    begins = np.array([heights.get(place, 0.0) for place in places])
    heights.update(zip(places, begins + np.nan_to_num(lengths), strict=True))
    return begins


def _heatmap(axes: Axes, trace: BaseTraceType) -> None:
    z = np.asarray(trace.z, dtype=np.float64)
    rows, columns = z.shape
    axes.imshow(
        z,
        cmap=_ramp(trace.colorscale),
        vmin=trace.zmin,
        vmax=trace.zmax,
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        interpolation="nearest",
        aspect="auto",
    )
    for edge in np.arange(0.5, rows - 1):
        axes.axhline(edge, color="white", linewidth=0.6)
    for edge in np.arange(0.5, columns - 1):
        axes.axvline(edge, color="white", linewidth=0.6)


def _readable(grid: AxesImage, x: float, y: float) -> str:
    """Ink or white, whichever is read better on the cell of a heatmap."""
    values = np.asarray(grid.get_array())
    row = int(np.clip(round(y), 0, values.shape[0] - 1))
    column = int(np.clip(round(x), 0, values.shape[1] - 1))
    red, green, blue, _ = grid.cmap(grid.norm(values[row, column]))
    return LIGHT.ink if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"


def _scale_of(marker: BasePlotlyType) -> NDArray[np.float64] | None:
    """Numbers that are coloured by a scale; None of colours."""
    if marker.colorscale is None or marker.color is None or isinstance(marker.color, str):
        return None
    return _numbers(marker.color)


def _ramp(scale: Sequence[tuple[float, str]]) -> LinearSegmentedColormap:
    stops = [(place, as_colour(colour)) for place, colour in scale]
    return LinearSegmentedColormap.from_list("scale", stops)


def _marker(symbol: str) -> tuple[str, bool]:
    """matplotlib's name of a symbol, and whether it is hollow."""
    return _SYMBOLS[symbol.removesuffix("-open")], symbol.endswith("-open")


def _each(colour: str | Sequence[str] | None, many: int) -> list[Colour]:
    if colour is None or isinstance(colour, str):
        return [as_colour(colour)] * many
    return [as_colour(each) for each in colour]


def _first(colour: str | Sequence[str] | None) -> Colour:
    return (_each(colour, 1) or [LIGHT.ink])[0]


def _one(value: str | Sequence[str] | None) -> str | None:
    return value if value is None or isinstance(value, str) else str(value[0])


def _texts_of(text: str | Sequence[str | None], many: int) -> list[str]:
    return [text] * many if isinstance(text, str) else [str(each or "") for each in text]


def _numbers(values: ArrayLike | None) -> NDArray[np.float64]:
    """Numbers of a trace; a gap is not a number."""
    return np.empty(0) if values is None else np.asarray(values, dtype=np.float64)
