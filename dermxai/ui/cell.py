"""The averaged votes of the selection."""

import numpy as np
import streamlit as st

from dermxai import figures
from dermxai.report.study import ledger_of
from dermxai.ui import cache, look, pages, state
from dermxai.ui.scene import Scene
from dermxai.ui.state import Key
from dermxai.ui.text import plain


def cell(scene: Scene) -> tuple[str, str] | None:
    """Label and reading of the selection, where it is part of one cell of the confusion matrix and
    the model knows both."""
    if scene.selection is None:
        return None
    rows = scene.run.index(scene.selection.sample_ids)
    labels = set(scene.run.samples["label"].iloc[rows])
    readings = set(scene.run.predicted[rows].tolist())
    if len(labels) > 1 or len(readings) > 1:
        return None
    true, read = labels.pop(), readings.pop()
    return (str(true), str(read)) if true in scene.run.classes else None


def votes(scene: Scene) -> None:
    """Which heads drive the reading of a confusion cell: the mean votes for it against the label;
    of right readings, against the class that comes next on average."""
    found = cell(scene)
    if found is None or len(scene.run.classes) < 2:
        return
    true, read = found
    against = true if true != read else _next(scene, read)
    between(scene, read, against)
    if true != read and st.button(
        f"All about {plain(true)} and {plain(read)}",
        key=Key.PAIR.of("open"),
        type="tertiary",
        icon=":material/compare_arrows:",
    ):
        state.show(first=true, second=read)
        st.switch_page(pages.PAIR, query_params=state.view().parameters)


def between(scene: Scene, target: str, against: str) -> None:
    """The mean votes of the selected images for one class against another; nothing without a
    selection."""
    if scene.selection is None:
        return
    rows = scene.run.index(scene.selection.sample_ids)
    units = cache.evaluation(scene.run_id, None).unit_of[rows]
    ledger = ledger_of(scene.run, rows, units, target, against)
    if ledger is not None:
        drawn = look.Plot.of(figures.set_ledger(ledger, compact=True, dark=look.dark()))
        with st.container(width=560):
            look.plot(drawn, Key.FIGURE.of("cell"))


def _next(scene: Scene, read: str) -> str:
    """The class whose score comes after the reading's on average over the selection."""
    assert scene.selection is not None
    rows = scene.run.index(scene.selection.sample_ids)
    scores = scene.run.scores[rows].mean(axis=0)
    scores[scene.run.classes.index(read)] = -np.inf
    return scene.run.classes[int(scores.argmax())]
