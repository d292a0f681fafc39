"""Work that takes longer than a forward pass: asked for, at a stated price."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

import streamlit as st

from dermxai.explain.attribution.method import Progress
from dermxai.runs import Run
from dermxai.ui.app.lanes import slowly
from dermxai.ui.components import question
from dermxai.ui.components.text import count, duration, percent, plain
from dermxai.ui.session import state
from dermxai.ui.session.caches import models
from dermxai.ui.session.state import Key

T = TypeVar("T")


def on_request(
    run: Run,
    name: str,
    label: str,
    price: Sequence[tuple[str, int]],
    work: Callable[[Progress], T],
    *,
    at_most: bool = False,
    quiet: bool = False,
    learn: bool = True,
    help_: str | None = None,
) -> T | None:
    """A button that says what the work costs and does it in the slow lane, with its place there,
    progress and a way out.

    A rerun of the page stops the work at its next step: Streamlit raises its own exception where
    the progress is drawn. That holds for full reruns only, so nothing here lies in a fragment. The
    button that cancels has a place of its own: where it follows another one in the same place, the
    browser loses the click.

    Args:
        name: tells buttons apart.
        label: of the button; safe to show.
        price: kinds of work and their passes.
        work: is called with what to report progress to.
        at_most: whether it may well be done with fewer passes.
        quiet: whether the button keeps to the background.
        learn: whether the price is one kind, whose time is learnt here.
        help_: what the work is; safe to show.

    Returns:
        The result, if it has been computed now.
    """
    place, under_way = st.empty(), st.empty()
    most = "at most " if at_most else ""
    cost = f"{most}{question.cost(run, price)}."
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
    began: list[float] = []

    def show(done: float, total: float) -> None:
        if not total:
            waiting(0)
            return
        began[:] = began or [perf_counter()]
        share = min(1.0, done / total)
        bar.progress(share, f"{plain(_how_far(began[0], share))}{' at most' * at_most}")

    def waiting(before: int) -> None:
        others = f"{count(before, 'request')} before yours" if before else "yours is next"
        bar.progress(0.0, f"Waiting for other visitors' work: {others} …")

    timed = _timed(run, price[0], work, at_most) if learn else work
    result = slowly(state.visitor(), timed, show, waiting)
    under_way.empty()
    return result


def _timed(
    run: Run, price: tuple[str, int], work: Callable[[Progress], T], at_most: bool
) -> Callable[[Progress], T]:
    """The work, from whose time is learnt what such work takes."""
    (kind, passes), classifier = price, models.classifier(run)

    def learning(progress: Progress) -> T:
        from dermxai.explain.costs import timed

        with timed(classifier, kind, passes) as times:

            def counted(done: int, total: int) -> None:
                if at_most and done:
                    times.passes = done
                progress(done, total)

            return work(counted)

    return learning


def _how_far(began: float, share: float) -> str:
    """How much of the work is done, and how long the rest will take."""
    if not share:
        return "Starting …"
    left = (perf_counter() - began) * (1 - share) / share
    return f"{percent(share, 0)} · {duration(left)} left"
