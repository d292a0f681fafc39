"""The board of a lesson that is given, which the teacher's key opens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.lessons import attending, library, sessions
from dermxai.lessons.attending import Given
from dermxai.lessons.definition import Lesson, Step, StepKind
from dermxai.lessons.sessions import NewSession
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import database
from dermxai.runs import Run
from dermxai.ui.pages.lessons.giving import spaced

Make, Open = Callable[..., Run], Callable[..., AppTest]
TEXT, CHOICE, FREE, QUIZ = range(4)


@pytest.fixture(autouse=True)
def _new(workspace: Path) -> None:
    databases.forget()


@pytest.fixture
def given(make_run: Make) -> NewSession:
    """A session of a lesson over a run of made-up images."""
    run = make_run(images=40)
    held = database()
    steps = (
        Step(title="Welcome <b>", text="Look at *this*."),
        Step(kind=StepKind.QUESTION, title="Which?", options=("A", "B"), right="B"),
        Step(kind=StepKind.QUESTION, title="Why?"),
        Step(kind=StepKind.QUIZ, title="What?", image=str(run.samples["sample_id"].iloc[0])),
    )
    library.make(held, Lesson(name="<i>First</i>", run="run", steps=steps))
    return sessions.start(held, "<i>First</i>")


@pytest.fixture
def board(given: NewSession, open_page: Open) -> AppTest:
    app = open_page("lesson_board", run="run")
    app.text_input(key="board-key").set_value(given.key)
    app.button(key="FormSubmitter:board-form-Open").click().run()
    assert not app.exception and not app.error
    return app


def told(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.caption]
    bars = [str(each.proto.text) for each in app.get("progress")]
    return " ".join([*(str(each.value) for each in parts), *bars]).replace("\\", "")


def test_without_the_key_nothing_of_a_lesson_is_told(given: NewSession, open_page: Open) -> None:
    app = open_page("lesson_board", run="run")
    assert spaced(given.code) not in told(app) and "First" not in told(app)
    app.text_input(key="board-key").set_value("wrong")
    app.button(key="FormSubmitter:board-form-Open").click().run()
    assert "opens no session" in " ".join(each.value for each in (*app.error, *app.warning))
    assert spaced(given.code) not in told(app)


def test_answers_are_counted_as_they_come_and_shown_when_the_teacher_says_so(
    given: NewSession, board: AppTest
) -> None:
    shown = [attending.join(database(), given.code, name) for name in ("Ada", "", "Bo")]
    for each, choice in zip(shown, "BBA", strict=True):
        attending.give(database(), each, Given(CHOICE, choice))
    board.button(key="board-Next").click().run()
    assert "3 of 3 have answered" in told(board) and "B: 2" not in told(board)
    board.toggle(key="board-shown").set_value(True).run()
    assert "A: 1 (33 %)" in told(board)
    assert "B: 2 (67 %) :green[:material/check: right]" in told(board)
    board.button(key="board-Next").click().run()
    assert not board.toggle(key="board-shown").value, "of the next step it is asked anew"


def test_everybody_looks_here_and_follows_until_they_are_let_go(
    given: NewSession, board: AppTest
) -> None:
    student = attending.join(database(), given.code)
    board.button(key="board-Next").click().run()
    assert attending.pulse(database(), student).step == TEXT, "each goes on alone"
    board.button(key="board-everybody").click().run()
    assert attending.pulse(database(), student) == attending.Pulse(CHOICE, True, True)
    board.button(key="board-Next").click().run()
    assert attending.pulse(database(), student).step == FREE
    board.button(key="board-everybody").click().run()
    assert not attending.pulse(database(), student).led


def test_the_class_stands_beside_the_model(given: NewSession, board: AppTest) -> None:
    quiz = sessions.quizzes(database(), given.id)[QUIZ]
    wrong = next(code for code in quiz.classes if code != quiz.truth)
    for choice in (quiz.truth, wrong, wrong):
        attending.give(
            database(), attending.join(database(), given.code), Given(QUIZ, choice, (0.5, 0.5))
        )
    for _ in range(QUIZ):
        board.button(key="board-Next").click().run()
    board.toggle(key="board-shown").set_value(True).run()
    assert not board.exception and not board.error
    assert "1 of 3 answers correct" in told(board)
    assert f"{int(quiz.predicted == quiz.truth)} of 1 images correct" in told(board)
    assert len(board.get("plotly_chart")) == 2
    assert "Rings: where 3 students looked" in told(board)


def test_names_can_be_hidden(given: NewSession, board: AppTest) -> None:
    attending.join(database(), given.code, "Ada")
    board.run()
    assert list(board.dataframe[0].value["Student"]) == ["Ada"]
    board.toggle(key=f"board-hide-{given.id}").set_value(True).run()
    assert list(board.dataframe[0].value["Student"]) == ["1"]
    assert sessions.find(database(), given.id).hide_names


def test_a_projector_shows_neither_names_nor_the_end(given: NewSession, board: AppTest) -> None:
    attending.join(database(), given.code, "Ada")
    board.toggle(key="board-projector").set_value(True).run()
    assert not board.dataframe and not board.exception
    assert spaced(given.code) in told(board) and "Ada" not in told(board)
    assert "board-delete" not in {each.key for each in board.button}


def test_all_answers_are_deleted_at_the_end(given: NewSession, board: AppTest) -> None:
    student = attending.join(database(), given.code, "Ada")
    attending.give(database(), student, Given(FREE, "=HYPERLINK(1)"))
    board.button(key="board-close").click().run()
    assert not sessions.find(database(), given.id).is_open
    board.button(key="board-delete").click().run()
    assert not board.exception and not board.error
    assert sessions.answers(database(), given.id) == []
    assert sessions.attendees(database(), given.id) == []


def test_a_board_is_left(given: NewSession, board: AppTest) -> None:
    board.button(key="board-leave").click().run()
    board.run()
    assert spaced(given.code) not in told(board) and board.text_input(key="board-key").value == ""
