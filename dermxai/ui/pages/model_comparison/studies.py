"""Trainings over several folds and seeds, beside the runs."""

import streamlit as st

from dermxai import jobs
from dermxai.jobs import Job
from dermxai.ui.components import look, studies
from dermxai.ui.components.text import plain
from dermxai.ui.session.caches import job_files
from dermxai.ui.session.state import Key


def section() -> None:
    """Mean ± SD over the folds and seeds of a cross-validation of this workspace; nothing where
    there is none."""
    known = {job.id: job for job in jobs.list_jobs() if _is_study(job)}
    found = {
        name: content
        for name, job in known.items()
        if (content := job_files.cross_validation(str(job.result["study"]))) is not None
    }
    if not found:
        return
    look.heading(
        "Folds and seeds",
        "Cross-validations of this workspace: mean ± SD of each network. The SD says how much "
        "trainings differ, not how sure a figure is.",
    )
    chosen = st.selectbox(
        "Cross-validation",
        list(found),
        key=Key.FOUND.of("study"),
        format_func=lambda name: plain(known[name].title) if name in known else name,
        bind="query-params",
        persist_state="session",
        width=560,
    )
    if content := found.get(str(chosen)):
        studies.study(content)


def _is_study(job: Job) -> bool:
    return job.kind == "train" and "study" in (job.result or {})
