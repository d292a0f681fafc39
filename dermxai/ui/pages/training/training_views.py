"""Views of the Training page: curves, layers, hardware, log, settings."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dermxai import figures
from dermxai.figures.template import text
from dermxai.jobs import Job, State
from dermxai.ui.components import downloads, look
from dermxai.ui.components.look import Plot
from dermxai.ui.components.text import plain
from dermxai.ui.pages.training import trained
from dermxai.ui.session.caches import job_files
from dermxai.ui.session.state import Key

_LOG_BYTES = 100_000  # of its end
_MOST_CLASS_FIGURES = 4


def curves(chosen: list[Job]) -> None:
    names = trained.names(chosen)
    drawn = {}
    for job in chosen:
        for member, history in trained.histories(job).items():
            drawn[f"{names[job.id]} {member}".strip() if len(chosen) > 1 else member] = history
    first, dark = chosen[0], look.dark()
    if not drawn:
        steps = job_files.reported(first.files.figures(first.attempt))
        if first.state is State.SUCCEEDED:
            st.caption(f"{plain(trained.output(first))} was removed, and its curves with it.")
        elif steps.empty:
            begun = "Curves appear once training has begun."
            st.caption(begun if first.state.live else "It ended before an epoch was over.")
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
                drawn, "macro_auc", "AUC, macro average", percent=False, dark=dark
            ),
        ),
        ("watched", figures.watched_confusion(drawn, dark)),
        *(
            (f"classes {name}", _titled(figures.class_sensitivities(history, dark), name, drawn))
            for name, history in list(drawn.items())[:_MOST_CLASS_FIGURES]
        ),
        ("rate", figures.learning_rates(drawn, dark)),
    ]
    grid = st.grid(2, min_column_width=300, gap=("small", "large"))
    for name, figure in plots:
        with grid.cell():
            _plot(figure, name)


def layers(job: Job) -> None:
    history, recipe = trained.history(job), trained.recipe(job)
    stages, epochs = trained.stages(job), trained.epochs(job)
    _plot(figures.learning_stages(history, stages, epochs, look.dark()), "stages")
    if job.arguments.get("folds"):
        st.caption("Of the first training of the cross-validation.")
    if recipe and not recipe.unfreeze:
        st.caption("This recipe lets all layers learn from the start that are not frozen for good.")


def hardware(job: Job) -> None:
    path = job.files.hardware(job.attempt)
    columns = ["time", "processors", "memory", "gpu", "gpu_memory"]
    samples = job_files.series(path).reindex(columns=columns)
    _plot(figures.hardware_use(samples, look.dark()), "hardware")


def log(job: Job) -> None:
    """The end of it; a log may be long, and this is drawn every other second."""
    printed = job.printed(-_LOG_BYTES)
    if not printed:
        st.caption("It has printed nothing.")
        return
    lines = printed.decode("utf-8", errors="replace").splitlines()
    if len(printed) == _LOG_BYTES:
        st.caption("Its end; the whole log can be downloaded.")
        lines = lines[1:]
    shown = "\n".join(line.rpartition("\r")[2] for line in lines)
    st.code(shown, language=None, wrap_lines=True, height=480)
    downloads.button(
        "Whole log",
        lambda: job.log,
        f"{job.id}.log",
        key=Key.JOB.of("log", job.id),
        kind="tertiary",
        icon=":material/download:",
    )


def recipes(chosen: list[Job]) -> None:
    """Settings side by side, those that differ first."""
    names = trained.names(chosen)
    table = pd.DataFrame(
        {names[job.id]: pd.Series(trained.settings(job), dtype=object) for job in chosen}
    )
    differs = table.ne(table.iloc[:, 0], axis=0).any(axis=1)
    table = pd.concat([table[differs], table[~differs]]).map(_said)
    st.dataframe(
        table,
        column_config={"_index": st.column_config.TextColumn("Setting", width=170)},
        height=look.height(table, 40),
    )


def _plot(figure: go.Figure, name: str) -> None:
    look.plot(Plot.of(figure), Key.FIGURE.of("training", name))


def _titled(figure: go.Figure, name: str, drawn: Mapping[str, object]) -> go.Figure:
    """Says whose classes they are where there are several trainings."""
    if len(drawn) > 1:
        figure.update_layout(title_text=f"{figure.layout.title.text} · {text(name)}")
    return figure


def _said(value: object) -> str:
    missing = value is None or value == "" or value != value  # noqa: PLR0124
    return "–" if missing else str(value)
