"""How the margin of a prediction falls while more of the image is replaced."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from dermxai.figures.template import figure, palette, shortened

_BAND = 0.16  # opacity


def counterfactual_path(
    areas: ArrayLike,
    leads: ArrayLike,
    *,
    found: tuple[float, float],
    random_areas: ArrayLike,
    band: ArrayLike,
    prediction: str,
    into: str,
    dark: bool = False,
) -> go.Figure:
    """The greedy search beside random sets of about the same area.

    Args:
        areas, leads: (step + 1,) percent of the image replaced, and the margin of the
            highest other class against ``into``, in logits.
        found: area and margin of the set that was found.
        random_areas: (s,) percent.
        band: (3, s) lower end, median and upper end over random sets.
        prediction, into: class codes.
        dark: colours for a dark page.
    """
    colours = palette(dark)
    x, y = np.asarray(areas, dtype=np.float64), np.asarray(leads, dtype=np.float64)
    place = np.r_[0.0, np.asarray(random_areas, dtype=np.float64)]
    low, middle, high = (np.r_[y[0], each] for each in np.asarray(band, dtype=np.float64))
    target, source = shortened(into, 16), shortened(prediction, 16)
    made = figure(
        f"From {source} to {target}",
        f"Margin of {source}, or of any other class ahead of {target}, in logits; below 0 "
        f"{target} is predicted. Shaded: 95 % of random sets of about the same area.",
        height=260,
        dark=dark,
        xaxis={
            "title": {"text": "Replaced, % of the image"},
            "rangemode": "tozero",
            "fixedrange": True,
        },
        yaxis={"title": {"text": f"Margin against {target}"}, "fixedrange": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    made.add_scatter(
        x=[*place, *place[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=_clear(colours.muted, _BAND),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
    made.add_scatter(
        x=place,
        y=middle,
        name="random sets, median",
        mode="lines",
        line={"color": colours.muted, "width": 2, "dash": "dot"},
        hovertemplate="%{x:.1f} %: median %{y:.2f}<extra></extra>",
    )
    made.add_scatter(
        x=x,
        y=y,
        name="search",
        mode="lines+markers",
        line={"color": colours.accent, "width": 2},
        marker={"size": 7},
        hovertext=_steps(len(x)),
        hovertemplate="%{hovertext}: %{x:.1f} %, margin %{y:.2f}<extra></extra>",
    )
    made.add_scatter(
        x=[found[0]],
        y=[found[1]],
        name="found set",
        mode="markers",
        marker={
            "size": 13,
            "symbol": "circle-open",
            "color": colours.warning,
            "line": {"width": 2.5},
        },
        hovertemplate="found: %{x:.1f} %, margin %{y:.2f}<extra></extra>",
    )
    made.add_hline(y=0, line={"color": colours.ink, "width": 1})
    return made


def _steps(count: int) -> Sequence[str]:
    return ["nothing replaced", *(f"step {step}" for step in range(1, count))]


def _clear(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
