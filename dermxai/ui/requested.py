"""Work that takes longer than a forward pass: asked for, at a stated price."""

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import streamlit as st

from dermxai.explain.method import Progress
from dermxai.runs import Run
from dermxai.ui import question
from dermxai.ui.state import Key
from dermxai.ui.text import duration, percent, plain

T = TypeVar("T")


def on_request(
    run: Run,
    name: str,
    label: str,
    passes: int,
    work: Callable[[Progress], T],
    *,
    at_most: bool = False,
    quiet: bool = False,
    help_: str | None = None,
) -> T | None:
    """A button that says what the work costs and does it, with progress and a way out.

    Any rerun of the page stops the work at its next step: Streamlit raises its own exception where
    the progress is drawn. That holds for full reruns only, so nothing here lies in a fragment. The
    button that cancels has a place of its own: where it follows another one in the same place, the
    browser loses the click.

    Args:
        name: tells buttons apart.
        label: of the button; safe to show.
        passes: what it costs.
        work: is called with what to report progress to.
        at_most: whether it may well be done with fewer passes.
        quiet: whether the button keeps to the background.
        help_: what the work is; safe to show.

    Returns:
        The result, if it has been computed now.
    """
    place, under_way = st.empty(), st.empty()
    most = "at most " if at_most else ""
    cost = f"{most}{question.cost(run, passes)}."
    with place.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            label,
            key=Key.START.of(name),
            type="tertiary" if quiet else "primary",
            icon=":material/play_arrow:",
            help=help_,
        )
        st.caption(cost[0].upper() + cost[1:], width="content")
    if not asked:
        return None
    place.empty()
    with under_way.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Starting …", width="stretch")
        st.button("Cancel", key=Key.CANCEL.of(name), icon=":material/close:")
    began = perf_counter()

    def show(done: float, total: float) -> None:
        if not total:
            bar.progress(0.0, "Waiting for other visitors' work …")
            return
        share = min(1.0, done / total)
        bar.progress(share, f"{plain(_how_far(began, share))}{' at most' * at_most}")

    result = work(show)
    under_way.empty()
    return result


def _how_far(began: float, share: float) -> str:
    """How much of the work is done, and how long the rest will take."""
    if not share:
        return "Starting …"
    left = (perf_counter() - began) * (1 - share) / share
    return f"{percent(share, 0)} · {duration(left)} left"
