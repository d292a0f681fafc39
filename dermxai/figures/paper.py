"""A page's figure as journals take it: PNG at 300 dpi, SVG and PDF with text that can be edited, a
column or two wide, always light.

The pages' figures are Plotly's, which needs a browser to write files; these are drawn again by
matplotlib from the same traces (`paper_marks`), without the title, which belongs in the caption.
"""

from collections.abc import Iterator
from typing import Literal

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter
from matplotlib.transforms import Transform, blended_transform_factory
from plotly.basedatatypes import BaseTraceType

from dermxai.figures import paper_marks as marks
from dermxai.figures.export import legible, saved
from dermxai.figures.light import in_light
from dermxai.figures.paper_marks import DASHES, POINT, Sheet, as_colour, words
from dermxai.figures.template import LIGHT, SIDE

Column = Literal["single", "double"]
WIDTHS: dict[Column, int] = {"single": 85, "double": 174}
"""Millimetres of a journal's column, and of two."""

_DPI = 300
_INCH = 25.4  # millimetres
_STRETCHED = 720  # pixels of a figure that takes the width it gets
_SIZE = 7.5  # points of a text
_LETTER = 0.58  # of a text's size, a letter in a wide font


def written(made: go.Figure, kind: str, column: Column = "double", title: str = "") -> bytes:
    """The file of a figure of `dermxai.figures`; the same bytes for the same figure.

    Args:
        made: in light or dark colours.
        kind: "png", "svg" or "pdf".
        title: what the file says that it shows; the figure's own where none is given.
    """
    metadata: dict[str, str | None] = {"Title": legible(title or words(made.layout.title.text))}
    if kind == "png":
        metadata["Software"] = "DermXAI"
    else:
        metadata |= {"Creator": "DermXAI", "Date" if kind == "svg" else "CreationDate": None}
    return saved(drawn(made, column), kind, metadata, _DPI)


def drawn(made: go.Figure, column: Column = "double") -> Figure:
    """The figure on matplotlib's paper."""
    made = in_light(made)
    layout = made.layout
    wide = WIDTHS[column] / _INCH
    shown = (layout.width or _STRETCHED) - 2 * SIDE
    beside = layout.legend.orientation != "h" and column == "double"
    scale = min(1.0, wide * 72 / (shown * POINT))
    height = (layout.height - layout.margin.t - SIDE) * POINT * scale / 72
    entries = list(_entries(made))
    if entries and not beside:
        height += (len(entries) + bool(layout.legend.title.text)) * _SIZE * 1.4 / 72
    paper = Figure(figsize=(wide, height + 0.35), facecolor="white", layout="constrained")
    FigureCanvasAgg(paper)
    size = max(5.0, _SIZE * scale)
    for axes, traces, x, y in _axes(paper, made):
        _dress(axes, x, y, size)
        for previous, trace in zip([None, *traces], traces, strict=False):
            marks.add(Sheet(axes, layout, scale, size), trace, previous)
        _limit(axes, x, y)
        _shapes(axes, made, x.plotly_name, scale)
        _annotate(axes, made, x.plotly_name, scale, size)
    if entries:
        _legend(paper, layout, entries, size, beside)
    return paper


def _axes(
    paper: Figure, made: go.Figure
) -> Iterator[tuple[Axes, list[BaseTraceType], go.layout.XAxis, go.layout.YAxis]]:
    """Each pair of axes with its traces; several lie side by side."""
    names = sorted({trace.xaxis or "x" for trace in made.data} or {"x"})
    domains = [made.layout[f"xaxis{name[1:]}"].domain or (0, 1) for name in names]
    ratios = [end - begin for begin, end in domains]
    grid = paper.add_gridspec(1, len(names), width_ratios=ratios)
    for place, name in enumerate(names):
        traces = [trace for trace in made.data if (trace.xaxis or "x") == name]
        y = next((trace.yaxis for trace in traces if trace.yaxis), "y")
        axes = paper.add_subplot(grid[0, place])
        yield axes, traces, made.layout[f"xaxis{name[1:]}"], made.layout[f"yaxis{y[1:]}"]
        if place:
            axes.tick_params(labelleft=False)


def _dress(axes: Axes, x: go.layout.XAxis, y: go.layout.YAxis, size: float) -> None:
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for way, axis in ((axes.xaxis, x), (axes.yaxis, y)):
        way.set_tick_params(length=0, labelsize=size, labelcolor=LIGHT.ink)
        way.label.set_fontsize(size + 0.5)
        way.label.set_color(LIGHT.ink)
        way.label.set_text(words(axis.title.text))
        if axis.showgrid is not False:
            way.grid(color=LIGHT.line, linewidth=0.5)
        if axis.tickvals is not None:
            texts = axis.ticktext if axis.ticktext is not None else axis.tickvals
            labels = way.set_ticks(list(axis.tickvals), [words(each) for each in texts])
            for tick, each in zip(labels, texts, strict=True):
                tick.label1.set_fontweight("bold" if str(each).startswith("<b>") else "normal")
        elif axis.dtick is not None:
            way.set_major_locator(MultipleLocator(axis.dtick))
        elif axis.nticks is not None:
            way.set_major_locator(MaxNLocator(axis.nticks))
        if axis.tickformat and axis.tickformat[-1] in "%p":
            way.set_major_formatter(PercentFormatter(1))
        if axis.visible is False:
            way.set_visible(False)
    if x.side == "top":
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")


