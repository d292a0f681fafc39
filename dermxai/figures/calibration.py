"""Reliability diagram: how often what is told with a probability comes true."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai.core.formatting import percent
from dermxai.figures.template import blank, figure, palette, text

_SIDE, _LEGEND = 420, 200
_TITLE = "Reliability diagram"


def reliability_diagram(
    series: dict[str, pd.DataFrame], event: str, level: float = 0.95, dark: bool = False
) -> go.Figure:
    """Shares of images by mean probability of their bin, with intervals.

    Args:
        series: by name, `metrics.calibration.Reliability.bins`.
        event: what the probability is of, in words.
        level: of the intervals.
        dark: colours for a dark page.
    """
    if not any(len(bins) for bins in series.values()):
        return blank(_TITLE, "No image here has a label that the model knows.", dark)
    look = palette(dark)
    axis = {"range": [-0.02, 1.02], "constrain": "domain", "zeroline": False}
    made = figure(
        _TITLE,
        "On the dotted diagonal what is told comes true as often; below it the model is "
        f"overconfident. {percent(level, 0)} intervals.",
        height=_SIDE,
        width=_SIDE + _LEGEND,
        dark=dark,
        xaxis=axis | {"title": f"Probability: {text(event)}", "constraintoward": "left"},
        yaxis=axis | {"title": "Share of images", "scaleanchor": "x"},
        legend={"x": 1.02, "y": 1},
    )
    made.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": look.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    lines = ({"color": look.ink, "width": 2}, {"color": look.muted, "width": 2, "dash": "dash"})
    for line, (name, bins) in zip(lines, series.items(), strict=False):
        share = bins["share"].to_numpy(dtype=np.float64)
        made.add_scatter(
            x=bins["probability"],
            y=share,
            mode="lines+markers",
            name=text(name),
            line=line,
            marker={"size": 7},
            customdata=bins[["images", "low", "high"]],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(bins["high"].to_numpy(dtype=np.float64) - share),
                "arrayminus": np.nan_to_num(share - bins["low"].to_numpy(dtype=np.float64)),
                "thickness": 1,
                "width": 3,
            },
            hovertemplate="Probability %{x:.3f}<br>Share %{y:.3f} [%{customdata[1]:.3f}–"
            "%{customdata[2]:.3f}]<br>%{customdata[0]:,} images<extra></extra>",
        )
    return made
