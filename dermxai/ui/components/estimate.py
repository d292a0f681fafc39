"""What a training would take: a job times a few steps, on request."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dermxai.jobs import Job, State
from dermxai.jobs.gpus import gpus
from dermxai.ui.app import jobs_panel
from dermxai.ui.app.guard import fragment
from dermxai.ui.components.text import plain, span
from dermxai.ui.session.state import Key


def ask(arguments: Mapping[str, Any]) -> None:
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


def _figures(result: Mapping[str, Any]) -> None:
    untimed = result["device"] == "cpu" and gpus()
    with st.container(horizontal=True):
        if result["trainings"] > 1:
            st.metric("Trainings", f"{result['trainings']:,}")
        st.metric("Training images", f"{result['training_images']:,}")
        st.metric("Validation images", f"{result['validation_images']:,}")
        st.metric("Steps", f"{result['steps']:,}")
        memory = result["memory_bytes"] / 2**30
        st.metric("Memory", f"{memory:.1f} GB" if memory >= 0.1 else "< 0.1 GB")
        high = result.get("seconds_high", result["seconds"])
        time = "–" if untimed else span(result["seconds"], high).removeprefix("about ")
        st.metric("Time, about", time)
    if result["trainings"] > 1:
        st.caption("Images of one of the trainings; steps and time of all.")
    if untimed:
        st.caption("No GPU was free to time a step on; estimate again when one is.")
    elif result["beside"]:
        st.caption("Timed beside a job at work: alone it is faster.")
    for note in result.get("notes", ()):
        st.warning(plain(note), icon=":material/call_split:")
    if (warning := result["warning"]) and not untimed:
        st.warning(plain(warning), icon=":material/memory_alt:")
