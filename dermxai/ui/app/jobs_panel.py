"""Running jobs: how far they are, cancel, and what to open when they end."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from dermxai import jobs
from dermxai.data.places import first_demo_dataset
from dermxai.jobs import Job, State
from dermxai.jobs.queue import NORMAL
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback, fragment
from dermxai.ui.components.text import duration, percent, plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.state import Key

POLL = 2.0  # seconds
_PHASES = {
    "loading": "Loading",
    "atlas": "Drawing the synthetic atlas",
    "images": "Reading images",
    "map": "Computing the map",
    "maps": "Drawing maps",
    "passes": "Forward passes",
    "timing": "Timing a few steps",
    "evaluating": "Evaluating maps",
    "judging": "Evaluating maps",  # as kept jobs say
}
_PLACES = ("device", "shares")  # arguments that change nothing of what is made
_MEASURES = {
    "loss": ("loss", "{:.3f}".format),
    "balanced_accuracy": ("balanced accuracy", percent),
    "macro_auc": ("AUC", "{:.3f}".format),
}


def jobs_panel() -> None:
    """The jobs at work, and those that this visitor saw end badly."""
    running = any(job.state.live for job in jobs.list_jobs())

    @fragment(run_every=POLL if running else None)
    def panel() -> None:
        known = jobs.list_jobs()
        live = [job for job in known if job.state.live]
        watched = set(state.texts(Key.WATCHED))
        ended = [job for job in known if job.id in watched and job not in live]
        state.put(Key.WATCHED, [job.id for job in live])
        for job in live:
            _draw(job)
        if ended:
            for job in ended:
                _ended(job)
            st.rerun()

    panel()


def bar(job: Job) -> None:
    """Phase, bar, how much and how long."""
    progress = job.progress
    if job.stopping:
        st.progress(0.0 if progress is None else progress.fraction, "Stopping")
        return
    if progress is None:
        waiting = job.reason or "Waiting for its turn"
        queued = job.state is State.QUEUED or job.elsewhere
        st.progress(0.0, plain(waiting) if queued else "Starting")
        return
    words = [_PHASES.get(progress.phase, progress.phase.capitalize())]
    if "members" in progress.figures:  # of a cross-validation, whose steps tell nobody anything
        words[0] += " {member:.0f} of {members:.0f}".format(**progress.figures)
    elif progress.total:
        words.append(f"{progress.step:,} of {progress.total:,}")
    if not math.isnan(progress.eta):
        words.append(f"{duration(progress.eta)} left")
    words += [
        f"{name} {written(progress.figures[figure])}"
        for figure, (name, written) in _MEASURES.items()
        if not math.isnan(progress.figures.get(figure, math.nan))
    ]
    st.progress(progress.fraction, plain(" · ".join(words)))
    if reason := job.reason:  # why nobody watches it, or why it cannot be seen from here
        st.caption(plain(reason))


def start(kind: str, **arguments: object) -> Job:
    """Submits a job to this computer and watches it, so that its end is noticed.

    Raises:
        InputError: visitors may not start jobs, or this one cannot be started.
    """
    return submit(kind, arguments)


def submit(
    kind: str,
    arguments: Mapping[str, object],
    *,
    where: str = "local",
    token: str = "",
    tags: Sequence[str] = (),
    priority: str = NORMAL,
) -> Job:
    """As `start`, to any launcher and for a form, see `dermxai.jobs.submit`."""
    permissions.check("start jobs")
    visitor = permissions.person()
    job = jobs.submit(
        kind, arguments, where=where, token=token, tags=tags, priority=priority, owner=visitor.id
    )
    permissions.note("started job", job=job.id, kind=kind)
    state.put(Key.WATCHED, [*state.texts(Key.WATCHED), job.id])
    return job


def last(kind: str, **arguments: object) -> Job | None:
    """The newest job of that kind and with those arguments, on whatever devices."""

    def asked(given: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in given.items() if name not in _PLACES}

    return next(
        (
            job
            for job in jobs.list_jobs()
            if job.kind == kind and asked(job.arguments) == asked(arguments)
        ),
        None,
    )


def offer(kind: str, label: str, about: str, **arguments: object) -> None:
    """A button that starts a job; how far the job is while it is at work, and why an earlier one
    has failed.

    Args:
        about: what it costs, beside the button.
    """
    job = last(kind, **arguments)
    if job is not None and job.state.live:
        _progress(job)
        return
    if job is not None and (ended := why(job)):
        st.warning(plain(ended))
    if not permissions.may("start jobs"):
        st.caption(f"Not computed yet; who runs this server can: {label}.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.button(
            label, key=Key.START.of(kind), type="primary", icon=":material/play_arrow:"
        )
        st.caption(about, width="content")
    if wanted:
        start(kind, **arguments)
        st.rerun()


@fragment(run_every=POLL)
def _progress(job: Job) -> None:
    bar(job)


def why(job: Job) -> str:
    """How a job ended that did not succeed, in a sentence."""
    return {
        State.FAILED: job.error or "It failed; its log says more.",
        State.INTERRUPTED: job.reason or "It was interrupted; what it had finished is kept.",
        State.CANCELLED: "It was cancelled; what it had finished is kept.",
    }.get(job.state, "")


def _draw(job: Job) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.markdown(f":small[**{plain(job.title)}**]", width="stretch")
            if permissions.may("cancel jobs", owner=job.owner) and not job.stopping:
                st.button(
                    "Cancel",
                    key=Key.JOB.of("cancel", job.id),
                    icon=":material/close:",
                    type="tertiary",
                    help="What is finished is kept.",
                    on_click=callback(stop),
                    args=(job,),
                )
        bar(job)


def stop(job: Job) -> None:
    """Asks a job to stop, as a callback of a button."""
    permissions.check("cancel jobs", owner=job.owner)
    jobs.cancel(job, wait=False)
    permissions.note("cancelled job", job=job.id, kind=job.kind)


def _ended(job: Job) -> None:
    catalogue.forget()
    if job.state is State.SUCCEEDED:
        made = Path(str(job.result.get("run", ""))).name
        if (job.kind == "infer" and _awaited(job)) or job.kind == "import":
            state.open_run(made)
        elif job.kind == "import_embeddings" and made == state.view().run:
            state.show(space=str(job.result.get("space", "")))
        elif job.kind == "demo" and (state.view().is_empty or _at_first_demo()):
            state.forget()  # the newest run, which is the demo's, is opened
        else:
            st.toast(f"Finished: {plain(job.title)}", icon=":material/check:")
    elif job.state is not State.CANCELLED:
        state.put(Key.NOTICE, f"{job.title}: {why(job)}")


def _at_first_demo() -> bool:
    """Whether the visitor looks at the demo that a new one was drawn beside."""
    _, dataset = catalogue.pair(catalogue.entries(), state.view())
    return dataset == str(first_demo_dataset())


def _awaited(job: Job) -> bool:
    """Whether the visitor still looks at the pair that the job was started for."""
    asked = (job.arguments.get("checkpoint"), job.arguments.get("dataset"))
    return catalogue.pair(catalogue.entries(), state.view()) == asked
