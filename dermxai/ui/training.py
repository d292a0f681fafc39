"""Parts of the Training page."""

import html
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dermxai import figures, jobs
from dermxai.errors import InputError
from dermxai.jobs import Job, State
from dermxai.ui import cache, catalogue, fine_tune, jobs_panel, look, permissions, state
from dermxai.ui.guard import fragment
from dermxai.ui.look import Plot
from dermxai.ui.state import Key
from dermxai.ui.text import duration, percent, plain

KIND = "train"
_PARAMETER = "job"  # of the address
_CURVES, _LAYERS, _HARDWARE, _LOG, _RECIPE = "Curves", "Layers", "Hardware", "Log", "Recipe"
_MOST_LINES = 400  # of the log
_MOST_CLASS_FIGURES = 4
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
        if permissions.teaching():
            st.caption("This server is in teaching mode: its trainings appear here.")
            return
        st.button(
            "Fine-tune",
            key=Key.FINE_TUNE.of("first"),
            type="primary",
            icon=":material/model_training:",
            on_click=fine_tune.open_form,
        )
        st.caption("Or at the command line:")
        st.code("python -m dermxai train DATASET --recipe quick --output checkpoints/mine", "bash")


def ask_jobs(known: list[Job]) -> list[Job]:
    """The trainings to look at; the first one in detail, the others' curves beside it."""
    by_id = {job.id: job for job in known}
    names = _names(known)
    if state.get(Key.TRAININGS) is None:
        linked = [name for name in st.query_params.get(_PARAMETER, "").split(",") if name in by_id]
        state.put(Key.TRAININGS, linked or [known[0].id])
    kept = [name for name in state.get(Key.TRAININGS) if name in by_id]
    state.put(Key.TRAININGS, kept)
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
            persist_state="session",
        )
        match view:
            case "Layers":
                _layers(chosen[0])
            case "Hardware":
                _hardware(chosen[0])
            case "Log":
                _log(chosen[0])
            case "Recipe":
                _recipes(chosen)
            case _:
                _curves(chosen)

    drawn()


def _status(job: Job) -> None:
    """Where a training stands, and what can be done with it."""
    now = job.state
    colour, icon = _BADGES[now]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(_name(job))}**", width="content")
            st.badge(
                "stopping" if job.stopping else str(now), icon=f":material/{icon}:", color=colour
            )
            st.markdown(f":gray[{plain(_about(job))}]", width="stretch")
            if not permissions.teaching():
                _actions(job, now)
        if now.live:
            jobs_panel.bar(job)
        elif reason := jobs_panel.why(job):
            shown = st.error if now is State.FAILED else st.caption
            shown(plain(reason))
        _reached(job)
        _study(job)


def _study(job: Job) -> None:
    """Mean ± SD of a cross-validation, once it has ended."""
    if "study" not in job.result:
        return
    study = cache.cross_validation(str(job.result["study"]))
    table = pd.DataFrame([_printed(row) for row in study["table"]])
    st.dataframe(table, hide_index=True, height=look.height(table))
    for apart in study["differences"]:
        st.markdown(
            f"{plain(apart['network'])} less {plain(apart['less'])}: balanced accuracy "
            f"{apart['balanced_accuracy']:+.3f} (95 % interval over patients {apart['low']:+.3f} "
            f"to {apart['high']:+.3f})"
        )
    look.notes([study["note"]])


def _printed(row: Mapping[str, Any]) -> dict[str, str]:
    """A network's line of the table, as the paper prints it."""
    printed = {"Network": str(row["network"]), "Trainings": str(row["members"])}
    for name in row:
        measure, _, what = str(name).rpartition("_")
        if what == "mean" and row[name] is not None:
            spread = row.get(f"{measure}_sd")
            title = measure.replace("_", " ").capitalize().replace("Auc", "AUC")
            printed[title] = f"{row[name]:.3f}" + (f" ± {spread:.3f}" if spread else "")
    return printed


