"""Work on one image that takes longer than a forward pass: asked for, at a stated price."""

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import streamlit as st

from dermxai.explain.method import Progress
from dermxai.ui.state import Key
from dermxai.ui.text import duration, plain

T = TypeVar("T")


def on_request(name: str, label: str, cost: str, work: Callable[[Progress], T]) -> T | None:
    """A button that says what the work costs and does it, with progress and a way out.

    Any rerun of the page stops the work at its next step: Streamlit raises its own exception where
    the progress is drawn. That holds for full reruns only, so nothing here lies in a fragment.

    Args:
        name: tells buttons apart.
        label: of the button; safe to show.
        cost: in words.
        work: is called with what to report progress to.

    Returns:
        The result, if it has been computed now.
    """
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            label, key=Key.START.of(name), type="primary", icon=":material/play_arrow:"
        )
        st.caption(plain(f"{cost}."), width="content")
    if not asked:
        return None
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Starting …", width="stretch")
        st.button("Cancel", key=Key.CANCEL.of(name), icon=":material/close:")
    began = perf_counter()

    def show(done: int, total: int) -> None:
        share = min(1.0, done / max(total, 1))
        bar.progress(share, _how_far(began, share))

    result = work(show)
    place.empty()
    return result


def _how_far(began: float, share: float) -> str:
    if not share:
        return "Starting …"
    left = (perf_counter() - began) * (1 - share) / share
    return f"{share:.0%} · at most {duration(left)} left"
