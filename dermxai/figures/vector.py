"""Figures for papers: vector drawings with text that can be edited, as SVG and PDF.

The pages' figures are Plotly's, which needs a browser to write vectors; these are drawn by
matplotlib from the same numbers. Names from data are drawn as they are, never as formulas.
"""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

from dermxai import taxonomy
from dermxai.core.formatting import count, fixed, interval, percent
from dermxai.figures.error_tree import places
from dermxai.figures.export import legible, saved
from dermxai.figures.template import LIGHT
from dermxai.metrics.bands import Band
from dermxai.metrics.confusion import normalised
from dermxai.metrics.error_tree import Node
from dermxai.metrics.ranking import RocCurve

_SIDE = 3.4  # inches of a square plot
_LEGEND = 2.9
_LONGEST = 22  # characters of a name
_CELL = 0.32  # inches of a cell of a confusion matrix
_WIDE = 6.8  # inches of a page's text
_PANELS = 3  # beside each other
_NARROW = 5  # leaves up to which letters have their size
_MOST_WRITTEN = 40  # classes up to which cells hold their numbers


def svg(made: Figure, title: str) -> bytes:
    """The figure's file; the same bytes for the same figure."""
    _plain(made)
    metadata = {"Date": None, "Title": legible(title), "Creator": "DermXAI"}
    return saved(made, "svg", metadata=metadata)


def pdf(made: Figure, title: str) -> bytes:
    """The same as PDF, its fonts embedded. Letters that no font of `export.families` has are boxes;
    in SVG they are not."""
    _plain(made)
    metadata = {"CreationDate": None, "Title": legible(title), "Creator": "DermXAI"}
    return saved(made, "pdf", metadata=metadata)


def roc(curves: Mapping[str, RocCurve], macro: RocCurve, ends: Mapping[str, str]) -> Figure:
    """One-vs-rest ROC curves.

    Args:
        curves: by class; those without points are left out.
        macro: their average.
        ends: by class, and "" for the average, the area with its interval in words.
    """
    made, axes = _square("1 − specificity", "Sensitivity", _LEGEND)
    axes.plot([0, 1], [0, 1], color=LIGHT.muted, linewidth=0.8, linestyle=":")
    colours = taxonomy.colours(curves)
    for code, curve in curves.items():
        if curve.false_positive_rate.size:
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                color=colours[code],
                linewidth=1.2,
                label=f"{_name(code)}  {ends[code]}",
            )
    if macro.false_positive_rate.size:
        axes.plot(
            macro.false_positive_rate,
            macro.true_positive_rate,
            color=LIGHT.ink,
            linewidth=2,
            label=f"Macro average  {ends['']}",
        )
    _legend(axes, "AUC")
    return made


def precision_recall(curves: Mapping[str, Band], ends: Mapping[str, str]) -> Figure:
    """Precision against recall, one-vs-rest.

    Args:
        curves: by class.
        ends: by class, the average precision with its interval in words.
    """
    made, axes = _square("Recall (sensitivity)", "Precision (PPV)", _LEGEND)
    colours = taxonomy.colours(curves)
    for code, curve in curves.items():
        axes.plot(
            curve.x,
            curve.y,
            color=colours[code],
            linewidth=1.2,
            label=f"{_name(code)}  {ends[code]}",
        )
    _legend(axes, "Average precision")
    return made


def decision_curves(curves: Mapping[str, tuple[pd.DataFrame, float]]) -> Figure:
    """Net benefit, a panel a class.

    Args:
        curves: by class, `metrics.decision_curve.DecisionCurve.table` and the prevalence.
    """
    across = min(_PANELS, len(curves))
    down = -(-len(curves) // across)
    made = _figure(_WIDE * across / _PANELS, 0.3 + 1.55 * down)
    colours = taxonomy.colours(curves)
    grid = made.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(curves) :]:
        axes.set_visible(False)
    for place, (code, (table, prevalence)) in enumerate(curves.items()):
        axes = grid.flat[place]
        x, y, low, high = (
            table[name].to_numpy(dtype=np.float64)
            for name in ("threshold", "net_benefit", "low", "high")
        )
        axes.fill_between(x, low, high, color=colours[code], alpha=0.2, linewidth=0)
        axes.plot(x, y, color=colours[code], linewidth=1.2)
        axes.plot(x, table["act_on_all"], color=LIGHT.muted, linewidth=0.8, linestyle="--")
        axes.axhline(0, color=LIGHT.muted, linewidth=0.8, linestyle=":")
        axes.set_xlim(0, 1)
        top = max(prevalence, float(np.nanmax(y, initial=0)), float(np.nanmax(high, initial=0)))
        axes.set_ylim(-0.25 * prevalence, 1.1 * top)
        axes.set_title(_name(code), fontsize=8, color=LIGHT.ink, loc="left", pad=2)
        axes.locator_params(axis="y", nbins=4)
        _spare(axes)
        axes.tick_params(labelsize=6.5, labelbottom=place + across >= len(curves))
    made.supxlabel("Act from this probability on", fontsize=8.5)
    made.supylabel("Net benefit", fontsize=8.5)
    return made


