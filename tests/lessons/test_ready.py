"""The lessons of the package are lessons, and ask of the demo's images what these show."""

import pytest

from dermxai.core.errors import InputError
from dermxai.data.atlas import DEMO
from dermxai.data.atlas.cohort import cohort
from dermxai.data.atlas.settings import SHORTCUT
from dermxai.lessons import definition, library, ready, sessions
from dermxai.lessons.definition import StepKind
from dermxai.lessons.ready import ReadyLesson
from dermxai.readers.store.database import Database
from tests.pages.conftest import PAGES

ALL = ready.ready()
DRAWN = {
    f"a{atlas.seed}-P{shot.patient.number:03d}-L{shot.lesion}-{shot.image:02d}": shot
    for atlas in (DEMO, SHORTCUT)
    for shot in cohort(atlas)
}
STEPS = [(each, step) for each in ALL for step in each.lesson.steps]


def test_there_are_some_and_each_is_found_by_its_key() -> None:
    assert {"reading-a-confusion", "is-this-map-to-be-believed", "the-shortcut"} <= {
        each.key for each in ALL
    }
    assert [ready.find(each.key) for each in ALL] == list(ALL)
    with pytest.raises(InputError, match="no ready lesson 'none'"):
        ready.find("none")


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.key)
def test_a_lesson_is_kept_and_read_again_as_it_is(each: ReadyLesson, db: Database) -> None:
    assert library.make(db, each.lesson).lesson == each.lesson
    assert definition.read(definition.written(each.lesson).encode()) == each.lesson
    assert each.lesson.about and not each.lesson.run
    kinds = {step.kind for step in each.lesson.steps}
    assert {StepKind.QUIZ, StepKind.LINK, StepKind.QUESTION} <= kinds


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.key)
def test_links_lead_to_pages_that_there_are(each: ReadyLesson) -> None:
    there = set(PAGES)
    asked = {step.page for step in each.lesson.steps if step.kind is StepKind.LINK}
    assert asked <= there


def test_images_are_those_of_the_demo() -> None:
    asked = [
        name for each, step in STEPS for name in (step.image, step.query.get("primary", "")) if name
    ]
    assert len(asked) > 8
    assert set(asked) <= set(DRAWN)


def test_the_class_of_a_quiz_is_offered_and_what_is_told_of_it_holds() -> None:
    for _, step in STEPS:
        if step.kind is StepKind.QUIZ:
            assert DRAWN[step.image].label in step.options
            assert DRAWN[step.image].patient.split == "test", "the model was not trained on it"
            assert step.explanation


def test_a_lesson_that_shows_images_is_not_started_without_a_run(db: Database) -> None:
    library.make(db, ALL[0].lesson)
    with pytest.raises(InputError, match="say of which"):
        sessions.start(db, ALL[0].lesson.name)
