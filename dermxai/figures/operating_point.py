"""ROC and precision-recall curve of a class, with pointwise bands and points on them."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dermxai.core.formatting import percent
from dermxai.figures.roc import chance
from dermxai.figures.template import Palette, blank, figure, palette, text
from dermxai.metrics.bands import Band

_SIDE = 340
_AXIS = {"range": [-0.02, 1.02], "constrain": "domain", "zeroline": False}

Point = tuple[float, float]
"""Where it lies on x and y."""


def roc_band(
    band: Band,
    name: str,
    points: Mapping[str, Point],
    *,
    level: float = 0.95,
    colour: str | None = None,
    dark: bool = False,
) -> go.Figure:
    """The ROC curve, with a band for the sensitivity at each false positive rate.

    Args:
        band: of the ROC curve.
        name: of the class.
        points: by name, false positive rate and sensitivity; the first is the one that is set.
        level: of the band.
        colour: of the curve.
        dark: colours for a dark page.
    """
    title = f"ROC curve: {text(name)}"
    if not np.isfinite(band.y).any():
        return blank(title, "A curve needs images of the class and of others.", dark)
    look = palette(dark)
    made = _square(
        title,
        f"Band: {percent(level, 0)} interval of the sensitivity at each false positive rate, "
        "pointwise.",
        ("1 − specificity", "Sensitivity"),
        dark,
    )
    chance(made, look.muted)
    _banded(made, band, colour or look.accent, ("1 − specificity", "Sensitivity"))
    _pointed(made, points, look, ("1 − specificity", "Sensitivity"))
    return made


def precision_recall_band(
    band: Band,
    name: str,
    points: Mapping[str, Point],
    *,
    prevalence: float,
    level: float = 0.95,
    colour: str | None = None,
    dark: bool = False,
) -> go.Figure:
    """The precision-recall curve, with a band for the precision at each recall.

    Args:
        band: of the precision-recall curve.
        name: of the class.
        points: by name, recall and precision; the first is the one that is set.
        prevalence: of the class, the precision by chance.
        level: of the band.
        colour: of the curve.
        dark: colours for a dark page.
    """
    title = f"Precision-recall curve: {text(name)}"
    if not np.isfinite(band.y).any():
        return blank(title, "A curve needs images of the class and of others.", dark)
    look = palette(dark)
    made = _square(
        title,
        f"Precision is PPV, recall sensitivity. Dotted: chance. Band: {percent(level, 0)}, "
        "pointwise.",
        ("Recall", "Precision"),
        dark,
    )
    made.add_scatter(
        x=[0, 1],
        y=[prevalence, prevalence],
        mode="lines",
        line={"color": look.muted, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    _banded(made, band, colour or look.accent, ("Recall", "Precision"))
    _pointed(made, points, look, ("Recall", "Precision"))
    return made


def _square(title: str, subtitle: str, axes: tuple[str, str], dark: bool) -> go.Figure:
    """A figure whose axes, from 0 to 1, are equally long."""
    return figure(
        title,
        subtitle,
        height=_SIDE,
        width=_SIDE,
        dark=dark,
        xaxis=_AXIS | {"title": axes[0], "constraintoward": "left"},
        yaxis=_AXIS | {"title": axes[1], "scaleanchor": "x"},
        showlegend=False,
    )


def add_interval(
    made: go.Figure,
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colour: str,
) -> None:
    """A band between two lines, where both are known."""
    known = np.isfinite(low) & np.isfinite(high)
    for end, fill in ((low, None), (high, "tonexty")):
        made.add_scatter(
            x=x[known],
            y=end[known],
            mode="lines",
            line={"width": 0, "color": colour},
            fill=fill,
            fillcolor=_faint(colour),
            hoverinfo="skip",
            showlegend=False,
        )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"


def _banded(made: go.Figure, band: Band, colour: str, axes: tuple[str, str]) -> None:
    add_interval(made, band.x, band.low, band.high, colour)
    known = np.isfinite(band.y)
    made.add_scatter(
        x=band.x[known],
        y=band.y[known],
        mode="lines",
        line={"color": colour, "width": 2},
        customdata=np.column_stack([band.low, band.high])[known],
        hovertemplate=f"{axes[0]} %{{x:.2f}}<br>{axes[1]} %{{y:.3f}} [%{{customdata[0]:.3f}}–"
        "%{customdata[1]:.3f}]<extra></extra>",
    )


def _pointed(
    made: go.Figure, points: Mapping[str, Point], look: Palette, axes: tuple[str, str]
) -> None:
    """The point that is set, filled; the others hollow, named where the mouse is."""
    for place, (name, (x, y)) in enumerate(points.items()):
        if not np.isfinite([x, y]).all():
            continue
        made.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            cliponaxis=False,
            marker={
                "size": 9 if place else 13,
                "symbol": "circle-open" if place else "circle",
                "color": look.ink if place else look.warning,
                "line": {"width": 2, "color": look.ink if place else look.surface},
            },
            meta=text(name),
            hovertemplate=f"<b>%{{meta}}</b><br>{axes[0]} %{{x:.3f}}<br>{axes[1]} %{{y:.3f}}"
            "<extra></extra>",
        )