def foreign_classes(curves: Mapping[str, RocCurve], ends: Mapping[str, str]) -> Figure:
    """ROC curves of scores that tell foreign classes from known ones.

    Args:
        curves: by score; those without points are left out.
        ends: by score, the area with its interval in words.
    """
    made, axes = _square("1 − specificity", "Sensitivity", _LEGEND)
    axes.plot([0, 1], [0, 1], color=LIGHT.muted, linewidth=0.8, linestyle=":")
    looks = ((LIGHT.accent, "-"), (LIGHT.ink, "--"), (LIGHT.muted, "-."))
    for (colour, line), (name, curve) in zip(looks, curves.items(), strict=False):
        if curve.false_positive_rate.size:
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                color=colour,
                linestyle=line,
                linewidth=1.2,
                label=f"{name}  {ends[name]}",
            )
    _legend(axes, "AUC")
    return made


def error_tree(nodes: Sequence[Node], names: Sequence[str]) -> Figure:
    """A box a node, its parent above it: condition, error rate with its interval, images.

    Args:
        nodes: the root first.
        names: what each is called.
    """
    across = places([node.parent for node in nodes])
    depth = max(node.depth for node in nodes)
    made = _figure(_WIDE, 0.4 + 0.95 * (depth + 1))
    axes = made.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-0.6, max(across) + 0.6)
    axes.set_ylim(-depth - 0.5, 0.5)
    ramp = LinearSegmentedColormap.from_list("rates", LIGHT.ramp)
    most = max([node.value for node in nodes if np.isfinite(node.value)], default=0.0) or 1.0
    for number, node in enumerate(nodes):
        if node.parent >= 0:
            up = node.parent
            axes.plot(
                [across[up], across[number]],
                [-nodes[up].depth, -node.depth],
                color=LIGHT.line,
                linewidth=1,
                zorder=1,
            )
    size = 7 if max(across) < _NARROW else 5.5
    for number, (name, node) in enumerate(zip(names, nodes, strict=True)):
        rate = 0.0 if np.isnan(node.value) else node.value / most
        axes.text(
            across[number],
            -node.depth,
            f"{_lines(name)}\n{percent(node.value)} [{interval(node.low, node.high)}]\n"
            f"{count(node.images, 'image')}",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if rate > 0.6 else LIGHT.ink,
            bbox={
                "boxstyle": "round,pad=0.4",
                "facecolor": ramp(rate),
                "edgecolor": LIGHT.muted,
                "linewidth": 1.2 if node.leaf else 0.6,
            },
        )
    return made


def _lines(name: str) -> str:
    """A condition on two lines at most, shortened."""
    first, *rest = textwrap.wrap(legible(name), _LONGEST, max_lines=2, placeholder="…") or [""]
    return "\n".join([first, *rest])


def reliability(series: Mapping[str, pd.DataFrame]) -> Figure:
    """Shares of images by the mean probability of their bin, with intervals.

    Args:
        series: by name, `metrics.calibration.Reliability.bins`.
    """
    made, axes = _square("Probability of the prediction", "Share that is right", _LEGEND)
    axes.plot([0, 1], [0, 1], color=LIGHT.muted, linewidth=0.8, linestyle=":")
    looks = ((LIGHT.accent, "o-"), (LIGHT.muted, "s--"))
    for (colour, line), (name, bins) in zip(looks, series.items(), strict=False):
        share = bins["share"].to_numpy(dtype=np.float64)
        ends = np.stack([share - bins["low"].to_numpy(), bins["high"].to_numpy() - share])
        axes.errorbar(
            bins["probability"],
            share,
            yerr=np.nan_to_num(ends).clip(0),
            fmt=line,
            color=colour,
            markersize=3,
            linewidth=1,
            elinewidth=0.8,
            capsize=2,
            label=name,
        )
    _legend(axes)
    return made


