"""Methods × measures: how faithful each method's maps are, against control maps."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai.core.formatting import fixed, signed
from dermxai.figures.template import figure, palette, shortened
from dermxai.metrics.faithfulness import Standing

_ROW, _COLUMN = 40, 96
_WIDE = 34  # pixels of a measure's name a line


def faithfulness(
    summary: pd.DataFrame,
    methods: Mapping[str, str],
    measures: Mapping[str, str],
    controls: Sequence[str],
    *,
    units: str = "patients",
    dark: bool = False,
) -> go.Figure:
    """A square a method and measure, coloured by what was shown, its mean written into it.

    Args:
        summary: `dermxai.metrics.faithfulness.summarised`.
        methods, measures: titles by name, in order; control maps last.
        controls: names of the control maps.
        units: what the intervals take as independent.
        dark: colours for a dark page.
    """
    colours = palette(dark)
    good, part, bad, quiet = colours.verdicts
    fills = {
        Standing.BOTH: good,
        Standing.KEEPS: good,
        Standing.ONE: part,
        Standing.NONE: bad,
        Standing.BREAKS: bad,
    }
    rows, columns = list(methods), list(measures)
    made = figure(
        "Faithfulness of each method",
        "Means over images. Green: better than a random map as fine as itself and than a centred "
        "Gaussian, or within the limit. Blue: better than one of them. Red: neither shown. Grey: "
        "control maps are not compared. Choose a square: the images on which the method fails.",
        height=_ROW * len(rows) + 76,
        width=_COLUMN * len(columns) + 170,
        dark=dark,
        xaxis={
            "side": "top",
            "tickvals": list(range(len(columns))),
            "ticktext": [_broken(measures[name]) for name in columns],
            "tickangle": 0,
            "range": [-0.5, len(columns) - 0.5],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"color": colours.ink, "size": 11},
        },
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": [
                f"<i>{shortened(methods[name], 24)}</i>"
                if name in controls
                else shortened(methods[name], 24)
                for name in rows
            ],
            "range": [len(rows) - 0.5, -0.5],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"color": colours.ink, "size": 13},
        },
        showlegend=False,
    )
    known = {(row["method"], row["measure"]): row for row in summary.to_dict("records")}
    for y, method in enumerate(rows):
        for x, measure in enumerate(columns):
            if (method, measure) in known:
                fill = fills.get(known[(method, measure)]["standing"], quiet)
                made.add_shape(
                    type="rect",
                    x0=x - 0.47,
                    x1=x + 0.47,
                    y0=y - 0.44,
                    y1=y + 0.44,
                    fillcolor=fill,
                    line={"width": 0},
                    layer="below",
                )
    cells = [
        (x, y, known[(method, measure)], method, measure)
        for y, method in enumerate(rows)
        for x, measure in enumerate(columns)
        if (method, measure) in known
    ]
    made.add_scatter(
        x=[cell[0] for cell in cells],
        y=[cell[1] for cell in cells],
        mode="markers+text",
        marker={"symbol": "square", "size": _COLUMN - 8, "opacity": 0},  # the nearest is chosen
        text=[_number(cell[2]["mean"]) for cell in cells],
        textfont={"color": colours.ink, "size": 13},
        customdata=[[cell[3], cell[4]] for cell in cells],
        hovertext=[
            f"<b>{shortened(methods[cell[3]], 40)} · {shortened(measures[cell[4]], 40)}</b><br>"
            + _told(cell[2], units)
            for cell in cells
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": colours.ink}},
    )
    return made


def faithfulness_measure(
    summary: pd.DataFrame,
    methods: Mapping[str, str],
    controls: Sequence[str],
    *,
    title: str,
    help_: str,
    unit: str,
    limit: float | None = None,
    units: str = "patients",
    dark: bool = False,
) -> go.Figure:
    """One measure: each method's mean with its interval, control maps as hollow marks.

    Args:
        summary: rows of `dermxai.metrics.faithfulness.summarised` of one measure.
        methods: titles by name, in order.
        controls: names of the control maps.
        title, help_: of the figure; safe to show.
        unit: of the values.
        limit: what a map must keep to.
        units: what the intervals take as independent.
        dark: colours for a dark page.
    """
    colours = palette(dark)
    known = summary.set_index("method")
    rows = [name for name in methods if name in known.index]
    made = figure(
        title,
        help_,
        height=30 * len(rows) + 50,
        dark=dark,
        xaxis={"title": {"text": unit}, "fixedrange": True, "zeroline": True},
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": [shortened(methods[name], 24) for name in rows],
            "range": [len(rows) - 0.5, -0.5],
            "fixedrange": True,
            "showgrid": False,
            "tickfont": {"color": colours.ink, "size": 13},
        },
        showlegend=False,
    )
    for hollow in (False, True):
        chosen = [name for name in rows if (name in controls) == hollow]
        part = known.loc[chosen]
        colour = colours.muted if hollow else colours.accent
        mean = part["mean"].to_numpy(np.float64)
        made.add_scatter(
            x=mean,
            y=[rows.index(name) for name in chosen],
            mode="markers",
            marker={
                "size": 11,
                "color": colour,
                "symbol": "circle-open" if hollow else "circle",
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["high"].to_numpy(np.float64) - mean,
                "arrayminus": mean - part["low"].to_numpy(np.float64),
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[_told(row, units) for row in part.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    if limit is not None:
        made.add_vline(x=limit, line={"color": colours.warning, "width": 1, "dash": "dash"})
    return made


def faithfulness_curves(
    curves: Mapping[str, Mapping[str, Sequence[object]]],
    controls: Sequence[str],
    *,
    title: str,
    help_: str,
    dark: bool = False,
) -> go.Figure:
    """A measure's curves, averaged over images: one line a method, control maps grey.

    Args:
        curves: by title, "x" and the values of each curve.
        controls: titles of the control maps.
        title, help_: of the figure; safe to show.
        dark: colours for a dark page.
    """
    colours = palette(dark)
    shares = all(isinstance(x, int | float) for each in curves.values() for x in each["x"])
    made = figure(
        title,
        help_,
        height=280,
        dark=dark,
        xaxis={
            "fixedrange": True,
            "title": {"text": "share of the image" if shares else ""},
            **({"tickformat": ".0%"} if shares else {}),
        },
        yaxis={"fixedrange": True, "automargin": True},
        legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0},
    )
    hues = (colours.accent, colours.warning, "#2fa36b", "#8e5bb5", "#b58900", "#d33fb0", "#6b7f94")
    broken = dict(zip(controls, cycle(("dash", "dot")), strict=False))
    number = 0
    for method, lines in curves.items():
        plain = method in controls
        colour = colours.muted if plain else hues[number % len(hues)]
        number += not plain
        for index, name in enumerate(each for each in lines if each != "x"):
            label = shortened(method if len(lines) == 2 else f"{method}, {name}", 40)
            made.add_scatter(
                x=list(lines["x"]),
                y=list(lines[name]),
                mode="lines+markers",
                name=label,
                line={
                    "color": colour,
                    "width": 2,
                    "dash": broken[method] if plain else ("solid", "dot")[index % 2],
                },
                marker={"size": 5},
                hovertemplate="%{y:.2f}<extra>" + label.replace("%{", "%&#123;") + "</extra>",
            )
    return made


def _told(row: Mapping[Hashable, float], units: str) -> str:
    lines = [f"{_number(row['mean'])} ({_number(row['low'])} to {_number(row['high'])})"]
    lines.append(f"{int(row['images'])} images of {int(row['units'])} {units}")
    for name, words in (("random", "a random map"), ("centred", "the centred Gaussian")):
        if isinstance(row.get(f"{name}_verdict"), str) and row[f"{name}_verdict"]:
            ends = f"{_number(row[f'{name}_low'])} to {_number(row[f'{name}_high'])}"
            lines.append(f"{signed(row[f'{name}_difference'])} better than {words} ({ends})")
    return "<br>".join(lines)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return fixed(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _broken(title: str) -> str:
    """A measure's name on two lines where it has a bracket."""
    head, _, tail = title.partition(" (")
    return shortened(head, _WIDE) + (f"<br>({shortened(tail, _WIDE)}" if tail else "")
