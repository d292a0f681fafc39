"""Decision curve: net benefit by the threshold from which on one acts."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai.core.formatting import percent
from dermxai.figures.operating_point import add_interval
from dermxai.figures.template import blank, figure, palette, text

_WIDE, _HIGH, _LEGEND = 560, 320, 170


def decision_curve(
    table: pd.DataFrame,
    name: str,
    prevalence: float,
    *,
    tempered: pd.DataFrame | None = None,
    level: float = 0.95,
    dark: bool = False,
) -> go.Figure:
    """Net benefit beside those of acting on all images and on none.

    Args:
        table: `metrics.decision_curve.DecisionCurve.table`.
        name: of the class.
        prevalence: that it is told at.
        tempered: the same of probabilities at the fitted temperature.
        level: of the band.
        dark: colours for a dark page.
    """
    title = f"Decision curve: {text(name)}"
    if not table["net_benefit"].notna().any():
        return blank(title, "Net benefit needs images of the class and of others.", dark)
    look = palette(dark)
    made = figure(
        title,
        "Images found, less false alarms at the rate that the threshold says, per image; above "
        f"both dotted lines it is of use. Band: {percent(level, 0)}, pointwise. Prevalence "
        f"{percent(prevalence)}, taken as known.",
        height=_HIGH,
        width=_WIDE + _LEGEND,
        dark=dark,
        xaxis={"title": "Threshold: act from this probability on", "range": [0, 1]},
        yaxis={
            "title": "Net benefit",
            "range": [-0.25 * prevalence, 1.1 * max(prevalence, np.nanmax(table["net_benefit"]))],
            "zeroline": False,
        },
        legend={"x": 1.02, "y": 1},
    )
    x = table["threshold"].to_numpy(dtype=np.float64)
    low, high = (table[end].to_numpy(dtype=np.float64) for end in ("low", "high"))
    add_interval(made, x, low, high, look.accent)
    lines = [("As predicted", table, {"color": look.accent, "width": 2})]
    if tempered is not None:
        dashed = {"color": look.muted, "width": 2, "dash": "dash"}
        lines.append(("At the temperature", tempered, dashed))
    for words, of, line in lines:
        made.add_scatter(
            x=of["threshold"],
            y=of["net_benefit"],
            customdata=of[["low", "high"]],
            mode="lines",
            line=line,
            name=words,
            hovertemplate="From %{x:.2f} on<br>Net benefit %{y:.4f} [%{customdata[0]:.4f} to "
            "%{customdata[1]:.4f}]<extra></extra>",
        )
    for words, values in (("Act on all", table["act_on_all"]), ("Act on none", 0 * x)):
        made.add_scatter(
            x=x,
            y=values,
            mode="lines",
            line={"color": look.ink, "width": 1.5, "dash": "dot"},
            name=words,
            hovertemplate=f"{words}<br>Net benefit %{{y:.4f}}<extra></extra>",
        )
    return made