def confusion(table: pd.DataFrame) -> Figure:
    """Counts, true classes as rows; the colour is the share of the row.

    Args:
        table: counts; index true codes, columns predicted codes.
    """
    rows, columns = table.shape
    side = min(_CELL, 14 / max(rows, columns))
    made = _figure(side * columns + 1.6, side * rows + 1.4)
    axes = made.add_subplot()
    counts = table.to_numpy(dtype=np.int64)
    shares = np.nan_to_num(normalised(counts, "row"))
    ramp = LinearSegmentedColormap.from_list("shares", LIGHT.ramp)
    axes.pcolormesh(shares, cmap=ramp, vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_xticks(np.arange(columns) + 0.5, [_name(code) for code in table.columns], rotation=90)
    axes.set_yticks(np.arange(rows) + 0.5, [_name(code) for code in table.index])
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if max(rows, columns) <= _MOST_WRITTEN:
        for row, column in np.argwhere(counts):
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{counts[row, column]:,}",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if shares[row, column] > 0.6 else LIGHT.ink,
            )
    return made


def forest(
    names: Sequence[str],
    rows: pd.DataFrame,
    title: str,
    line: float | None = None,
    marked: Sequence[bool] = (),
) -> Figure:
    """Estimates with their intervals, one beneath the other.

    Args:
        names: of the rows, what is written at the left.
        rows: ``value``, ``low`` and ``high``; without an interval a point stands alone.
        title: of the axis.
        line: where nothing differs, or the whole lies; None for none.
        marked: rows that are drawn hollow, as of few patients.
    """
    made = _figure(6.3, 0.8 + 0.21 * len(names))
    axes = made.add_subplot()
    places = np.arange(len(names))
    value, low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("value", "low", "high"))
    hollow = np.array(marked or [False] * len(names), dtype=bool)
    axes.hlines(places, low, high, color=LIGHT.accent, linewidth=1)
    for chosen, fill in ((~hollow, LIGHT.accent), (hollow, "white")):
        axes.plot(
            value[chosen], places[chosen], "o", color=LIGHT.accent, mfc=fill, markersize=4, zorder=3
        )
    if line is not None:
        axes.axvline(line, color=LIGHT.muted, linewidth=0.8, linestyle=":")
    axes.set_yticks(places, [legible(name)[:60] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(title)
    _spare(axes)
    return made


def with_ends(value: float, low: float, high: float, digits: int = 3) -> str:
    """ "0.912 [0.880–0.941]"; the value alone without an interval."""
    told = fixed(value, digits)
    return told if np.isnan(low) else f"{told} [{fixed(low, digits)}–{fixed(high, digits)}]"


def _figure(width: float, height: float) -> Figure:
    made = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(made)
    return made


def _square(x: str, y: str, legend: float) -> tuple[Figure, Axes]:
    made = _figure(_SIDE + legend, _SIDE)
    axes = made.add_subplot()
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _spare(axes)
    return made, axes


def _spare(axes: Axes) -> None:
    axes.tick_params(labelsize=7.5, color=LIGHT.line, labelcolor=LIGHT.ink)
    axes.xaxis.label.set_fontsize(8.5)
    axes.yaxis.label.set_fontsize(8.5)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(LIGHT.line)


def _legend(axes: Axes, title: str = "") -> None:
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1),
        frameon=False,
        fontsize=7,
        title=title or None,
        title_fontsize=7.5,
        alignment="left",
        borderaxespad=0,
    )


def _name(code: object) -> str:
    """A class as it is written, on one line, shortened."""
    name = legible(str(code))
    name = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
    return f" {name}" if name.startswith("_") else name  # else no legend has it


def _plain(made: Figure) -> None:
    """No text is a formula, whoever wrote its dollars."""
    for text in made.findobj(Text):
        text.set_parse_math(False)
