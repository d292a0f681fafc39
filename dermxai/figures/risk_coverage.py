"""Risk–coverage curve: errors that are left where the least sure images are left out."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai.core.formatting import percent
from dermxai.figures.operating_point import add_interval
from dermxai.figures.template import blank, figure, palette

_WIDE, _HIGH = 560, 320
_TITLE = "Risk–coverage curve"


def risk_coverage_curve(table: pd.DataFrame, level: float = 0.95, dark: bool = False) -> go.Figure:
    """Errors by share of the images that are kept.

    Args:
        table: `metrics.abstention.RiskCoverage.table`.
        level: of the band.
        dark: colours for a dark page.
    """
    if not table["risk"].notna().any():
        return blank(_TITLE, "No image here has a label that the model knows.", dark)
    look = palette(dark)
    made = figure(
        _TITLE,
        "Errors among the images with the highest probabilities. Dotted: errors of all images; "
        f"leaving out at random stays there. Band: {percent(level, 0)}, pointwise.",
        height=_HIGH,
        width=_WIDE,
        dark=dark,
        xaxis={"title": "Images kept", "range": [0, 1.01], "tickformat": ".0%"},
        yaxis={"title": "Errors among them", "rangemode": "tozero", "tickformat": ".0%"},
        showlegend=False,
    )
    x = table["kept"].to_numpy(dtype=np.float64)
    low, high = (table[end].to_numpy(dtype=np.float64) for end in ("low", "high"))
    add_interval(made, x, low, high, look.accent)
    made.add_scatter(
        x=x,
        y=table["risk"],
        customdata=table[["images", "threshold", "low", "high"]],
        mode="lines",
        line={"color": look.accent, "width": 2},
        hovertemplate="%{x:.1%} kept, %{customdata[0]:,} images<br>Probability from "
        "%{customdata[1]:.3f} on<br>Errors %{y:.1%} [%{customdata[2]:.1%}–%{customdata[3]:.1%}]"
        "<extra></extra>",
    )
    made.add_scatter(
        x=[0, 1],
        y=[table["risk"].iloc[-1]] * 2,
        mode="lines",
        line={"color": look.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    return made
