"""One-vs-rest ROC curves of the classes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.formatting import percent
from dermxai.figures.template import blank, figure, palette, shortened, text
from dermxai.metrics import Evaluation, RocCurve

SIDE, LEGEND = 480, 250
_STEP = 1 / 400  # of an axis: points closer together than that are drawn as one
_TITLE = "ROC curves, one-vs-rest"


def roc(
    evaluation: Evaluation, classes: Sequence[str] | None = None, dark: bool = False
) -> go.Figure:
    """Curves with their areas and intervals; the averages are over all classes.

    Args:
        evaluation: what to draw.
        classes: codes to draw, all that have a curve where None.
        dark: colours for a dark page.
    """
    defined = {code: curve for code, curve in evaluation.roc.items() if np.isfinite(curve.auc)}
    if not defined:
        return blank(_TITLE, "A curve needs images of two classes with labels.", dark)
    shown = [code for code in taxonomy.ordered(defined) if classes is None or code in classes]
    colours, look = taxonomy.colours(evaluation.classes, dark), palette(dark)
    intervals = evaluation.table.set_index("class")[["auc_low", "auc_high"]]
    axis = {"range": [-0.01, 1.01], "constrain": "domain", "zeroline": False}
    made = figure(
        _TITLE,
        "Up and left is better; the dotted diagonal is chance. Images are ranked by probability.",
        height=SIDE,
        width=SIDE + LEGEND,
        dark=dark,
        xaxis=axis | {"title": "1 − specificity", "constraintoward": "left"},
        yaxis=axis | {"title": "Sensitivity", "scaleanchor": "x"},
        legend={
            "title": {
                "text": f"AUC [{percent(evaluation.level, 0)} interval over {evaluation.clusters}]"
            },
            "x": 1.02,
            "y": 1,
        },
    )
    chance(made, look.muted)
    for code in shown:
        ends = intervals.loc[code].to_numpy(dtype=np.float64)
        line = {"color": colours[code], "width": 2}
        add_curve(made, defined[code], (code, f"{code}, {taxonomy.name(code)}"), line, ends)
    mean = evaluation.overall.set_index("measure").loc["mean_auc", ["low", "high"]]
    thick = {"color": look.ink, "width": 3}
    add_curve(made, evaluation.macro, ("Macro", "Macro average"), thick, mean.to_numpy(np.float64))
    dashed = {"color": look.ink, "width": 2, "dash": "dash"}
    add_curve(made, evaluation.micro, ("Micro", "All images and classes pooled"), dashed)
    return made


def chance(made: go.Figure, colour: str) -> None:
    """The diagonal."""
    made.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": colour, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def add_curve(
    made: go.Figure,
    curve: RocCurve,
    names: tuple[str, str],
    line: dict[str, object],
    ends: NDArray[np.float64] | None = None,
    *,
    longest: int = 16,
) -> None:
    """A curve with its short name, of so many characters at most, in the legend and its long one
    where the mouse is."""
    short, long = names
    area = f"{curve.auc:.3f}"
    if ends is not None and np.isfinite(ends).all():
        area += " [{:.3f}–{:.3f}]".format(*ends)
    keep = _drawn(curve)
    made.add_scatter(
        x=curve.false_positive_rate[keep],
        y=curve.true_positive_rate[keep],
        customdata=1 - curve.false_positive_rate[keep],
        mode="lines",
        line=line,
        name=f"{shortened(short, longest)}  {area}",
        meta=[text(long), area],
        hovertemplate="<b>%{meta[0]}</b><br>AUC %{meta[1]}<br>"
        "Sensitivity %{y:.3f}<br>Specificity %{customdata:.3f}<extra></extra>",
    )


def _drawn(curve: RocCurve) -> NDArray[np.intp]:
    """Points that the eye can tell apart, the ends among them."""
    x, y = curve.false_positive_rate, curve.true_positive_rate
    way = np.floor((x + y) / _STEP)
    return np.flatnonzero(np.append(np.diff(way) > 0, True) | (np.arange(x.size) == 0))
