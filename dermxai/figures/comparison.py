"""Models side by side: ROC curves over each other, and differences of a pair with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.core.formatting import fixed, percent, signed
from dermxai.figures.roc import LEGEND, SIDE, add_curve, chance
from dermxai.figures.template import blank, figure, palette, shortened
from dermxai.metrics.comparison import Comparison
from dermxai.metrics.paired_measures import MACRO

_ROW = 26
_LONGEST = 26  # characters of a model's name
_SIGNIFICANT = 0.05


def colours_of(names: Sequence[str], dark: bool = False) -> Mapping[str, str]:
    """A colour for each model, the same in all figures."""
    look = palette(dark)
    hues = (look.accent, look.warning, "#2fa36b", "#8e5bb5", "#b58900", "#d33fb0", look.muted)
    return dict(zip(names, hues, strict=False))


def roc_of_models(found: Comparison, code: str = "", dark: bool = False) -> go.Figure:
    """The curve of each model with its area and interval.

    Args:
        code: of a class; "" for the macro average.
        dark: colours for a dark page.
    """
    of = f"{shortened(code, 16)} against all others" if code else "macro average"
    title = f"ROC curves, {of}"
    curves = {name: found.roc[name][code or MACRO] for name in found.names}
    if not any(np.isfinite(curve.auc) for curve in curves.values()):
        return blank(title, "A curve needs images of two classes with labels.", dark)
    axis = {"range": [-0.01, 1.01], "constrain": "domain", "zeroline": False}
    made = figure(
        title,
        "Up and left is better; the dotted diagonal is chance. Images are ranked by probability.",
        height=SIDE,
        width=SIDE + LEGEND + 60,
        dark=dark,
        xaxis=axis | {"title": "1 − specificity", "constraintoward": "left"},
        yaxis=axis | {"title": "Sensitivity", "scaleanchor": "x"},
        legend={
            "title": {"text": f"AUC [{percent(found.level, 0)} interval over {found.clusters}]"},
            "x": 1.02,
            "y": 1,
        },
    )
    chance(made, palette(dark).muted)
    rows = found.table[(found.table["class"] == code) & (found.table["measure"] == "auc")]
    ends = rows.set_index("model")[["low", "high"]]
    colours = colours_of(found.names, dark)
    dashes = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
    for name, dash in zip(found.names, dashes, strict=False):
        line = {"color": colours[name], "width": 2.5, "dash": dash}
        own = ends.loc[name].to_numpy(np.float64)
        add_curve(made, curves[name], (name, name), line, own, longest=_LONGEST)
    return made


def model_differences(
    found: Comparison, pair: tuple[str, str], measure: str, title: str, dark: bool = False
) -> go.Figure:
    """A first model less a second in a measure: on average and of each class, with intervals.

    Args:
        pair: names of two models.
        measure: of `dermxai.metrics.paired_measures.MEASURES`.
        title: of the measure; safe to show.
        dark: colours for a dark page.
    """
    look = palette(dark)
    rows = found.differences.set_index(["first", "second", "measure"]).sort_index()
    table = rows.loc[[(*pair, measure)]].set_index("class")
    codes = ["", *taxonomy.ordered(found.classes)]
    share = measure != "auc"
    scale = 100 if share else 1
    unit = "percentage points" if share else "area"
    first, second = (shortened(name, _LONGEST) for name in pair)
    made = figure(
        f"{title}: {first} less {second}",
        f"Right of 0: {first} is better. Lines: {percent(found.level, 0)} intervals. Filled: "
        f"p ≤ {_SIGNIFICANT} after Holm's correction for the pairs.",
        height=_ROW * len(codes) + 56,
        dark=dark,
        xaxis={"title": {"text": unit}, "fixedrange": True, "zeroline": True},
        yaxis={
            "tickvals": list(range(len(codes))),
            "ticktext": ["<b>Macro average</b>", *(shortened(code, 20) for code in codes[1:])],
            "range": [len(codes) - 0.5, -0.5],
            "fixedrange": True,
            "showgrid": False,
            "tickfont": {"color": look.ink, "size": 13},
        },
        showlegend=False,
    )
    known = table["difference"].notna()
    significant = known & (table["p_holm"] <= _SIGNIFICANT)
    for filled in (True, False):
        chosen = significant if filled else known & ~significant
        shown = [code for code in codes if code in set(table.index[chosen])]
        part = table.loc[shown]
        value, low, high = (
            scale * part[name].to_numpy(np.float64) for name in ("difference", "low", "high")
        )
        made.add_scatter(
            x=value,
            y=[codes.index(code) for code in shown],
            mode="markers",
            marker={
                "size": 10,
                "color": look.accent,
                "symbol": "circle" if filled else "circle-open",
                "line": {"width": 2, "color": look.accent},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(high - value),
                "arrayminus": np.nan_to_num(value - low),
                "color": look.accent,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[
                f"{signed(v, 1 if share else 3)} ({signed(a, 1 if share else 3)} to "
                f"{signed(b, 1 if share else 3)})<br>p {fixed(p, 3)}, Holm {fixed(q, 3)}"
                for v, a, b, p, q in zip(value, low, high, part["p"], part["p_holm"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return made
