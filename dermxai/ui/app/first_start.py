"""What is seen before there is anything to see: the demo is prepared, or skipped."""

import streamlit as st

from dermxai import jobs
from dermxai.core import paths
from dermxai.data.places import demo_dataset, first_demo_dataset
from dermxai.jobs import State
from dermxai.models import list_checkpoints
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.app.guard import fragment
from dermxai.ui.components.text import plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.state import Key

_OWN = "demo"  # kind of the job that tells nothing of what a visitor has


def needed() -> bool:
    """Whether there is nothing yet to open or to follow, and the demo was not skipped."""
    if catalogue.entries() or not state.view().is_empty or state.get(Key.SKIPPED):
        return False
    return not (own_datasets() or _own_checkpoints() or own_jobs())


def own_datasets() -> list[str]:
    """Datasets of the workspace, without the demo's."""
    atlases = {str(demo_dataset()), str(first_demo_dataset())}
    return [path for path in catalogue.datasets([]) if path not in atlases]


def own_jobs() -> list[jobs.Job]:
    """Jobs of the workspace, without the demo's."""
    return [job for job in jobs.list_jobs() if job.kind != _OWN]


def _own_checkpoints() -> bool:
    return any(folder.parent == paths.checkpoints() for folder in list_checkpoints())


def first_start() -> None:
    """Starts the demo by itself, shows how far it is, and goes on to the first page."""
    with st.container(width=640):
        st.title("DermXAI", anchor=False)
        st.markdown(
            "What a classifier of skin diseases sees: its diagnoses, its eight votes, and where "
            "on the skin they come from."
        )
        _preparation()
        catalogue.note()
        st.caption("For research and teaching, not for diagnosis.")


@fragment(run_every=1.0)
def _preparation() -> None:
    if not needed():
        st.rerun()
    if not permissions.may("start jobs"):
        st.info("Nothing is prepared yet. Who runs this server: `python -m dermxai demo`.")
        return
    job = jobs_panel.last("demo") or jobs_panel.start("demo")
    if job.state is State.SUCCEEDED:
        catalogue.forget()
        if not needed():  # it was listed before the run was there
            st.rerun()
        job = jobs_panel.start("demo")
    if job.state.live:
        with st.container(border=True):
            st.markdown(
                "**Preparing the demo: a synthetic dermoscopy atlas and a trained checkpoint**"
            )
            jobs_panel.bar(job)
            st.caption("Once, for about a minute. It goes on when this page is closed.")
    else:
        st.error(plain(jobs_panel.why(job)), icon=":material/error:")
    with st.container(horizontal=True):
        if not job.state.live and st.button("Try again", key=Key.START, type="primary"):
            jobs_panel.start("demo")
            st.rerun()
        if st.button(
            "Skip",
            key=Key.SKIPPED.of("demo"),
            icon=":material/skip_next:",
            help="Opens the dashboard for data of your own. The demo goes on at the left, where it "
            "can be cancelled.",
        ):
            state.put(Key.SKIPPED, True)
            st.rerun()


def nothing_open() -> None:
    """In place of a page that needs data, where none were chosen."""
    with st.container(width=640):
        st.title("Nothing is open yet", anchor=False)
        if not permissions.may("start jobs"):
            st.markdown("This page shows what a checkpoint predicts, once inference has run.")
            return
        st.markdown(
            "Choose a checkpoint and a dataset at the left, or enter their paths; then **Run "
            "inference** predicts its images. **Fine-tune** trains a checkpoint of your own."
        )
        earlier = jobs_panel.last("demo")
        if not (earlier and earlier.state.live) and st.button(
            "Prepare the demo",
            key=Key.START.of("demo"),
            icon=":material/brush:",
            help="A synthetic atlas and a trained checkpoint, in about a minute. On the processor: "
            "it takes no GPU from a job.",
        ):
            jobs_panel.start("demo")
            st.rerun()