def _limit(axes: Axes, x: go.layout.XAxis, y: go.layout.YAxis) -> None:
    for axis, limit, view in (
        (x, axes.set_xlim, axes.get_xlim),
        (y, axes.set_ylim, axes.get_ylim),
    ):
        if axis.range is not None:
            limit(*axis.range)
        elif axis.rangemode == "tozero":
            limit(min(0.0, view()[0]), view()[1])
        if axis.autorange == "reversed":
            limit(*view()[::-1])
    if y.scaleanchor or x.scaleanchor:
        axes.set_aspect("equal", anchor="W" if x.constraintoward == "left" else "C")


def _reach(axes: Axes, x: str | None, y: str | None) -> Transform:
    """From the numbers of a shape to the paper: an axis's own, or shares of its length."""
    own = axes.transData
    across = own if x in (None, "x", "x2") else axes.transAxes
    up = own if y in (None, "y", "y2") else axes.transAxes
    return blended_transform_factory(across, up)


def _belongs(reference: str | None, axis: str) -> bool:
    return reference in (None, "paper") or str(reference).split()[0] == axis.replace("axis", "")


def _shapes(axes: Axes, made: go.Figure, axis: str, scale: float) -> None:
    for shape in made.layout.shapes:
        if not _belongs(shape.xref, axis):
            continue
        reach = _reach(axes, shape.xref, shape.yref)
        colour, below = as_colour(shape.line.color), shape.layer == "below"
        width = (2 if shape.line.width is None else shape.line.width) * POINT * scale
        if shape.type == "line":
            line = Line2D(
                [shape.x0, shape.x1],
                [shape.y0, shape.y1],
                transform=reach,
                color=colour,
                linewidth=width,
                linestyle=DASHES[shape.line.dash or "solid"],
                zorder=0.5 if below else 2.5,
            )
            axes.add_line(line)
        else:
            corners = [(shape.x0, shape.y0), (shape.x1, shape.y0), (shape.x1, shape.y1)]
            corners.append((shape.x0, shape.y1))
            marks.area(
                axes,
                corners,
                as_colour(shape.fillcolor) if shape.fillcolor else "none",
                edge=colour if width else "none",
                width=width,
                transform=reach,
                zorder=0.5 if below else 2.5,
            )


def _annotate(axes: Axes, made: go.Figure, axis: str, scale: float, size: float) -> None:
    for note in made.layout.annotations:
        if not _belongs(note.xref, axis):
            continue
        axes.annotate(
            words(note.text),
            (note.x, note.y),
            xycoords=_reach(axes, note.xref, note.yref),
            xytext=((note.xshift or 0) * POINT * scale, (note.yshift or 0) * POINT * scale),
            textcoords="offset points",
            ha={"left": "left", "right": "right"}.get(note.xanchor, "center"),
            va={"top": "top", "bottom": "bottom"}.get(note.yanchor, "center"),
            rotation=-(note.textangle or 0),
            fontsize=size,
            fontweight="bold" if (note.font.weight or 400) >= 600 else "normal",
            color=as_colour(note.font.color),
            annotation_clip=False,
        )


def _entries(made: go.Figure) -> Iterator[tuple[str, Line2D | Patch]]:
    """The legend's lines, as Plotly decides on them."""
    named = [trace for trace in made.data if trace.name and trace.showlegend is not False]
    one = len(made.data) == 1 and not (made.layout.showlegend or made.data[0].showlegend)
    if made.layout.showlegend is False or one:
        return
    seen = set()
    for trace in named:
        if trace.legendgroup is None or trace.legendgroup not in seen:
            yield words(trace.name), marks.sample(trace)
        seen.add(trace.legendgroup)


def _legend(
    paper: Figure,
    layout: go.Layout,
    entries: list[tuple[str, Line2D | Patch]],
    size: float,
    beside: bool,
) -> None:
    letters = max(len(name) for name, _ in entries) + 6
    room = paper.get_figwidth() * 72 / (letters * size * _LETTER)
    paper.legend(
        [sample for _, sample in entries],
        [f" {name}" if name.startswith("_") else name for name, _ in entries],
        loc="outside right upper" if beside else "outside lower left",
        ncols=1 if beside else max(1, min(len(entries), int(room))),
        title=words(layout.legend.title.text) or None,
        title_fontsize=size,
        fontsize=size,
        frameon=False,
        alignment="left",
        labelcolor=LIGHT.ink,
    )
