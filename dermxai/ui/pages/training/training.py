"""Parts of the Training page."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

from dermxai import jobs
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State
from dermxai.training.loop.choice import doubts, kept_at, kept_by
from dermxai.training.loop.validation import CONFUSION
from dermxai.training.recipe import KEPT_BY
from dermxai.ui.app import jobs_panel, pages, permissions
from dermxai.ui.app.guard import callback, fragment
from dermxai.ui.components import look, studies
from dermxai.ui.components.text import duration, percent, plain
from dermxai.ui.pages.training import fine_tune, trained, training_list
from dermxai.ui.pages.training import training_views as views
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import job_files
from dermxai.ui.session.state import Key

KIND = "train"
_PARAMETER = "job"  # of the address
_CURVES, _LAYERS, _HARDWARE, _LOG, _RECIPE = "Curves", "Layers", "Hardware", "Log", "Recipe"
_BADGES: Mapping[State, tuple[Literal["gray", "blue", "green", "red", "orange"], str]] = {
    State.QUEUED: ("gray", "schedule"),
    State.RUNNING: ("blue", "play_arrow"),
    State.SUCCEEDED: ("green", "check"),
    State.FAILED: ("red", "error"),
    State.CANCELLED: ("orange", "close"),
    State.INTERRUPTED: ("orange", "pause"),
}


def trainings() -> list[Job]:
    """Newest first."""
    return [job for job in jobs.list_jobs() if job.kind == KIND]


def nothing_yet() -> None:
    """What a training is, for those who have none."""
    with st.container(width=640):
        st.markdown(
            "Take a checkpoint, or ImageNet weights, and let it learn from a dataset of yours. The "
            "**paper**'s recipe unfreezes the network layer by layer; **quick** gives a first look "
            "within minutes. Training runs in the background: close this page, it goes on."
        )
        if not permissions.may("start jobs"):
            st.caption("The trainings of this server appear here.")
            return
        st.button(
            "Fine-tune",
            key=Key.FINE_TUNE.of("first"),
            type="primary",
            icon=":material/model_training:",
            on_click=callback(fine_tune.open_form),
        )
        st.caption("Or at the command line:")
        st.code(
            "python -m dermxai train DATASET --recipe quick --output workspace/checkpoints/mine",
            "bash",
        )


class Opening(NamedTuple):
    """A result that is opened as soon as its dataset is inferred: ids of the two jobs."""

    training: str
    inference: str


def _opening_now() -> Opening | None:
    held = state.get(Key.OPENING)
    return held if isinstance(held, Opening) else None


def ask_jobs(known: list[Job]) -> list[Job]:
    """The trainings to look at; the first one in detail, the others' curves beside it."""
    by_id = {job.id: job for job in known}
    names = trained.names(known)
    if state.get(Key.TRAININGS) is None:
        linked = [name for name in st.query_params.get(_PARAMETER, "").split(",") if name in by_id]
        state.put(Key.TRAININGS, linked or [known[0].id])
    kept = [name for name in state.texts(Key.TRAININGS) if name in by_id]
    state.put(Key.TRAININGS, kept)
    training_list.listed(known)
    chosen = st.multiselect(
        "Trainings",
        list(by_id),
        key=Key.TRAININGS,
        format_func=names.__getitem__,
        placeholder="Choose one, or several to compare their curves",
        persist_state="session",
    )
    st.query_params[_PARAMETER] = ",".join(chosen)
    return [by_id[name] for name in chosen]


def board(chosen: list[Job]) -> None:
    """The trainings, redrawn by themselves while one of them is at work."""
    if not chosen:
        st.caption("Choose a training above.")
        return
    live = [job for job in chosen if job.state.live]
    if opening := _opening_now():
        live += [job for job in jobs.list_jobs() if job.id == opening.inference and job.state.live]

    @fragment(run_every=jobs_panel.POLL if live else None)
    def drawn() -> None:
        if any(not job.state.live for job in live):
            st.rerun()
        for job in chosen:
            _status(job)
        view = st.segmented_control(
            "Show",
            [_CURVES, _LAYERS, _HARDWARE, _LOG, _RECIPE],
            default=_CURVES,
            required=True,
            key=Key.SHOWN.of("training"),
            label_visibility="collapsed",
            bind="query-params",
            persist_state="session",
        )
        match view:
            case "Layers":
                views.layers(chosen[0])
            case "Hardware":
                views.hardware(chosen[0])
            case "Log":
                views.log(chosen[0])
            case "Recipe":
                views.recipes(chosen)
            case _:
                views.curves(chosen)

    drawn()


def _status(job: Job) -> None:
    """Where a training stands, and what can be done with it."""
    now = job.state
    colour, icon = _BADGES[now]
    refused = ""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(trained.name(job))}**", width="content")
            st.badge(
                "stopping" if job.stopping else str(now), icon=f":material/{icon}:", color=colour
            )
            st.space("stretch")
            if permissions.may("start jobs"):
                refused = _acted(job, now)
        if refused:  # here, where the button is
            st.error(plain(refused), icon=":material/error:")
        _opening(job)
        training_list.written(job)
        look.facts(plain(trained.about(job)))
        if now.live:
            jobs_panel.bar(job)
        elif reason := jobs_panel.why(job):
            shown = st.error if now is State.FAILED else st.caption
            shown(plain(reason))
        _reached(job)
        look.notes(trained.notes(job))
        _study(job)


