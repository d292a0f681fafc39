"""The lessons, one of them opened: its steps, in order; its file."""

import pandas as pd
import streamlit as st

from dermxai.core.settings import checked
from dermxai.lessons import definition, library
from dermxai.lessons.definition import (
    LARGEST_FILE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Lesson,
    Step,
    StepKind,
)
from dermxai.lessons.library import LessonInfo
from dermxai.readers.store.database import database
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.text import count, plain
from dermxai.ui.pages.lessons import giving, ready_made
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "run lessons"
_STEPS, _GIVING = "Steps", "Sessions"
_OPENED, _NAME, _FILE, _AT, _PART = (
    Key.LESSON.of(each) for each in ("opened", "name", "file", "at", "part")
)
_WORDS = {
    StepKind.TEXT: "text",
    StepKind.LINK: "link to a page",
    StepKind.QUESTION: "question",
    StepKind.QUIZ: "quiz of an image",
    StepKind.DISCUSSION: "discussion",
}
_MADE_HERE = (StepKind.TEXT, StepKind.QUESTION, StepKind.QUIZ, StepKind.DISCUSSION)
"""Links are added where they are seen."""


def may() -> bool:
    """Whether this visitor sees lessons, which tell the answers of their quizzes."""
    return permissions.may(ACTION)


def page(view: Scene) -> None:
    """New lessons, and the one that is chosen."""
    _new()
    ready_made.section()
    found = library.all_of(database())
    if not found:
        st.info(
            "There is no lesson yet. One is an ordered list of texts, pages, questions and quizzes "
            "that students join by a code; begin with New lesson, or import one."
        )
        return
    names = [each.name for each in found]
    name = st.selectbox("Lesson", names, key=_OPENED, format_func=plain, width=420)
    info = found[names.index(name)]
    look.facts(
        count(len(info.lesson.steps), "step"),
        f"{info.lesson.minutes} min",
        f"given {info.sessions} times" if info.sessions else "not given yet",
    )
    if info.lesson.about:
        st.caption(plain(info.lesson.about))
    part = st.segmented_control(
        "Part",
        [_STEPS, _GIVING],
        key=_PART,
        default=_STEPS,
        required=True,
        label_visibility="collapsed",
    )
    if part == _GIVING:
        giving.section(info, view)
        return
    _steps(info)
    _actions(info)


def _new() -> None:
    with st.expander("New lesson", icon=":material/add:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Name", key=_NAME, max_chars=LONGEST_TITLE, width=360)
            st.button(
                "Make lesson",
                key=Key.LESSON.of("make"),
                type="primary",
                icon=":material/add:",
                on_click=callback(_make),
            )
        st.file_uploader("Or import one (TOML or JSON)", ["toml", "json"], key=_FILE)
        if state.get(_FILE) is not None:
            st.button(
                "Import",
                key=Key.LESSON.of("import"),
                icon=":material/upload_file:",
                on_click=callback(_import),
            )


def _make() -> None:
    permissions.check(ACTION)
    lesson = Lesson(name=state.text(_NAME).strip())
    _keep(lesson)
    state.put(_NAME, "")


def _import() -> None:
    permissions.check(ACTION)
    file = st.session_state[_FILE]
    content = file.read(LARGEST_FILE + 1)
    _keep(definition.read(content, file.name))


def _keep(lesson: Lesson) -> None:
    made = library.make(database(), lesson, permissions.person().name)
    permissions.note("made lesson", steps=len(made.lesson.steps))
    state.put(_OPENED, made.name)


def _steps(info: LessonInfo) -> None:
    steps = info.lesson.steps
    if steps:
        rows = pd.DataFrame(
            {
                "Step": range(1, len(steps) + 1),
                "Kind": [_WORDS[each.kind] for each in steps],
                "Title": [each.title for each in steps],
            }
        )
        st.dataframe(rows, hide_index=True, height=look.height(rows))
    else:
        st.info("No steps yet. Add one here, or a view by Add to a lesson in the sidebar.")
    numbers = [*range(1, len(steps) + 1), 0]
    if state.get(_AT) not in numbers:
        state.put(_AT, 0)
    number = st.selectbox(
        "Edit",
        numbers,
        key=_AT,
        format_func=lambda at: f"{at}. {plain(steps[at - 1].title)}" if at else "a new step",
        width=420,
    )
    if number:
        _moves(info, number - 1)
    _form(info, number - 1 if number else None)


