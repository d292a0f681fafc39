"""Lessons that are part of the package, taken among one's own."""

import streamlit as st

from dermxai.lessons import library
from dermxai.lessons.ready import find, ready
from dermxai.readers.store.database import database
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import count, plain
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

ACTION = "run lessons"


def section() -> None:
    """Those that are not among the lessons yet."""
    there = {each.name for each in library.all_of(database())}
    left = [each for each in ready() if each.lesson.name not in there]
    if not left:
        return
    with st.expander("Ready lessons", icon=":material/library_books:"):
        for each in left:
            lesson = each.lesson
            st.markdown(
                f"**{plain(lesson.name)}**, {count(len(lesson.steps), 'step')}, "
                f"{lesson.minutes} min  \n{plain(lesson.about)}"
            )
            st.button(
                "Take it",
                key=Key.LESSON.of("ready", each.key),
                icon=":material/add:",
                on_click=callback(_take),
                args=(each.key,),
            )


def _take(key: str) -> None:
    permissions.check(ACTION)
    lesson = find(key).lesson
    library.make(database(), lesson, permissions.person().name)
    permissions.note("made lesson", steps=len(lesson.steps))
    state.put(Key.LESSON.of("opened"), lesson.name)
