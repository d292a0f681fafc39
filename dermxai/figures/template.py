"""One look for all figures, on light and on dark pages, and text that is safe to show."""

import textwrap
from dataclasses import dataclass
from functools import cache

import plotly.graph_objects as go

from dermxai.core import escaping

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'
)

SIDE = 8  # pixels around a figure, but for its title
_LETTER = 7.0  # pixels of a character of a help line, in a wide font


@dataclass(frozen=True)
class Palette:
    ink: str
    muted: str
    line: str
    surface: str
    """What hover labels lie on."""
    accent: str
    warning: str
    missing: str
    """Points without a value."""
    ramp: tuple[str, ...]
    """One hue from nothing to much."""
    verdicts: tuple[str, str, str, str]
    """Behind a text: good, in part, bad, none."""
    scale: tuple[str, ...]
    """Viridis (van der Walt & Smith 2015), all of it apart from the page."""


LIGHT = Palette(
    ink="#1f2933",
    muted="#5b6773",
    line="#d9dee4",
    surface="#ffffff",
    accent="#0f6fa8",
    warning="#c2410c",
    missing="#c3c9d0",
    ramp=("#f3f6f9", "#cfe1ee", "#94c1de", "#4a97c6", "#0f6fa8", "#084a75"),
    verdicts=("#bfe5d3", "#d7e3ee", "#f6d3c1", "#eef1f4"),
    scale=("#440154", "#443983", "#31688e", "#21918c", "#35b779", "#90d743"),
)
DARK = Palette(
    ink="#e6e9ed",
    muted="#9aa5b1",
    line="#303842",
    surface="#1b212b",
    accent="#4aa8dd",
    warning="#f08a4b",
    missing="#4a535e",
    ramp=("#171d26", "#16354b", "#175478", "#1f7cb0", "#4aa8dd", "#a9dbf7"),
    verdicts=("#1f7a5c", "#35506b", "#8a3d1d", "#232b35"),
    scale=("#5a4f9f", "#3b7aa0", "#21918c", "#35b779", "#90d743", "#fde725"),
)


def palette(dark: bool) -> Palette:
    return DARK if dark else LIGHT


def text(value: object) -> str:
    """A name from data as it is, where plotly would read its tags and entities."""
    return escaping.pseudo_html(value)


def shortened(value: object, length: int) -> str:
    """The first characters of a name and an ellipsis where it is longer; safe to show."""
    name = str(value)
    return text(name if len(name) <= length else name[: length - 1].rstrip() + "…")


def figure(
    title: str,
    help_: str = "",
    *,
    height: int,
    dark: bool = False,
    width: float | None = None,
    **layout: object,
) -> go.Figure:
    """An empty figure with its title, lines beneath on how to read it, and the project's look.

    Args:
        title: what is seen; safe to show.
        help_: how to read it; safe to show.
        height: pixels of the plot itself, without the title.
        dark: colours for a dark page.
        width: pixels of the plot itself.
        layout: anything else of the plotly layout.
    """
    lines = textwrap.wrap(help_, max(40, int((width or 640) / _LETTER)))
    top, side = (52 + 18 * len(lines) if lines else 44), SIDE
    return go.Figure(
        layout={
            "template": _template(dark),
            "title": {"text": title, "subtitle": {"text": "<br>".join(lines)}},
            "height": height + top + side,
            "width": width and max(width, 320) + 2 * side,
            "margin": {"l": side, "r": side, "t": top, "b": side},
            **layout,
        }
    )


def blank(title: str, reason: str, dark: bool = False) -> go.Figure:
    """A figure that has nothing to show and says why."""
    return figure(
        title, reason, height=40, dark=dark, xaxis={"visible": False}, yaxis={"visible": False}
    )


@cache
def _template(dark: bool) -> go.layout.Template:
    colours = palette(dark)
    axis = {
        "automargin": True,
        "gridcolor": colours.line,
        "linecolor": colours.line,
        "tickcolor": colours.line,
        "zerolinecolor": colours.line,
        "ticklabelstandoff": 6,
        "tickfont": {"color": colours.muted, "size": 12},
        "title": {"font": {"color": colours.muted, "size": 13}, "standoff": 8},
        "showline": False,
        "ticks": "",
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": colours.ink},
            "title": {
                "font": {"size": 16, "color": colours.ink, "weight": 600},
                "subtitle": {"font": {"size": 13, "color": colours.muted}},
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 10, "l": 8},
            },
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hoverlabel": {
                "bgcolor": colours.surface,
                "bordercolor": colours.line,
                "font": {"family": FONT, "size": 13, "color": colours.ink},
                "align": "left",
                "namelength": -1,
            },
            "legend": {
                "bgcolor": "rgba(0,0,0,0)",
                "font": {"size": 12, "color": colours.ink},
                "title": {"font": {"size": 12, "color": colours.muted}},
                "itemsizing": "constant",
            },
            "xaxis": axis,
            "yaxis": axis,
            "colorway": [colours.accent, colours.muted, colours.warning],
            "hovermode": "closest",
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": colours.muted,
                "activecolor": colours.accent,
            },
        }
    )
