"""What a training would take: a job times a few steps, on request."""

from collections.abc import Mapping

import streamlit as st

from dermxai.jobs import Job, State
from dermxai.jobs.gpus import gpus
from dermxai.ui.app import jobs_panel
from dermxai.ui.app.guard import fragment
from dermxai.ui.components.text import plain, span
from dermxai.ui.session.state import Key


def ask(arguments: Mapping[str, object]) -> None:
    """The estimate of a training with these arguments, or the button that asks for it."""
    job = jobs_panel.last("estimate", **arguments)
    shown, below = st.container(), st.empty()
    if not (job and job.state.live) and below.button(
        "Estimate again" if job else "Estimate time and memory",
        key=Key.START.of("estimate"),
        type="tertiary",
        icon=":material/timer:",
        help="Times a few steps, which takes some seconds.",
    ):
        job = jobs_panel.start("estimate", **arguments)
        below.empty()
    with shown:
        if job and job.state.live:
            _at_work(job)
        elif job:
            _told(job)


@fragment(run_every=1.0)
def _at_work(job: Job) -> None:
    if job.state.live:
        jobs_panel.bar(job)
    else:
        _told(job)


def _told(job: Job) -> None:
    if job.state is State.SUCCEEDED:
        _figures(job.result)
    else:
        st.warning(plain(jobs_panel.why(job)), icon=":material/timer_off:")


def _figures(result: Mapping[str, object]) -> None:
    numbers = {name: each for name, each in result.items() if isinstance(each, int | float)}
    notes = result.get("notes")
    untimed = result["device"] == "cpu" and gpus()
    with st.container(horizontal=True):
        if numbers["trainings"] > 1:
            st.metric("Trainings", f"{numbers['trainings']:,}")
        st.metric("Training images", f"{numbers['training_images']:,}")
        st.metric("Validation images", f"{numbers['validation_images']:,}")
        st.metric("Steps", f"{numbers['steps']:,}")
        memory = numbers["memory_bytes"] / 2**30
        st.metric("Memory", f"{memory:.1f} GB" if memory >= 0.1 else "< 0.1 GB")
        high = numbers.get("seconds_high", numbers["seconds"])
        time = "–" if untimed else span(numbers["seconds"], high).removeprefix("about ")
        st.metric("Time, about", time)
    if numbers["trainings"] > 1:
        st.caption("Images of one of the trainings; steps and time of all.")
    if untimed:
        st.caption("No GPU was free to time a step on; estimate again when one is.")
    elif result["beside"]:
        st.caption("Timed beside a job at work: alone it is faster.")
    for note in notes if isinstance(notes, list) else ():
        st.warning(plain(note), icon=":material/call_split:")
    if (warning := result["warning"]) and not untimed:
        st.warning(plain(str(warning)), icon=":material/memory_alt:")