def _moves(info: LessonInfo, at: int) -> None:
    with st.container(horizontal=True):
        for label, icon, by, disabled in (
            ("Up", ":material/arrow_upward:", -1, at == 0),
            ("Down", ":material/arrow_downward:", 1, at + 1 == len(info.lesson.steps)),
        ):
            st.button(
                label,
                key=Key.LESSON.of(label.lower()),
                icon=icon,
                disabled=disabled,
                on_click=callback(_move),
                args=(info.name, at, by),
            )
        st.button(
            "Remove step",
            key=Key.LESSON.of("drop"),
            icon=":material/delete:",
            on_click=callback(_drop),
            args=(info.name, at),
        )


def _form(info: LessonInfo, at: int | None) -> None:
    """Asks for a step; its fields are its own, so that another step brings its own values."""
    step = None if at is None else info.lesson.steps[at]
    key = Key.LESSON.of("field", info.id, "new" if at is None else at, info.changed_at)
    if step is None:
        kind = st.segmented_control(
            "Kind",
            list(_MADE_HERE),
            key=f"{key}-kind",
            default=StepKind.TEXT,
            required=True,
            format_func=_WORDS.__getitem__,
        )
    else:
        kind = step.kind
    st.text_input("Title", step.title if step else "", key=f"{key}-title", max_chars=LONGEST_TITLE)
    st.text_area("Text", step.text if step else "", key=f"{key}-text", max_chars=LONGEST_TEXT)
    if kind is StepKind.LINK and step:
        look.facts(
            f"page {plain(step.page)}",
            count(len(step.images), "image") + " selected" if step.images else "",
        )
    if kind is StepKind.QUIZ:
        st.text_input(
            "Image",
            step.image if step else state.view().primary or "",
            key=f"{key}-image",
            help="Sample id in the run with which the lesson is given; at first the primary image.",
        )
    if kind in (StepKind.QUESTION, StepKind.QUIZ):
        st.text_area(
            "Options, one a line",
            "\n".join(step.options) if step else "",
            key=f"{key}-options",
            help="Of a question none for free text; of a quiz none for all classes of the run.",
        )
        if kind is StepKind.QUESTION:
            st.text_input(
                "Right option, if there is one", step.right if step else "", key=f"{key}-right"
            )
        st.text_area(
            "Shown after the answer",
            step.explanation if step else "",
            key=f"{key}-explanation",
            max_chars=LONGEST_TEXT,
        )
    st.button(
        "Add step" if step is None else "Save step",
        key=Key.LESSON.of("save"),
        type="primary",
        icon=":material/save:" if step else ":material/add:",
        on_click=callback(_save),
        args=(info.name, at, key, kind),
    )


def _save(name: str, at: int | None, key: str, kind: StepKind) -> None:
    permissions.check(ACTION)
    lesson = library.find(database(), name).lesson
    said: dict[str, object] = {
        each: state.text(f"{key}-{each}").strip()
        for each in ("title", "text", "image", "right", "explanation")
        if state.get(f"{key}-{each}") is not None
    }
    lines = [each.strip() for each in state.text(f"{key}-options").splitlines()]
    said["options"] = tuple(each for each in lines if each)
    if at is None:
        steps = (*lesson.steps, checked("the step", Step, {"kind": kind, **said}))
    else:
        changed = lesson.steps[at].replaced(**said)
        steps = (*lesson.steps[:at], changed, *lesson.steps[at + 1 :])
    library.change(database(), name, lesson.replaced(steps=steps))


def _move(name: str, at: int, by: int) -> None:
    permissions.check(ACTION)
    lesson = library.find(database(), name).lesson
    steps = list(lesson.steps)
    steps.insert(at + by, steps.pop(at))
    library.change(database(), name, lesson.replaced(steps=tuple(steps)))
    state.put(_AT, at + by + 1)


def _drop(name: str, at: int) -> None:
    permissions.check(ACTION)
    lesson = library.find(database(), name).lesson
    steps = (*lesson.steps[:at], *lesson.steps[at + 1 :])
    library.change(database(), name, lesson.replaced(steps=steps))
    state.put(_AT, 0)


def _actions(info: LessonInfo) -> None:
    with st.container(horizontal=True):
        downloads.button(
            "Export (JSON)",
            lambda: definition.written(info.lesson),
            "lesson.json",
            "application/json",
            icon=":material/download:",
        )
        with st.popover("Remove", icon=":material/delete:"):
            st.caption("The lesson, its sessions and all their answers go for good.")
            st.button(
                "Remove for good",
                key=Key.LESSON.of("remove"),
                on_click=callback(_remove),
                args=(info.name,),
            )


def _remove(name: str) -> None:
    permissions.check(ACTION)
    library.remove(database(), name)
    permissions.note("removed lesson")
