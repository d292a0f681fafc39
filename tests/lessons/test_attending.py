"""The students' side: nothing is told before an answer, none is lost or doubled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from dermxai.core.errors import InputError
from dermxai.data.selection import Selection
from dermxai.lessons import attending, sessions
from dermxai.lessons.attending import AnsweredError, ClosedError, Given, NotJoinedError
from dermxai.lessons.definition import Lesson
from dermxai.lessons.sessions import NewSession
from dermxai.readers.store.database import Database
from dermxai.runs import Run
from tests.lessons.conftest import CHOICE, DISCUSSION, FREE, LINK, QUIZ, TEXT

Begin = Callable[[], NewSession]


def test_a_student_goes_from_step_to_step(db: Database, begin: Begin, lesson: Lesson) -> None:
    shown = attending.join(db, begin().code)
    seen = [attending.go_to(db, shown, at) for at in range(len(lesson.steps))]
    assert [each.title for each in seen] == [each.title for each in lesson.steps]
    assert attending.look(db, shown) == seen[-1] and attending.pulse(db, shown).step == DISCUSSION
    for wrong in (-1, len(lesson.steps)):
        with pytest.raises(InputError, match="no step"):
            attending.go_to(db, shown, wrong)


def test_a_link_opens_the_sessions_run_and_selection(
    db: Database, begin: Begin, lesson: Lesson, run: Run
) -> None:
    shown = attending.join(db, begin().code)
    link = attending.go_to(db, shown, LINK).link
    key = Selection.of("Three", lesson.steps[LINK].images).key
    assert link == f"/confusion_analysis?run={run.id}&first=EAD&second=SD&sel={key}"


def test_nothing_of_a_quiz_is_told_before_the_answer(db: Database, begin: Begin, run: Run) -> None:
    made = begin()
    shown = attending.join(db, made.code)
    before = attending.go_to(db, shown, QUIZ)
    truth = run.samples["label"].iloc[0]
    assert before.revealed is None and before.choice is None and before.explanation == ""
    assert attending.revealed(db, shown, QUIZ) is None
    told = {name: each for name, each in asdict(before).items() if name != "options"}
    for word in (str(truth), str(run.predicted[0]), str(run.samples["sample_id"].iloc[0])):
        assert word not in str(told)
    wrong = next(code for code in before.options if code != truth)
    after = attending.give(db, shown, Given(QUIZ, wrong, (0.1, 0.1)))
    assert after.revealed and after.revealed.quiz.truth == truth and after.explanation == "See."
    assert after.revealed.place and after.revealed.place.distance == 0
    assert attending.revealed(db, shown, QUIZ) == after.revealed.quiz
    other = attending.join(db, made.code)
    assert attending.go_to(db, other, QUIZ).revealed is None
    assert attending.revealed(db, other, QUIZ) is None


def test_the_first_answer_stands(db: Database, begin: Begin) -> None:
    made = begin()
    shown = attending.join(db, made.code)
    assert attending.go_to(db, shown, CHOICE).right == ""
    first = attending.give(db, shown, Given(CHOICE, "A"))
    assert (first.choice, first.right, first.explanation) == ("A", "B", "Since B.")
    assert attending.give(db, shown, Given(CHOICE, "A")) == first
    with pytest.raises(AnsweredError):
        attending.give(db, shown, Given(CHOICE, "B"))
    assert attending.give(db, shown, Given(FREE, "  since it is so \n")).choice == "since it is so"
    assert len(sessions.answers(db, made.id)) == 2


def test_answers_at_once_are_kept_once(db: Database, begin: Begin) -> None:
    made = begin()
    students = [attending.join(db, made.code) for _ in range(8)]

    def press(number: int) -> str:
        choice = "ABC"[number // 8 % 3]
        try:
            attending.give(db, students[number % 8], Given(CHOICE, choice))
        except AnsweredError:
            return ""
        return choice

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(press, range(48)))
    given = {each.number: each.choice for each in sessions.answers(db, made.id)}
    assert len(sessions.answers(db, made.id)) == 8
    for student in range(8):
        assert {choice for choice in kept[student::8] if choice} == {given[student + 1]}


def test_students_who_join_at_once_have_numbers_of_their_own(db: Database, begin: Begin) -> None:
    made = begin()
    with ThreadPoolExecutor(8) as pool:
        shown = list(pool.map(lambda _: attending.join(db, made.code), range(16)))
    assert len(set(shown)) == 16
    assert [each.number for each in sessions.attendees(db, made.id)] == list(range(1, 17))


@pytest.mark.parametrize(
    "given",
    [
        Given(TEXT, "A"), Given(99, "A"), Given(-1, "A"), Given(CHOICE, "D"), Given(CHOICE, ""),
        Given(FREE, " "), Given(FREE, "x" * 4_001), Given(QUIZ, "nothing"),
        Given(QUIZ, "EAD", (1.2, 0.5)), Given(QUIZ, "EAD", (float("nan"), 0.5)),
        Given(CHOICE, "A", (0.5, 0.5)),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(db: Database, begin: Begin, given: Given) -> None:
    made = begin()
    with pytest.raises(InputError) as refused:
        attending.give(db, attending.join(db, made.code), given)
    assert str(refused.value).endswith(".") and sessions.answers(db, made.id) == []


def test_a_teacher_leads_everybody_and_lets_them_go(db: Database, begin: Begin) -> None:
    made = begin()
    shown = attending.join(db, made.code)
    attending.go_to(db, shown, CHOICE)
    sessions.lead_to(db, made.id, QUIZ)
    assert attending.pulse(db, shown) == attending.Pulse(QUIZ, True, True)
    assert attending.go_to(db, shown, TEXT).step == QUIZ
    late = attending.join(db, made.code)
    assert attending.look(db, late).step == QUIZ and attending.look(db, late).led
    sessions.lead_to(db, made.id, None)
    assert attending.pulse(db, shown) == attending.Pulse(QUIZ, False, True)
    assert attending.go_to(db, shown, TEXT).step == TEXT
    with pytest.raises(InputError, match="no step 7"):
        sessions.lead_to(db, made.id, 6)


def test_a_closed_session_takes_no_answer_and_nobody(db: Database, begin: Begin) -> None:
    made = begin()
    shown = attending.join(db, made.code)
    attending.give(db, shown, Given(FREE, "before"))
    sessions.set_open(db, made.id, False)
    with pytest.raises(ClosedError):
        attending.give(db, shown, Given(CHOICE, "A"))
    with pytest.raises(ClosedError):
        attending.join(db, made.code)
    assert attending.give(db, shown, Given(FREE, "before")).choice == "before"
    assert not attending.pulse(db, shown).is_open
    sessions.set_open(db, made.id, True)
    assert attending.give(db, shown, Given(CHOICE, "A")).choice == "A"


def test_who_has_not_joined_sees_nothing(db: Database, begin: Begin) -> None:
    made = begin()
    for code in ("", "x" * 100, made.key, "\0"):
        with pytest.raises(InputError, match="no lesson of this code"):
            attending.join(db, code)
    with pytest.raises(InputError, match="30 characters"):
        attending.join(db, made.code, "x" * 31)
    for act in (attending.look, attending.pulse):
        with pytest.raises(NotJoinedError):
            act(db, "nothing")
