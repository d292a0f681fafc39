"""How figures and headings are put on a page."""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.layout_utils import Width
from streamlit.elements.plotly_chart import SelectionMode

from dermxai.figures.template import SIDE, palette
from dermxai.ui.app.guard import callback
from dermxai.ui.components import figure_files
from dermxai.ui.components.text import count, plain

_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["autoScale2d"],
}
_TOOLBAR = 36  # pixels

SIDEBAR = 264  # pixels wide
_ON_PRIMARY = "#0f1319"
ICON = str(Path(__file__).with_name("icon.png"))

_STYLE = """<style>
/* Room for figures and tables on a laptop and a projector: columns too narrow for them wrap. */
.stMainBlockContainer { padding-inline: min(3vw, 5rem); }
.stMain .stColumn { min-width: min(17rem, 100%); }
/* The pages close together, so that checkpoint and dataset, beneath them, come sooner. */
[data-testid="stSidebarNavItems"] :is(li, [data-testid="stSidebarNavLink"]) { margin-block: 0; }
/* A card of a gallery: its whole face is the button. */
[class*="st-key-card-"] { position: relative; }
[class*="st-key-card-"] :is(.stElementContainer:has(.stButton), .stButton, .stButton *) {
  position: static; }
[class*="st-key-card-"] .stButton button { min-height: 0; padding: 0; }
[class*="st-key-card-"] .stButton button::after {
  content: ""; position: absolute; inset: 0; border-radius: 0.375rem; }
[class*="st-key-card-"] .stButton button:is(:hover, :focus-visible)::after,
[class*="st-key-card-primary"] .stButton button::after {
  box-shadow: 0 0 0 2px var(--st-primary-color, #0f6fa8); }
[class*="st-key-card-"] .stElementToolbar { display: none; }
[class*="st-key-card-"] img { border-radius: 0.375rem; }
/* Figures whose names would lie on each other on a phone keep their size there, and scroll. */
@media (max-width: 640px) {
  [class*="st-key-wide-"] { overflow-x: auto; }
  [class*="st-key-wide-"] .stElementContainer:has(.stPlotlyChart) { min-width: 36rem; }
}
/* The one image that is looked at stays in sight beside what is asked of it. */
@media (min-width: 1100px) and (min-height: 640px) {
  .stColumn:has([class*="st-key-looked-at-1-"]) { position: sticky; top: 0.5rem;
    align-self: flex-start; }
}
/* Titles of sections are larger than those of their parts. */
[class*="st-key-section-"] h2 { font-size: 1.3rem; padding-top: 0.75rem; }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: 0.01ms !important;
    animation-iteration-count: 1 !important; transition-duration: 0.01ms !important;
    scroll-behavior: auto !important; }
}
/* Streamlit's own CSV of a table has formulas as they are and says nothing of the run. */
[data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) { display: none; }
</style>"""


def dark() -> bool:
    """Whether the visitor sees the dark theme."""
    return bool(st.context.theme.type == "dark")


def style() -> str:
    """What pages add to Streamlit's own style. Quiet words have the contrast of 4.5 that those of
    figures have, where Streamlit's have 4.0; words on the bright buttons of the dark theme, which
    are white, are dark."""
    quiet = palette(dark()).muted
    captions = f"color: {quiet} !important; opacity: 1 !important;"
    rules = f"[data-testid='stCaptionContainer'] {{ {captions} }}"
    if dark():
        button = "[data-testid^='stBaseButton-primary']"
        rules += f" {button}, {button} * {{ color: {_ON_PRIMARY} !important; }}"
    return f"{_STYLE}<style>{rules}</style>"


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure of `dermxai.figures` without its title, which the page writes above it: there it
    wraps, and looks like all other titles."""

    title: str
    help: str
    figure: go.Figure

    @classmethod
    def of(cls, figure: go.Figure, toolbar: bool = False) -> Self:
        """Takes the title off a figure that nobody else has; leaves room for the tools."""
        title, margin = figure.layout.title, figure.layout.margin
        made = cls(_words(title.text), _words(title.subtitle.text), figure)
        band = max(0, margin.t - SIDE) - (_TOOLBAR if toolbar else 0)
        figure.layout.title = None
        figure.layout.height -= band
        margin.t -= band
        return made


def plot(
    drawn: Plot,
    key: str,
    toolbar: bool = False,
    *,
    on_select: Callable[[], None] | None = None,
    selection_mode: SelectionMode | Sequence[SelectionMode] = (),
    width: Width = "stretch",
) -> None:
    """A figure in its own colours under its title, its tools always in sight or never.

    Args:
        on_select: is called when something in it is chosen, in one of the modes.
    """
    with st.container(horizontal=True, vertical_alignment="top"):
        heading(drawn.title, drawn.help)
        with st.container(width="content"):
            figure_files.offer(drawn.title, drawn.help, drawn.figure, key)
    draw = partial(
        st.plotly_chart,
        drawn.figure,
        key=key,
        theme=None,
        config=_CONFIG | {"displayModeBar": toolbar},
        alt=drawn.title,
        width=width,
    )
    if on_select is None:
        draw()
    else:
        draw(on_select=callback(on_select), selection_mode=selection_mode)


def facts(*parts: str) -> None:
    """A quiet line of what is known, as Markdown; empty parts are left out."""
    st.caption(" · ".join(part for part in parts if part))


def heading(title: str, help_: str = "") -> None:
    """The title of a part of a page and how to use it, spaced like those of the figures."""
    with st.container(gap=None):
        st.markdown(f"## {plain(title)}")
        if help_:
            st.caption(plain(help_))


def section(title: str, help_: str = "") -> None:
    """The title of several parts of a page that answer one question."""
    with st.container(key=f"section-{title.lower().replace(' ', '-')}", gap=None):
        st.markdown(f"## {plain(title)}")
        if help_:
            st.caption(plain(help_))


def notes(lines: Iterable[str]) -> None:
    """What a visitor should know of the page, one line each."""
    with st.container(gap=None):
        for line in lines:
            st.caption(f":material/info: {plain(line)}")


def folded_notes(lines: Iterable[str]) -> None:
    """The same beneath what they are about, folded; nothing where there is none."""
    if told := tuple(lines):
        with st.expander(count(len(told), "note"), icon=":material/info:"):
            notes(told)


def height(table: pd.DataFrame, most: int = 16) -> int:
    """Pixels of a table that shows its rows without scrolling, up to ``most``."""
    return 35 * (min(len(table), most) + 1) + 3


def _words(text: str | None) -> str:
    """What a text of plotly says: its tags are taken out, its entities read."""
    return html.unescape(re.sub(r"<[^>]*>", " ", text or "")).strip()
