"""The averaged votes of a selection whose images have one label and one reading."""

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
    if found is None or scene.selection is None or len(scene.run.classes) < 2:
        return
    run, (true, read) = scene.run, found
    rows = run.index(scene.selection.sample_ids)
    evaluation = cache.evaluation(scene.run_id, None)
    against = true
    if true == read:
        scores = run.scores[rows].mean(axis=0)
        scores[run.classes.index(read)] = -np.inf
        against = run.classes[int(scores.argmax())]
    ledger = ledger_of(run, rows, evaluation.unit_of[rows], read, against)
    if ledger is None:
        return
    with st.container(width=560):
        drawn = look.Plot.of(figures.set_ledger(ledger, compact=True, dark=look.dark()))
        look.plot(drawn, Key.FIGURE.of("cell"))
    if true != read and st.button(
        f"All about {plain(true)} and {plain(read)}",
        key=Key.PAIR.of("open"),
        type="tertiary",
        icon=":material/compare_arrows:",
    ):
        state.put(Key.PAIR.of(scene.run_id, "first"), true)
        state.put(Key.PAIR.of(scene.run_id, "second"), read)
        st.switch_page(pages.PAIR, query_params=state.view().parameters)
