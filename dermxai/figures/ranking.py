"""The ranked diagnosis of one image."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from dermxai import taxonomy
from dermxai.figures.template import figure, palette, shortened

_ROW = 34


def ranking(
    probabilities: ArrayLike,
    classes: Sequence[str],
    true: str | None = None,
    top: int = 5,
    dark: bool = False,
) -> go.Figure:
    """Classes by probability, the highest first; the true one is always among them.

    Args:
        probabilities: (k,)
        classes: k codes.
        true: the label, where known.
        top: how many classes to draw.
        dark: colours for a dark page.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    shown = [i for rank, i in enumerate(order) if rank < top or classes[i] == true]
    colours, ink = taxonomy.colours(classes, dark), palette(dark).ink
    names = [shortened(taxonomy.name(classes[i]), 30) for i in shown]
    marked = [
        f"<b>{name} ✓</b>" if classes[i] == true else name
        for i, name in zip(shown, names, strict=True)
    ]
    made = figure(
        "Ranked diagnosis",
        "Probability; ✓ marks the label." if true else "Probability.",
        height=_ROW * len(shown),
        dark=dark,
        xaxis={"visible": False, "range": [0, 1.5], "fixedrange": True},
        yaxis={
            "range": [len(shown) - 0.5, -0.5],
            "tickvals": list(range(len(shown))),
            "ticktext": marked,
            "tickfont": {"color": ink, "size": 13},
            "showgrid": False,
            "fixedrange": True,
        },
        bargap=0.4,
        showlegend=False,
    )
    made.add_bar(
        x=values[shown],
        y=list(range(len(shown))),
        orientation="h",
        marker={"color": [colours[classes[i]] for i in shown], "line": {"width": 0}},
        text=[_percent(values[i]) for i in shown],
        textposition="outside",
        textfont={"color": ink},
        cliponaxis=False,
        customdata=[classes[i] for i in shown],
        hovertext=names,
        hovertemplate="%{hovertext}: %{text}<extra></extra>",
    )
    return made


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
