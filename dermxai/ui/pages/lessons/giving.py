"""Sessions of a lesson: started with a code and a teacher's key, closed, deleted."""

import os
from functools import partial

import pandas as pd
import streamlit as st

from dermxai.access.codes import ADDRESS
from dermxai.core.spreadsheet import to_csv
from dermxai.lessons import sessions
from dermxai.lessons.library import LessonInfo
from dermxai.lessons.sessions import NewSession, SessionInfo
from dermxai.readers.store.database import database
from dermxai.ui.access import identity
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.app.lanes import slowly
from dermxai.ui.components import downloads, look
from dermxai.ui.components.text import count, plain
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "run lessons"
_NEW, _SESSION = Key.LESSON.of("new-session"), Key.LESSON.of("session")


def section(info: LessonInfo, view: Scene) -> None:
    """Starts a session, and lists those there were."""
    _start(info, view)
    _shown_once(info)
    found = sessions.of_lesson(database(), info.name)
    if not found:
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Code": [spaced(each.code) for each in found],
                "State": ["open" if each.is_open else "closed" for each in found],
                "Begun": pd.to_datetime([each.made_at for each in found], unit="s"),
                "Students": [each.attending for each in found],
                "Answers": [each.answers for each in found],
            }
        ),
        hide_index=True,
    )
    ids = [each.id for each in found]
    chosen = st.selectbox(
        "Session",
        ids,
        key=_SESSION,
        format_func=lambda id_: spaced(found[ids.index(id_)].code),
        width=240,
    )
    _actions(found[ids.index(chosen)])


def _start(info: LessonInfo, view: Scene) -> None:
    run = "" if not info.lesson.needs_run else info.lesson.run or view.source.run or ""
    if info.lesson.needs_run:
        look.facts(f"shows the run {plain(run)}" if run else "no run is open")
    asked = st.button(
        "Start a session",
        key=Key.LESSON.of("start"),
        type="primary",
        icon=":material/play_arrow:",
        help="Makes ready what quizzes show after the answer, and draws a code.",
    )
    if not asked:
        return
    permissions.check(ACTION)
    bar = st.progress(0.0, "Making ready …")

    def show(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(total, 1)), f"Quiz {done} of {total}")

    def waiting(before: int) -> None:
        bar.progress(0.0, f"Waiting for other visitors' work: {count(before, 'request')} before")

    begin = partial(sessions.start, database(), info.name, run, permissions.person().name)
    made = slowly(state.visitor(), begin, show, waiting)
    bar.empty()
    permissions.note("started lesson")
    state.put(_NEW, (info.name, made))
    st.rerun()


def _shown_once(info: LessonInfo) -> None:
    held = state.get(_NEW)
    if not isinstance(held, tuple) or held[0] != info.name:
        return
    made = held[1]
    assert isinstance(made, NewSession)
    with st.container(border=True):
        st.markdown(f"Students open **{plain(server())}/lesson** and join by")
        st.title(spaced(made.code), anchor=False)
        st.caption("Or by this link:")
        st.code(f"{server()}/lesson#{made.code}", language=None)
        st.caption("The teacher's key, which leads the session, is shown only now:")
        st.code(made.key, language=None)
        st.button("Done", key=Key.LESSON.of("done"), on_click=callback(_forget))


def _forget() -> None:
    state.put(_NEW, None)


def _actions(info: SessionInfo) -> None:
    with st.container(horizontal=True):
        downloads.csv("Answers (CSV)", lambda: to_csv(answers_table(info)), "lesson-answers")
        st.button(
            "Close" if info.is_open else "Open again",
            key=Key.LESSON.of("close"),
            icon=":material/lock:" if info.is_open else ":material/lock_open:",
            on_click=callback(_set_open),
            args=(info.id, not info.is_open),
            help="Nobody joins a closed session, and it takes no answer.",
        )
        with st.popover("Delete answers", icon=":material/delete:"):
            st.caption(
                f"{count(info.attending, 'student')} with {count(info.answers, 'answer')} go for "
                "good, and the session is closed."
            )
            st.button(
                "Delete for good",
                key=Key.LESSON.of("delete"),
                on_click=callback(_delete),
                args=(info.id,),
            )


def _set_open(session_id: int, is_open: bool) -> None:
    permissions.check(ACTION)
    sessions.set_open(database(), session_id, is_open)
    permissions.note("opened lesson" if is_open else "closed lesson")


def _delete(session_id: int) -> None:
    permissions.check(ACTION)
    deleted = sessions.delete_answers(database(), session_id)
    permissions.note("deleted lesson answers", answers=deleted)


def answers_table(info: SessionInfo) -> pd.DataFrame:
    """A row an answer; students are numbers, without the names they have given themselves."""
    steps = info.lesson.steps
    quizzes = sessions.quizzes(database(), info.id)
    given = sessions.answers(database(), info.id)
    return pd.DataFrame(
        {
            "student": [each.number for each in given],
            "step": [each.step + 1 for each in given],
            "kind": [steps[each.step].kind.value for each in given],
            "title": [steps[each.step].title for each in given],
            "answer": [each.choice for each in given],
            "right": [
                quizzes[each.step].truth if each.step in quizzes else steps[each.step].right
                for each in given
            ],
            "model": [
                quizzes[each.step].predicted if each.step in quizzes else "" for each in given
            ],
            "x": [each.point[0] if each.point else None for each in given],
            "y": [each.point[1] if each.point else None for each in given],
        }
    )


def server() -> str:
    """Where students reach this server: as its operator says, else as this visitor has."""
    if named := os.environ.get(ADDRESS):
        return named.rstrip("/")
    scheme, _, rest = str(st.context.url or "").partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{identity.base()}"


def spaced(code: str) -> str:
    """A join code as people read it aloud."""
    return f"{code[:4]} {code[4:]}"
