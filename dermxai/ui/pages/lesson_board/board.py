"""The teacher's board of a session, which the teacher's key opens."""

import time

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dermxai import taxonomy
from dermxai.figures import confusion_matrix
from dermxai.lessons import board, sessions
from dermxai.lessons.board import Tally
from dermxai.lessons.preparing import Quiz
from dermxai.lessons.sessions import Answer, Attendee, NotTeacherError, SessionInfo
from dermxai.readers import pictures
from dermxai.readers.store.database import database
from dermxai.ui.app.guard import callback, fragment, guard
from dermxai.ui.components import look
from dermxai.ui.components.text import count, percent, plain
from dermxai.ui.pages.lessons.giving import server, spaced
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

_EVERY = 2.0  # seconds
_MOST_TEXTS = 60
_CASE = 360  # pixels wide
_KEY, _OPENED = Key.BOARD.of("key"), Key.BOARD.of("opened")
_AT, _SHOWN, _PROJECTOR = (Key.BOARD.of(each) for each in ("at", "shown", "projector"))
_PROJECTED = """<style>
/* A classroom's projector: 1280 x 720 and larger, seen from its last row. */
[data-testid="stSidebar"], [data-testid="stHeader"] { display: none; }
.stMainBlockContainer { padding-block: 1.5rem; max-width: none; }
.stMainBlockContainer :is(p, li, label, td, th, .stCode code) { font-size: 1.5rem !important;
  line-height: 1.45; }
.stMainBlockContainer h1 { font-size: 2.75rem; }
.stMainBlockContainer h5 { font-size: 1.75rem; }
.stMainBlockContainer [data-testid="stMetricValue"] { font-size: 4rem; }
.stMainBlockContainer [data-testid="stCaptionContainer"] p { font-size: 1.25rem !important; }
</style>"""


def page() -> None:
    """Asks for the key, then shows the board of its session."""
    held = state.text(_OPENED)
    if held:
        try:
            session = sessions.led_by(database(), held)
        except NotTeacherError:
            _leave()
        else:
            _opened(session)
            return
    st.title("Lesson board")
    st.markdown("For the teacher of a lesson that is given: its key was shown when it began.")
    with st.form(Key.BOARD.of("form"), width=480):
        st.text_input("Teacher's key", key=_KEY, type="password", autocomplete="off")
        st.form_submit_button("Open", on_click=callback(_open), type="primary")


def _open() -> None:
    key = state.text(_KEY).strip()
    sessions.led_by(database(), key)
    state.put(_OPENED, key)
    state.put(_KEY, "")


def _leave() -> None:
    for key in (_OPENED, _AT, _SHOWN, _PROJECTOR):
        state.take(key)


def _opened(session: SessionInfo) -> None:
    projected = bool(state.get(_PROJECTOR))
    if projected:
        st.html(_PROJECTED)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(session.lesson.name), anchor=False, width="stretch")
        st.toggle(
            "Projector",
            key=_PROJECTOR,
            help="Large type, and nothing but what a class should see.",
        )
    _live(projected)


@fragment(run_every=_EVERY)
def _live(projected: bool) -> None:
    """All that changes while the lesson is given."""
    if not state.text(_OPENED):
        st.rerun()
    held = database()
    session = sessions.led_by(held, state.text(_OPENED))
    attendees = sessions.attendees(held, session.id)
    answers = sessions.answers(held, session.id)
    quizzes = sessions.quizzes(held, session.id)
    at = _at(session)
    _state(session, attendees, projected)
    _controls(session, at)
    _step(session, at)
    quiz = quizzes.get(at)
    beside: DeltaGenerator = st.container()
    if quiz is not None:
        left, beside = st.columns([2, 3], gap="large")
        with left:
            _case(quiz, [each.point for each in answers if each.step == at and each.point])
    if board.asks(session.lesson, at):
        tally = board.tally(session.lesson, at, answers, quiz)
        with beside:
            _answers(tally, len(attendees), classes=quiz is not None)
    _confusions(answers, {step: each for step, each in quizzes.items() if step <= at})
    if not projected:
        _students(session, attendees)
        _end(session)


def _at(session: SessionInfo) -> int:
    """The step that the board shows: where everybody is, else the one that was chosen."""
    if session.everybody is not None:
        state.put(_AT, session.everybody)
        return session.everybody
    held = state.get(_AT)
    return min(held, len(session.lesson.steps) - 1) if isinstance(held, int) else 0


def _state(session: SessionInfo, attendees: list[Attendee], projected: bool) -> None:
    there = sum(board.is_there(each, time.time()) for each in attendees)
    parts = [f"{there} of {count(len(attendees), 'student')} there"]
    if session.is_open:
        join = f"Join at **{plain(server())}/lesson** with the code **{spaced(session.code)}**"
        st.markdown(f"{join} · {parts[0]}" if projected else join)
    else:
        parts.append("closed: no further answer is taken")
    if not projected:
        look.facts(*parts, count(session.answers, "answer"), "for research and teaching")


def _controls(session: SessionInfo, at: int) -> None:
    last, led = len(session.lesson.steps) - 1, session.everybody is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        _button("Previous", "chevron_left", at - 1, session, disabled=at == 0)
        st.markdown(f"Step {at + 1} of {last + 1}", width="content")
        _button("Next", "chevron_right", at + 1, session, disabled=at == last)
        st.button(
            "Let each go on" if led else "Everybody look here",
            key=Key.BOARD.of("everybody"),
            icon=":material/lock_open:" if led else ":material/campaign:",
            type="secondary" if led else "primary",
            disabled=not session.is_open,
            on_click=callback(_hold),
            args=(session.id, None if led else at),
            help="Students' pages follow to this step, and to the next, until they are let go.",
        )
        st.toggle("Show answers", key=_SHOWN, help="What was answered, the truth, the model.")


