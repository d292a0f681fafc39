"""What the pages share that ask how a prediction would change."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.runs import Run
from dermxai.ui.app.guard import callback
from dermxai.ui.components import question
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

_USUAL = ""


class Pair(NamedTuple):
    prediction: str
    against: str
    """The label where the prediction is wrong, else the runner-up, unless the visitor chooses."""


def ask_pair(run: Run, subject: Subject, words: str) -> Pair | None:
    """Asks for the other class.

    Args:
        words: the title of the question.

    Returns:
        None, and says so, where the model knows a single class.
    """
    if len(run.classes) < 2:
        st.info(
            f"The model knows {plain(run.classes[0])} only: there is nothing to confuse it with. "
            "Choose a model of several classes at the left.",
            icon=":material/info:",
        )
        return None
    usual = question.usual(run, subject)
    prediction, contrast = usual.target, str(usual.against)
    asked = state.view().against
    chosen = asked if asked in run.classes and asked != prediction else _USUAL
    state.put(Key.AGAINST, chosen)
    why = "the label" if contrast == subject.label else "runner-up"
    st.selectbox(
        words,
        [_USUAL, *(code for code in run.classes if code != prediction)],
        key=Key.AGAINST,
        format_func=lambda code: f"{contrast} · {why}" if code == _USUAL else taxonomy.titled(code),
        on_change=callback(_changed),
        width=240,
    )
    return Pair(prediction, chosen or contrast)


def _changed() -> None:
    state.show(against=state.text(Key.AGAINST) or None)


def features(run: Run, subject: Subject) -> NDArray[np.float32] | None:
    """Of an image that is not in the run; None where the run has them."""
    if subject.sample_id is not None:
        return None
    return subjects.diagnosis(run, subject, (1, 1)).features
