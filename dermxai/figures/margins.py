"""The margin of a prediction under perturbations of the image."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from dermxai.core.formatting import signed_logit
from dermxai.figures.template import figure, palette, shortened, text

_ROW = 30


def margins(
    groups: Sequence[str],
    names: Sequence[str],
    values: ArrayLike,
    *,
    predictions: Sequence[str],
    unchanged: float,
    prediction: str,
    against: str,
    dark: bool = False,
) -> go.Figure:
    """One point a perturbation, one row a group; the threshold at 0 divides the two classes.

    Args:
        groups, names: of n perturbations; groups in the order of the rows.
        values: (n,) logit of ``prediction`` less that of ``against``.
        predictions: (n,) the predicted class after each.
        unchanged: the margin without one.
        prediction, against: class codes.
        dark: colours for a dark page.
    """
    colours, rows = palette(dark), list(dict.fromkeys(groups))
    x = np.asarray(values, dtype=np.float64)
    source, target = shortened(prediction, 16), shortened(against, 16)
    made = figure(
        f"Margin of {source} against {target} under each perturbation",
        f"Logits. The thin line is the unchanged image. Left of 0 {target} lies higher; a cross is "
        f"predicted as another class than {source}.",
        height=_ROW * (len(rows) + 1),
        dark=dark,
        xaxis={"range": _range([*x, unchanged, 0.0]), "fixedrange": True},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": list(range(len(rows))),
            "ticktext": [text(row) for row in rows],
            "tickfont": {"color": colours.ink, "size": 13},
            "fixedrange": True,
        },
        showlegend=False,
    )
    made.add_vline(x=0, line={"color": colours.ink, "width": 1.5})
    made.add_vline(x=unchanged, line={"color": colours.muted, "width": 1, "dash": "dot"})
    turned = np.array([now != prediction for now in predictions], dtype=bool)
    for which, colour, symbol in (
        (~turned, colours.accent, "circle"),
        (turned, colours.warning, "x"),
    ):
        at = np.flatnonzero(which).tolist()
        made.add_scatter(
            x=x[at],
            y=[rows.index(groups[i]) for i in at],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.85},
            hovertext=[
                f"{text(names[i])}: predicted as {text(predictions[i])}, "
                f"margin {signed_logit(x[i])}"
                for i in at
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return made


def _range(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 1.0
    return [low - room, high + room]