def _button(name: str, icon: str, to: int, session: SessionInfo, *, disabled: bool) -> None:
    st.button(
        name,
        key=Key.BOARD.of(name),
        icon=f":material/{icon}:",
        disabled=disabled,
        on_click=callback(_go),
        args=(session, to),
    )


def _go(session: SessionInfo, to: int) -> None:
    """To a step, with everybody where they are held; its answers are not shown at once."""
    state.put(_AT, to)
    state.put(_SHOWN, False)
    if session.everybody is not None:
        sessions.lead_to(database(), session.id, to)


def _hold(session_id: int, at: int | None) -> None:
    sessions.lead_to(database(), session_id, at)


def _step(session: SessionInfo, at: int) -> None:
    step = session.lesson.steps[at]
    look.heading(step.title)
    if step.text:
        st.markdown(plain(step.text))


def _case(quiz: Quiz, points: list[tuple[float, float]]) -> None:
    """The image of a quiz; with the answers, where students have looked."""
    with guard():
        pixels = pictures.checked_pixels(quiz.picture)
        shown = points if state.get(_SHOWN) else []
        st.image(board.marked(pixels, shown), width=_CASE, output_format="JPEG")
        if shown:
            st.caption(f"Rings: where {count(len(shown), 'student')} looked.")


def _answers(tally: Tally, attending: int, *, classes: bool) -> None:
    st.progress(
        min(1.0, tally.answered / attending) if attending else 0.0,
        f"{tally.answered} of {attending} have answered",
    )
    if not state.get(_SHOWN) or not tally.answered:
        return
    if tally.offered:
        _choices(tally, classes=classes)
    else:
        for text in list(tally.choices)[-_MOST_TEXTS:]:
            st.markdown(f"- {plain(text)}")


def _choices(tally: Tally, *, classes: bool) -> None:
    """A bar for each, with the share of the answers; the right one and the model's are marked."""
    shown = {
        code: given
        for code, given in tally.choices.items()
        if given or not classes or code in (tally.right, tally.predicted)
    }
    for code, given in shown.items():
        marks = " :green[:material/check: right]" if code == tally.right else ""
        marks += " :blue[:material/smart_toy: model]" if code == tally.predicted else ""
        share = given / tally.answered
        name = taxonomy.titled(code) if classes else code
        st.progress(share, f"{plain(name)}: {given} ({percent(share, 0)}){marks}")


def _confusions(answers: list[Answer], quizzes: dict[int, Quiz]) -> None:
    """Of quizzes up to this step: the class's beside the model's."""
    if not state.get(_SHOWN) or not any(each.step in quizzes for each in answers):
        return
    tables = (
        ("The class", "answers", "answered", board.class_confusion(answers, quizzes)),
        ("The model", "images", "predicted", board.model_confusion(answers, quizzes)),
    )
    for column, (who, of, given, table) in zip(st.columns(2), tables, strict=True):
        right = int(sum(table.loc[code, code] for code in table.index))
        drawn = look.Plot.of(confusion_matrix(table, dark=look.dark()))
        every = int(table.to_numpy().sum())
        told = (
            f"{right} of {every} {of} correct in the quizzes up to this step. Rows: true class. "
            f"Columns: {given} class."
        )
        with column:
            look.plot(
                look.Plot(f"{who}: confusion matrix", told, drawn.figure),
                Key.BOARD.of("confusion", of),
                width="content",
            )


def _students(session: SessionInfo, attendees: list[Attendee]) -> None:
    look.heading("Students")
    now, steps = time.time(), session.lesson.steps
    counts = board.where(session.lesson, attendees, now)
    look.facts(*(f"step {i + 1}: {many}" for i, many in enumerate(counts) if many))
    if attendees:
        table = pd.DataFrame(
            {
                "Student": [board.named(each, hidden=session.hide_names) for each in attendees],
                "Step": [
                    f"{min(each.step, len(steps) - 1) + 1} · "
                    f"{steps[min(each.step, len(steps) - 1)].title}"
                    for each in attendees
                ],
                "Answers": [each.answers for each in attendees],
                "State": ["" if board.is_there(each, now) else "away" for each in attendees],
            }
        )
        st.dataframe(table, hide_index=True, height=look.height(table))
    key = Key.BOARD.of("hide", session.id)
    state.put(key, session.hide_names)
    st.toggle("Hide names", key=key, on_change=callback(_hide), args=(session.id, key))


def _hide(session_id: int, key: str) -> None:
    sessions.set_names_hidden(database(), session_id, bool(state.get(key)))


def _end(session: SessionInfo) -> None:
    with st.container(horizontal=True):
        st.button(
            "Close the lesson" if session.is_open else "Open it again",
            key=Key.BOARD.of("close"),
            icon=":material/lock:" if session.is_open else ":material/lock_open:",
            on_click=callback(_close),
            args=(session.id, not session.is_open),
        )
        with st.popover("Delete all answers", icon=":material/delete:"):
            st.markdown(
                f"Deletes {count(session.answers, 'answer')} of "
                f"{count(session.attending, 'student')} with their names, for good, and closes "
                "the lesson."
            )
            st.button(
                "Delete for good",
                key=Key.BOARD.of("delete"),
                type="primary",
                on_click=callback(_delete),
                args=(session.id,),
            )
        st.button("Leave the board", key=Key.BOARD.of("leave"), on_click=callback(_leave))


def _close(session_id: int, is_open: bool) -> None:
    sessions.set_open(database(), session_id, is_open)


def _delete(session_id: int) -> None:
    sessions.delete_answers(database(), session_id)
