"""What the board counts, against counts written out."""

from dataclasses import replace

import numpy as np
import pytest

from dermxai.lessons import board
from dermxai.lessons.definition import Lesson
from dermxai.lessons.preparing import Quiz
from dermxai.lessons.sessions import Answer, Attendee
from tests.lessons.conftest import CHOICE, DISCUSSION, FREE, QUIZ

NOW = 1_000.0
PIGMENTED = Quiz("a.png", "d", ("EAD", "SD", "MN"), "MN", "MN", (("MN", 1.0),), ())
CONFUSED = replace(PIGMENTED, truth="EAD", predicted="SD")


def answer(number: int, step: int, choice: str) -> Answer:
    return Answer(number, step, choice, None, NOW)


def attendee(number: int, step: int = 0, ago: float = 0.0, pseudonym: str = "") -> Attendee:
    return Attendee(number, pseudonym, step, 0.0, NOW - ago, 0)


ANSWERS = [
    *(answer(1, CHOICE, "B"), answer(2, CHOICE, "C"), answer(3, CHOICE, "B")),
    *(answer(1, FREE, "vessels"), answer(2, FREE, "scale"), answer(3, FREE, "vessels")),
    *(answer(1, QUIZ, "EAD"), answer(2, QUIZ, "SD"), answer(3, QUIZ, "SD")),
]


def test_options_are_counted_in_their_order_and_those_nobody_chose_too(lesson: Lesson) -> None:
    found = board.tally(lesson, CHOICE, ANSWERS, None)
    assert list(found.choices.items()) == [("A", 0), ("B", 2), ("C", 1)]
    assert (found.answered, found.correct, found.right, found.predicted) == (3, 2, "B", "")
    assert found.offered


def test_free_text_is_counted_as_it_comes_and_none_of_it_is_right(lesson: Lesson) -> None:
    found = board.tally(lesson, FREE, ANSWERS, None)
    assert list(found.choices.items()) == [("vessels", 2), ("scale", 1)]
    assert (found.answered, found.correct, found.offered) == (3, 0, False)


def test_a_quiz_has_truth_and_prediction(lesson: Lesson) -> None:
    found = board.tally(lesson, QUIZ, ANSWERS, CONFUSED)
    assert dict(found.choices) == {"EAD": 1, "SD": 2, "MN": 0}
    assert (found.right, found.predicted, found.correct) == ("EAD", "SD", 1)


def test_a_step_without_answers_has_none(lesson: Lesson) -> None:
    assert board.tally(lesson, CHOICE, [], None).answered == 0
    assert [board.asks(lesson, at) for at in (CHOICE, FREE, QUIZ, DISCUSSION)] == [
        *(True, True, True, False)
    ]


def test_the_class_is_counted_by_answers_and_the_model_by_images() -> None:
    quizzes = {QUIZ: CONFUSED, 7: PIGMENTED, 8: PIGMENTED}
    answers = [*ANSWERS, answer(1, 7, "MN"), answer(2, 7, "EAD")]  # none of step 8
    people = board.class_confusion(answers, quizzes)
    model = board.model_confusion(answers, quizzes)
    assert list(people.index) == list(people.columns) == ["EAD", "SD", "MN"]
    assert people.to_numpy().tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 1]]
    assert list(model.index) == list(model.columns) == ["EAD", "SD", "MN"]
    assert model.to_numpy().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_without_answers_to_quizzes_there_is_no_confusion() -> None:
    assert board.class_confusion(ANSWERS[:3], {QUIZ: CONFUSED}).empty
    assert board.model_confusion(ANSWERS[:3], {QUIZ: CONFUSED}).empty


def test_who_was_not_seen_for_long_is_at_no_step(lesson: Lesson) -> None:
    there = [attendee(1, 2), attendee(2, 2, board.THERE), attendee(3, 99), attendee(4, 2, 600)]
    assert board.where(lesson, there, NOW) == [0, 0, 2, 0, 0, 1]


@pytest.mark.parametrize(
    ("pseudonym", "hidden", "shown"), [("Ada", False, "Ada"), ("Ada", True, "7"), ("", False, "7")]
)
def test_a_hidden_name_is_a_number(pseudonym: str, hidden: bool, shown: str) -> None:
    assert board.named(attendee(7, pseudonym=pseudonym), hidden=hidden) == shown


def test_a_ring_is_drawn_where_each_looked_and_the_image_stays_as_it_is() -> None:
    pixels = np.full((100, 200, 3), 128, np.uint8)
    assert (board.marked(pixels, []) == 128).all()
    changed = (board.marked(pixels, [(0.25, 0.5), (1.0, 1.0)]) != 128).any(axis=2)
    assert (pixels == 128).all()
    rows, columns = np.nonzero(changed[:, :100])
    assert (rows.mean().round(), columns.mean().round()) == (50, 50)
    assert changed[90:, 190:].any() and not changed[:40].any()
