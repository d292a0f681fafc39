"""ROC curves of scores that tell images of foreign classes from known ones."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from dermxai.core.formatting import percent
from dermxai.figures.comparison import colours_of
from dermxai.figures.roc import LEGEND, add_curve, chance
from dermxai.figures.template import blank, figure, palette
from dermxai.metrics.out_of_distribution import Detection

_SIDE = 340
_TITLE = "Foreign classes by distance"


def foreign_classes(
    found: Mapping[str, Detection], clusters: str, level: float, dark: bool = False
) -> go.Figure:
    """The curve of each score with its area and interval.

    Args:
        found: by the name of the score.
        clusters: what intervals take as independent.
        level: of the intervals.
        dark: colours for a dark page.
    """
    if not any(np.isfinite(each.area) for each in found.values()):
        return blank(_TITLE, "A curve needs images of foreign and of known classes.", dark)
    axis = {"range": [-0.01, 1.01], "constrain": "domain", "zeroline": False}
    made = figure(
        _TITLE,
        "Up and left is better; the dotted diagonal is chance. Farther images count as foreign.",
        height=_SIDE,
        width=_SIDE + LEGEND,
        dark=dark,
        xaxis=axis | {"title": "1 − specificity", "constraintoward": "left"},
        yaxis=axis | {"title": "Sensitivity", "scaleanchor": "x"},
        legend={
            "title": {"text": f"AUC [{percent(level, 0)} interval over {clusters}]"},
            "x": 1.02,
            "y": 1,
        },
    )
    chance(made, palette(dark).muted)
    colours = colours_of(list(found), dark)
    for (name, each), dash in zip(found.items(), ("solid", "dash", "dot"), strict=False):
        line = {"color": colours[name], "width": 2.5, "dash": dash}
        ends = np.array([each.low, each.high])
        add_curve(made, each.curve, (name, name), line, ends, longest=22)
    return made
