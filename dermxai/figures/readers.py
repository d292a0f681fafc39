"""Readers beside networks: where they lie in the ROC plane, and kappa with the reference."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.figures.roc import LEGEND, SIDE, chance
from dermxai.figures.template import blank, figure, palette, shortened, text

_SYMBOLS = ("circle", "square", "circle-open", "square-open", "diamond", "cross")
_ROW = 46
_LONGEST = 34


def roc_plane(points: pd.DataFrame, dark: bool = False) -> go.Figure:
    """Who names which class how often, rightly and wrongly.

    Args:
        points: a row a class and ``who``: ``class``, ``sensitivity``, ``specificity``, and whether
            it is a ``single`` reader, who is drawn small.
        dark: colours for a dark page.
    """
    title = "Sensitivity and specificity of each class"
    points = points.dropna(subset=["sensitivity", "specificity"])
    if points.empty:
        return blank(title, "Nobody has a sensitivity and a specificity here.", dark)
    axis = {"zeroline": False, "constrain": "domain"}
    most = max(0.1, float((1 - points["specificity"]).max()) * 1.1)
    made = figure(
        title,
        "Up and left is better. Colours are classes, marks who answered; small marks are single "
        "readers.",
        height=SIDE,
        width=SIDE + LEGEND + 60,
        dark=dark,
        xaxis=axis | {"title": "1 − specificity", "range": [-0.02 * most, min(most, 1.02)]},
        yaxis=axis | {"title": "Sensitivity", "range": [-0.02, 1.04]},
        legend={"x": 1.02, "y": 1, "groupclick": "toggleitem"},
    )
    chance(made, palette(dark).muted)
    colours = taxonomy.colours(points["class"], dark)
    whose = dict(zip(dict.fromkeys(points["who"]), _SYMBOLS * len(points), strict=False))
    for who, symbol in whose.items():
        made.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": symbol, "color": palette(dark).ink, "size": 11},
            name=shortened(who, _LONGEST),
        )
    for (code, who, single), rows in points.groupby(["class", "who", "single"], sort=False):
        made.add_scatter(
            x=1 - rows["specificity"],
            y=rows["sensitivity"],
            mode="markers",
            marker={
                "symbol": whose[who],
                "color": colours[str(code)],
                "size": 5 if single else 12,
                "opacity": 0.45 if single else 1,
                "line": {"color": colours[str(code)], "width": 0 if single else 2},
            },
            meta=[text(taxonomy.titled(str(code))), text(who)],
            hovertemplate="<b>%{meta[0]}</b><br>%{meta[1]}<br>Sensitivity %{y:.3f}"
            "<br>1 − specificity %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    for code, colour in colours.items():
        made.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": "circle", "color": colour, "size": 9},
            name=shortened(taxonomy.titled(code), 30),
        )
    return made


def reference_kappas(rows: pd.DataFrame, dark: bool = False) -> go.Figure:
    """Kappa with the reference of each class, who beside whom.

    Args:
        rows: a row a ``class`` and ``who``: ``kappa``, ``low``, ``high``; without ends no line is
            drawn.
        dark: colours for a dark page.
    """
    title = "Kappa with the reference standard"
    rows = rows.dropna(subset=["kappa"])
    if rows.empty:
        return blank(title, "There is no kappa here.", dark)
    look = palette(dark)
    codes = list(dict.fromkeys(rows["class"]))
    whose = list(dict.fromkeys(rows["who"]))
    hues = (look.muted, look.accent, look.warning, "#2fa36b", "#8e5bb5", "#b58900")
    made = figure(
        title,
        "Lines: 95 % intervals. Dotted: 0.40 and 0.75, beyond which agreement is called moderate "
        "and good.",
        height=_ROW * len(codes) + 56,
        dark=dark,
        xaxis={"title": {"text": "kappa"}, "fixedrange": True, "zeroline": False},
        yaxis={
            "tickvals": list(range(len(codes))),
            "ticktext": [shortened(code, 20) for code in codes],
            "range": [len(codes) - 0.5, -0.5],
            "fixedrange": True,
            "showgrid": False,
            "tickfont": {"color": look.ink, "size": 13},
        },
        legend={"orientation": "h", "y": -0.16, "traceorder": "normal"},
    )
    for limit in (0.40, 0.75):
        made.add_vline(x=limit, line={"color": look.muted, "width": 1, "dash": "dot"})
    step = 0.7 / len(whose)
    for place, who in enumerate(whose):
        own = rows[rows["who"] == who]
        height = [
            codes.index(code) + (place - (len(whose) - 1) / 2) * step for code in own["class"]
        ]
        value, low, high = (own[name].to_numpy(np.float64) for name in ("kappa", "low", "high"))
        made.add_scatter(
            x=value,
            y=height,
            mode="markers",
            marker={
                "symbol": _SYMBOLS[place % len(_SYMBOLS)],
                "color": hues[place % len(hues)],
                "size": 9,
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(high - value),
                "arrayminus": np.nan_to_num(value - low),
                "color": hues[place % len(hues)],
                "thickness": 1.5,
                "width": 0,
            },
            name=shortened(who, 40),
            meta=text(who),
            customdata=np.column_stack([own["class"].map(text), low, high]),
            hovertemplate="<b>%{customdata[0]}</b><br>%{meta}<br>%{x:.3f}"
            "<br>%{customdata[1]:.3f} to %{customdata[2]:.3f}<extra></extra>",
        )
    return made
