"""The page Lessons: made, edited, given; what is seen becomes a step."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.access.teaching import TEACHING
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.lessons import attending, library, sessions
from dermxai.lessons.attending import Given
from dermxai.lessons.definition import Lesson, Step, StepKind
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import database
from dermxai.runs import Run
from dermxai.ui.pages.lessons import giving

Make, Open = Callable[..., Run], Callable[..., AppTest]
EVIL = "<b>First</b> *x*"


@pytest.fixture(autouse=True)
def _new(workspace: Path) -> None:
    databases.forget()


def steps(name: str = EVIL) -> tuple[Step, ...]:
    return library.find(database(), name).lesson.steps


def field(app: AppTest, name: str) -> str:
    (key,) = [
        each.key
        for each in [*app.text_input, *app.text_area, *app.segmented_control]
        if (each.key or "").startswith("lesson-field-") and each.key.endswith(f"-{name}")
    ]
    return str(key)


def test_a_lesson_is_made_its_steps_edited_and_given(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    app = open_page("lessons", run="run", primary=str(run.samples["sample_id"][0]))
    assert "no lesson yet" in app.info[0].value
    app.text_input(key="lesson-name").set_value(EVIL)
    app.button(key="lesson-make").click().run()
    assert not app.exception and not app.error and steps() == ()
    app.text_input(key=field(app, "title")).set_value("Welcome")
    app.text_area(key=field(app, "text")).set_value("Two\nlines")
    app.button(key="lesson-save").click().run()
    app.segmented_control(key=field(app, "kind")).set_value(StepKind.QUESTION).run()
    app.text_input(key=field(app, "title")).set_value("Which?")
    app.text_area(key=field(app, "options")).set_value("A\n B \n\n")
    app.text_input(key=field(app, "right")).set_value("B")
    app.button(key="lesson-save").click().run()
    app.segmented_control(key=field(app, "kind")).set_value(StepKind.QUIZ).run()
    app.text_input(key=field(app, "title")).set_value("What is it?")
    app.button(key="lesson-save").click().run()
    assert not app.error, app.error[0].value
    assert [each.kind for each in steps()] == [StepKind.TEXT, StepKind.QUESTION, StepKind.QUIZ]
    assert steps()[1].options == ("A", "B") and steps()[2].image == run.samples["sample_id"][0]
    app.selectbox(key="lesson-at").set_value(3).run()
    app.button(key="lesson-up").click().run()
    assert [each.title for each in steps()] == ["Welcome", "What is it?", "Which?"]
    app.text_input(key=field(app, "title")).set_value("And this?")
    app.button(key="lesson-save").click().run()
    assert steps()[1].title == "And this?"
    app.selectbox(key="lesson-at").set_value(1).run()
    app.button(key="lesson-drop").click().run()
    assert [each.title for each in steps()] == ["And this?", "Which?"]

    app.segmented_control(key="lesson-part").set_value("Sessions").run()
    app.button(key="lesson-start").click().run()
    assert not app.exception and not app.error
    (info,) = sessions.of_lesson(database(), EVIL)
    assert any(f"/lesson#{info.code}" in each.value for each in app.code)
    key = app.code[-1].value
    assert sessions.led_by(database(), key) == info and info.run == run.id
    shown = attending.join(database(), info.code, "=Ada")
    attending.give(database(), shown, Given(1, "B"))
    app.button(key="lesson-done").click().run()
    assert not any(key in each.value for each in app.code)
    table = giving.answers_table(sessions.find(database(), info.id))
    assert table[["student", "step", "answer", "right"]].to_numpy().tolist() == [[1, 2, "B", "B"]]
    app.button(key="lesson-close").click().run()
    assert not sessions.find(database(), info.id).is_open
    app.button(key="lesson-delete").click().run()
    assert sessions.find(database(), info.id).answers == 0
    app.segmented_control(key="lesson-part").set_value("Steps").run()
    app.button(key="lesson-remove").click().run()
    assert library.all_of(database()) == [] and not app.exception


def test_what_is_seen_becomes_a_step(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    ids = [str(each) for each in run.samples["sample_id"][:3]]
    library.make(database(), Lesson(name=EVIL))
    key = selection.keep(Selection.of("Mine", ids))
    app = open_page("confusion_analysis", run="run", sel=key, first="EAD", second="SD")
    app.text_input(key="lesson-step-title").set_value("Look")
    app.button(key="lesson-step-add").click().run()
    (step,) = steps()
    assert (step.kind, step.page, step.title) == (StepKind.LINK, "confusion_analysis", "Look")
    assert (step.query["first"], step.query["second"]) == ("EAD", "SD")
    assert (step.images, step.selected) == (tuple(ids), "Mine")
    assert not {"run", "sel"} & set(step.query)
    assert attending.address_of(step, "run").endswith(f"sel={key}")

    app = open_page("dataset", run="run", primary=ids[1])
    app.segmented_control(key="lesson-step-kind").set_value("the primary image as a quiz")
    app.text_input(key="lesson-step-title").set_value("Quiz")
    app.button(key="lesson-step-add").click().run()
    assert steps()[1].kind is StepKind.QUIZ and steps()[1].image == ids[1]


def test_a_step_without_a_title_is_refused_in_a_sentence(make_run: Make, open_page: Open) -> None:
    make_run(images=20)
    library.make(database(), Lesson(name=EVIL))
    app = open_page("dataset", run="run")
    app.button(key="lesson-step-add").click().run()
    assert any("title" in each.value for each in app.error) and steps() == ()


def test_visitors_who_give_no_lessons_see_none(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lesson tells the answers of its quizzes."""
    make_run(images=20)
    library.make(database(), Lesson(name=EVIL))
    monkeypatch.setenv(TEACHING, "1")
    app = open_page("lessons", run="run")
    assert "by operators" in app.info[0].value
    assert not any((each.key or "").startswith("lesson") for each in [*app.button, *app.selectbox])


def test_nobody_without_lessons_is_offered_to_add_one(make_run: Make, open_page: Open) -> None:
    make_run(images=20)
    app = open_page("dataset", run="run")
    assert not any((each.key or "").startswith("lesson-step") for each in app.button)
