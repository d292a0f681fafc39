"""What is seen before there is anything to see: the demo is prepared."""

import streamlit as st

from dermxai.jobs import State
from dermxai.ui import catalogue, jobs_panel, permissions, state
from dermxai.ui.guard import fragment
from dermxai.ui.state import Key
from dermxai.ui.text import plain


def needed() -> bool:
    """Whether there is neither a run nor a choice of data yet."""
    return not catalogue.entries() and state.view().is_empty


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
    if not permissions.may("start jobs"):
        st.info("Nothing is prepared yet. Who runs this server: `python -m dermxai demo`.")
        return
    job = jobs_panel.last("demo") or jobs_panel.start("demo")
    if needed() and job.state is State.SUCCEEDED:
        job = jobs_panel.start("demo")
    if job.state is State.SUCCEEDED:
        st.rerun()
    if not job.state.live:
        st.error(plain(jobs_panel.why(job)), icon=":material/error:")
        if st.button("Try again", key=Key.START, type="primary"):
            jobs_panel.start("demo")
            st.rerun()
        return
    with st.container(border=True):
        st.markdown("**Preparing the demo: a synthetic dermoscopy atlas and a trained checkpoint**")
        jobs_panel.bar(job)
        st.caption("Once, for about a minute. It goes on when this page is closed.")
