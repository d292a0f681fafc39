"""What is on the screen, added as a step to a lesson."""

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.core.settings import checked
from dermxai.data import selection as selections
from dermxai.lessons import library
from dermxai.lessons.definition import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    OF_SESSION,
    PATHS,
    Step,
    StepKind,
)
from dermxai.readers.store.database import database, is_there
from dermxai.readers.store.gone import GoneError
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

ACTION = "run lessons"
_VIEW, _QUIZ = "this view", "the primary image as a quiz"
_LESSON, _KIND, _TITLE, _TEXT = (
    Key.LESSON_STEP.of(each) for each in ("lesson", "kind", "title", "text")
)


def button(page: str) -> None:
    """Offers it to those who make lessons, where there is one; nothing else.

    Args:
        page: its name in the address.
    """
    if not permissions.may(ACTION) or not is_there():
        return
    try:
        names = [each.name for each in library.all_of(database())]
    except GoneError:
        return
    if not names:
        return
    with st.popover("Add to a lesson", icon=":material/playlist_add:", type="tertiary"):
        st.selectbox("Lesson", names, key=_LESSON, format_func=plain)
        kinds = [_VIEW, _QUIZ] if state.view().run and state.view().primary else [_VIEW]
        st.segmented_control("Step", kinds, key=_KIND, default=_VIEW, required=True)
        st.text_input("Title", key=_TITLE, max_chars=LONGEST_TITLE)
        st.text_area("Text", key=_TEXT, max_chars=LONGEST_TEXT)
        st.button(
            "Add step",
            key=Key.LESSON_STEP.of("add"),
            icon=":material/add:",
            on_click=callback(_add),
            args=(page,),
        )


def _add(page: str) -> None:
    permissions.check(ACTION)
    said = {"title": state.text(_TITLE).strip(), "text": state.text(_TEXT)}
    step = quiz_step(said) if state.get(_KIND) == _QUIZ else view_step(page, said)
    name = state.text(_LESSON)
    made = library.add_step(database(), name, step)
    permissions.note("added lesson step")
    state.put(_TITLE, "")
    state.put(_TEXT, "")
    st.toast(f"Step {len(made.lesson.steps)} of {plain(name)}", icon=":material/playlist_add:")


def quiz_step(said: dict[str, str]) -> Step:
    """A quiz of the primary image."""
    return checked(
        "the step",
        Step,
        {"kind": StepKind.QUIZ, "image": state.view().primary or "", **said},
    )


def view_step(page: str, said: dict[str, str]) -> Step:
    """The page with its whole address; the selection goes along as its images, which are the same
    in another workspace.

    Raises:
        InputError: what is seen is no run, so that only paths say what it is.
    """
    query = {name: each for name, each in st.query_params.to_dict().items() if each}
    if PATHS & set(query):
        raise InputError(
            "This view is of paths, which no student is told; open a run, then add the step."
        )
    step: dict[str, object] = {
        "kind": StepKind.LINK,
        "page": page,
        "query": {name: each for name, each in query.items() if name not in OF_SESSION},
        **said,
    }
    if key := query.get("sel"):
        chosen = selections.read(key)
        step |= {"images": chosen.sample_ids, "selected": chosen.title}
    return checked("the step", Step, step)
