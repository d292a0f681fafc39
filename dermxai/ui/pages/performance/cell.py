"""The averaged votes of the selection."""

import numpy as np
import streamlit as st

from dermxai import figures
from dermxai.report.confusion_analysis import decomposition_of
from dermxai.ui.app import pages
from dermxai.ui.components import look
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key


def cell(scene: Scene) -> tuple[str, str] | None:
    """Label and prediction of the selection, where it is part of one cell of the confusion matrix
    and the model knows both."""
    if scene.selection is None:
        return None
    rows = scene.run.index(scene.selection.sample_ids)
    labels = set(scene.run.samples["label"].iloc[rows])
    predictions = set(scene.run.predicted[rows].tolist())
    if len(labels) > 1 or len(predictions) > 1:
        return None
    true, predicted = labels.pop(), predictions.pop()
    return (str(true), str(predicted)) if true in scene.run.classes else None


def votes(scene: Scene) -> None:
    """Which heads drive the prediction of a confusion cell: the mean votes for it against the
    label; of correct predictions, against the class that comes next on average."""
    found = cell(scene)
    if found is None or len(scene.run.classes) < 2:
        return
    true, predicted = found
    against = true if true != predicted else _next(scene, predicted)
    between(scene, predicted, against)
    if true != predicted and st.button(
        f"All about {plain(true)} and {plain(predicted)}",
        key=Key.PAIR.of("open"),
        type="tertiary",
        icon=":material/compare_arrows:",
    ):
        state.show(first=true, second=predicted)
        st.switch_page(pages.CONFUSION, query_params=state.view().parameters)


def between(scene: Scene, target: str, against: str) -> None:
    """The mean votes of the selected images for one class against another; nothing without a
    selection."""
    if scene.selection is None:
        return
    rows = scene.run.index(scene.selection.sample_ids)
    units = evaluated.evaluation(scene.run_id, None).unit_of[rows]
    decomposition = decomposition_of(scene.run, rows, units, target, against)
    if decomposition is not None:
        drawn = look.Plot.of(
            figures.set_decomposition(decomposition, compact=True, dark=look.dark())
        )
        with st.container(width=560):
            look.plot(drawn, Key.FIGURE.of("cell"))


def _next(scene: Scene, predicted: str) -> str:
    """The class whose score comes after the prediction's on average over the selection."""
    assert scene.selection is not None
    rows = scene.run.index(scene.selection.sample_ids)
    scores = scene.run.scores[rows].mean(axis=0)
    scores[scene.run.classes.index(predicted)] = -np.inf
    return scene.run.classes[int(scores.argmax())]