def _study(job: Job) -> None:
    """The table of a cross-validation or a sweep, once it has ended."""
    study = job_files.cross_validation(str(job.result["study"])) if "study" in job.result else None
    if study is None:
        return
    studies.study(study)
    _warn(study.get("doubts", ()))


def _acted(job: Job, now: State) -> str:
    """Offers what can be done with a training, and does it; why that was refused, if it was."""
    try:
        _actions(job, now)
    except InputError as error:
        return str(error)
    return ""


def _actions(job: Job, now: State) -> None:
    if now.live:
        if not job.stopping and permissions.may("cancel jobs", owner=job.owner):
            st.button(
                "Cancel",
                key=Key.JOB.of("cancel here", job.id),
                icon=":material/close:",
                on_click=callback(jobs_panel.stop),
                args=(job,),
                help="What is finished is kept.",
            )
        return
    if now is State.SUCCEEDED and os.path.isdir(trained.first(job)):  # noqa: PTH112
        if st.button(
            "Open result",
            key=Key.JOB.of("open", job.id),
            type="primary",
            icon=":material/open_in_new:",
            help=_opens(job),
        ):
            _open(job)
    elif (
        permissions.may("start jobs", owner=job.owner)
        and job.resumable
        and st.button(
            "Resume",
            key=Key.JOB.of("resume", job.id),
            icon=":material/play_arrow:",
            help="Resumes after the last completed epoch.",
        )
    ):
        permissions.check("start jobs", owner=job.owner)
        jobs.resume(job)
        permissions.note("resumed job", job=job.id, kind=job.kind)
        st.rerun()
    training_list.label(job)
    if st.button(
        "Clone",
        key=Key.JOB.of("clone", job.id),
        icon=":material/content_copy:",
        help="The form, with these settings.",
    ):
        fine_tune.open_form(job)
        st.rerun()
    if not permissions.may("delete jobs", owner=job.owner):
        return
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown("Forget this training, its log and curves? Its checkpoint stays.")
        if st.button("Delete it", key=Key.JOB.of("delete", job.id), type="primary"):
            permissions.check("delete jobs", owner=job.owner)
            jobs.delete(job)
            permissions.note("deleted job", job=job.id, kind=job.kind)
            st.rerun()


def _opens(job: Job) -> str:
    if "study" not in job.result:
        return "How well its checkpoint predicts the dataset; then every page shows it."
    member = plain(" ".join(trained.first(job).parts[-3:]))
    if job.arguments.get("sweep"):
        return f"Opens the best of its trainings, {member}."
    return (
        f"Opens the first of its trainings, {member}. It predicts the whole dataset, its "
        "training images among them; the table evaluates each training on its held-out fold."
    )


def _open(job: Job) -> None:
    """Shows how well the result predicts, and lets it infer over the dataset where it has not
    yet."""
    checkpoint, dataset = str(trained.first(job)), str(job.arguments["dataset"])
    if known := catalogue.run_of(catalogue.entries(), checkpoint, dataset):
        state.open_run(known)
        st.switch_page(pages.PERFORMANCE, query_params=state.view().parameters)
    asked = job.arguments.get("dataset_options")
    options = {**(asked if isinstance(asked, Mapping) else {}), "confine": True}
    inference = jobs_panel.start(
        "infer", checkpoint=checkpoint, dataset=dataset, dataset_options=options
    )
    state.open_pair(checkpoint, dataset)
    state.put(Key.OPENING, Opening(job.id, inference.id))
    st.rerun()


def _opening(job: Job) -> None:
    """Of a result that was asked for: how far the inference of its dataset is, and its pages once
    that is done."""
    asked = _opening_now()
    if asked is None or asked.training != job.id:
        return
    inference = next((each for each in jobs.list_jobs() if each.id == asked.inference), None)
    if inference is None:
        state.take(Key.OPENING)
    elif inference.state.live:
        jobs_panel.bar(inference)
        st.caption("Inference of its dataset; its pages open by themselves when that is done.")
    elif inference.state is State.SUCCEEDED:
        state.take(Key.OPENING)
        state.open_run(Path(str(inference.result["run"])).name)
        st.switch_page(pages.PERFORMANCE, query_params=state.view().parameters)
    else:
        st.error(
            f"The result could not be opened. {plain(jobs_panel.why(inference))}",
            icon=":material/error:",
        )


def _reached(job: Job) -> None:
    """The epoch that is kept in a line, and once the training has ended what there is to say
    against it."""
    history = trained.history(job)
    if history.empty or job.arguments.get("folds") or job.arguments.get("sweep"):
        return
    best = history.iloc[kept_at(history)]
    watched = [str(name) for name in history if str(name).startswith(CONFUSION)]
    look.facts(
        f"kept: epoch {best['epoch']:.0f} of {trained.epochs(job)}, by {KEPT_BY[kept_by(history)]}",
        f"balanced accuracy {percent(best['balanced_accuracy'])}",
        f"AUC {best['macro_auc']:.3f}",
        *(f"{plain(name.removeprefix(CONFUSION))} {percent(best[name])}" for name in watched),
        f"{history['images_per_second'].iloc[-1]:.0f} images a second",
        f"{duration(history['seconds'].iloc[-1])} of training",
    )
    if not job.state.live:
        _warn(doubts(history))


def _warn(lines: Iterable[str]) -> None:
    if lines := list(lines):
        st.warning("  \n".join(map(plain, lines)), icon=":material/warning:")