def _actions(job: Job, now: State) -> None:
    if now.live:
        if not job.stopping:
            st.button(
                "Cancel",
                key=Key.JOB.of("cancel here", job.id),
                icon=":material/close:",
                on_click=jobs_panel.stop,
                args=(job,),
                help="What is finished is kept.",
            )
        return
    if now is State.SUCCEEDED:
        if "checkpoint" in job.result and st.button(
            "Open result",
            key=Key.JOB.of("open", job.id),
            type="primary",
            icon=":material/open_in_new:",
            help="Its checkpoint reads the dataset; then every page shows it.",
        ):
            _open(job)
    elif st.button(
        "Resume",
        key=Key.JOB.of("resume", job.id),
        icon=":material/play_arrow:",
        help="Goes on after the last whole epoch.",
    ):
        permissions.check("start jobs")
        jobs.resume(job)
        st.rerun()
    if st.button(
        "Clone",
        key=Key.JOB.of("clone", job.id),
        icon=":material/content_copy:",
        help="The form, with these settings.",
    ):
        fine_tune.open_form(job)
        st.rerun()
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown("Forget this training, its log and curves? Its checkpoint stays.")
        if st.button("Delete it", key=Key.JOB.of("delete", job.id), type="primary"):
            permissions.check("delete jobs")
            jobs.delete(job)
            st.rerun()


def _open(job: Job) -> None:
    """Puts the result into the sidebar, and lets it read the dataset where it has not yet."""
    checkpoint, dataset = str(job.result["checkpoint"]), str(job.arguments["dataset"])
    known = catalogue.run_of(catalogue.entries(), checkpoint, dataset)
    if known:
        state.open_run(known)
    else:
        state.open_pair(checkpoint, dataset)
        jobs_panel.start(
            "infer", checkpoint=checkpoint, dataset=dataset, dataset_options={"confine": True}
        )
        st.toast("It reads the dataset now; its pages open when that is done.")
    st.rerun()


def _reached(job: Job) -> None:
    """The best epoch in a line."""
    history = _history(job)
    if history.empty:
        return
    best = history.iloc[int(history["validation_loss"].argmin())]
    watched = [str(name) for name in history if str(name).startswith("confusion:")]
    look.facts(
        f"best epoch {best['epoch']:.0f} of {_epochs(job)}",
        f"balanced accuracy {percent(best['balanced_accuracy'])}",
        f"AUC {best['macro_auc']:.3f}",
        *(f"{plain(name.partition(':')[2])} {percent(best[name])}" for name in watched),
        f"{history['images_per_second'].iloc[-1]:.0f} images a second",
        f"{duration(history['seconds'].iloc[-1])} of training",
    )


def _curves(chosen: list[Job]) -> None:
    names = _names(chosen)
    drawn = {}
    for job in chosen:
        for member, history in _histories(job).items():
            drawn[f"{names[job.id]} {member}".strip()] = history
    first, dark = chosen[0], look.dark()
    if not drawn:
        steps = _figures(first)
        if steps.empty:
            st.caption("Curves appear once training has begun.")
        else:
            st.caption("Until the first epoch has ended:")
            _plot(figures.loss_by_step(steps, dark), "steps")
        return
    plots = [
        ("loss", figures.training_loss(drawn, dark)),
        (
            "balanced",
            figures.training_measure(drawn, "balanced_accuracy", "Balanced accuracy", dark=dark),
        ),
        (
            "auc",
            figures.training_measure(
                drawn, "macro_auc", "AUC, mean of the classes", percent=False, dark=dark
            ),
        ),
        ("watched", figures.watched_confusion(drawn, dark)),
        *(
            (f"classes {name}", _titled(figures.class_sensitivities(history, dark), name, drawn))
            for name, history in list(drawn.items())[:_MOST_CLASS_FIGURES]
        ),
        ("rate", figures.learning_rates(drawn, dark)),
    ]
    columns = st.columns(2, gap="large")
    for index, (name, figure) in enumerate(plots):
        with columns[index % 2]:
            _plot(figure, name)


def _layers(job: Job) -> None:
    history = _history(job)
    stages = _stages(job, history)
    _plot(figures.learning_stages(history, stages, _epochs(job), look.dark()), "stages")
    if not _recipe(job).get("unfreeze"):
        st.caption("This recipe lets all layers learn from the start that are not frozen for good.")


def _hardware(job: Job) -> None:
    path = job.files.hardware(job.attempt)
    columns = ["time", "processors", "memory", "gpu", "gpu_memory"]
    samples = cache.series(path) if path.is_file() else pd.DataFrame(columns=columns)
    _plot(figures.hardware_use(samples, look.dark()), "hardware")


