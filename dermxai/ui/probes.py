"""What the pages share that ask how a reading would change."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.runs import Run
from dermxai.ui import subject as subjects
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject
from dermxai.ui.text import plain

_USUAL = ""


class Pair(NamedTuple):
    read_as: str
    against: str
    """The label where the reading is wrong, else the runner-up, unless the visitor chooses."""


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
    ranking = ranked(run, subject)
    labelled = subject.label in run.classes and subject.label != ranking[0]
    usual = str(subject.label) if labelled else ranking[1]
    why = "the label" if labelled else "runner-up"
    chosen = st.selectbox(
        words,
        [_USUAL, *(code for code in ranking if code != ranking[0])],
        key=Key.INTO,
        format_func=lambda code: f"{usual} · {why}" if code == _USUAL else named(code),
        persist_state="session",
        width=240,
    )
    known = chosen in run.classes and chosen != ranking[0]
    return Pair(ranking[0], str(chosen) if known else usual)


def ranked(run: Run, subject: Subject) -> list[str]:
    """Class codes, as read first."""
    scores = subjects.votes(run, subject).sum(axis=0)
    return [run.classes[index] for index in np.argsort(-scores, kind="stable")]


def named(code: str) -> str:
    name = taxonomy.name(code)
    return code if name == code else f"{code} · {name}"


def features(run: Run, subject: Subject) -> NDArray[np.float32] | None:
    """Of an image that is not in the run; None where the run has them."""
    if subject.sample_id is not None:
        return None
    return subjects.diagnosis(run, subject, (1, 1)).features