def _log(job: Job) -> None:
    lines = job.log.splitlines()
    if not lines:
        st.caption("It has printed nothing.")
        return
    shown = "\n".join(line.rpartition("\r")[2] for line in lines[-_MOST_LINES:])
    if len(lines) > _MOST_LINES:
        st.caption(f"The last {_MOST_LINES} of {len(lines):,} lines.")
    st.code(shown, language=None, wrap_lines=True, height=480)
    st.download_button(
        "Whole log",
        lambda: job.log,
        f"{job.id}.log",
        key=Key.JOB.of("log", job.id),
        type="tertiary",
    )


def _recipes(chosen: list[Job]) -> None:
    """Settings side by side, those that differ first."""
    names = _names(chosen)
    table = pd.DataFrame({names[job.id]: pd.Series(_recipe(job), dtype=object) for job in chosen})
    differs = table.ne(table.iloc[:, 0], axis=0).any(axis=1)
    table = pd.concat([table[differs], table[~differs]]).map(_said)
    st.dataframe(table, height=look.height(table, 40))


def _plot(figure: Any, name: str) -> None:
    look.plot(Plot.of(figure), Key.FIGURE.of("training", name))


def _titled(figure: Any, name: str, drawn: Mapping[str, object]) -> Any:
    """Says whose classes they are where there are several trainings."""
    if len(drawn) > 1:
        figure.update_layout(title_text=f"{figure.layout.title.text} · {html.escape(name)}")
    return figure


def _name(job: Job) -> str:
    return Path(str(job.arguments.get("output", job.id))).name


def _names(known: list[Job]) -> dict[str, str]:
    """What tells trainings apart: the checkpoint's name, and the job's end where that is shared."""
    times = Counter(_name(job) for job in known)
    return {
        job.id: _name(job) + (f" ({job.id.rpartition('-')[2]})" if times[_name(job)] > 1 else "")
        for job in known
    }


def _about(job: Job) -> str:
    when = datetime.fromtimestamp(job.submitted).strftime("%d %b %H:%M")
    recipe = _recipe(job)
    parts = [
        Path(str(job.arguments["dataset"])).name,
        str(recipe.get("architecture", "")),
        f"{recipe['size']} px" if "size" in recipe else "",
        when,
        f"attempt {job.attempt}" if job.attempt > 1 else "",
        "on the cluster" if job.where == "slurm" else "",
    ]
    return " · ".join(part for part in parts if part)


def _recipe(job: Job) -> Mapping[str, Any]:
    recipe = job.arguments.get("recipe")
    return recipe if isinstance(recipe, Mapping) else {}


def _epochs(job: Job) -> int:
    return int(_recipe(job).get("epochs") or len(_history(job)) or 1)


def _history(job: Job) -> pd.DataFrame:
    return cache.history(str(job.arguments.get("output", "")))


def _histories(job: Job) -> dict[str, pd.DataFrame]:
    """Of its trainings that have ended an epoch: one, named by "", or those of a study."""
    if not job.arguments.get("folds"):
        history = _history(job)
        return {"": history} if len(history) else {}
    root = Path(str(job.arguments["output"]))
    folders = sorted(path.parent for path in root.glob("*/seed-*/fold-*/history.csv"))
    return {
        " ".join(folder.relative_to(root).parts): cache.history(str(folder)) for folder in folders
    }


def _figures(job: Job) -> pd.DataFrame:
    """What the newest attempt has reported of its steps."""
    return cache.reported(job.files.figures(job.attempt))


def _stages(job: Job, history: pd.DataFrame) -> int:
    """Of the network, as far as is known: those of its checkpoint, or the most that learnt."""
    try:
        info = cache.model_info(str(job.arguments.get("output", "")))
    except InputError:
        known = 0
    else:
        known = 3 + len(info.heads) - 1 if len(info.heads) > 1 else 0  # heads, conv_head, stem
    most = int(history["learning_stages"].max()) if len(history) else 1
    return max(known, most)


def _said(value: object) -> str:
    return "–" if value is None or value != value else str(value)  # noqa: PLR0124
