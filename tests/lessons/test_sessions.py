"""The teacher's side: lessons that are kept, sessions, who leads, what is deleted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from dermxai.core.errors import InputError
from dermxai.data import selection as selections
from dermxai.lessons import attending, library, sessions
from dermxai.lessons.attending import Given
from dermxai.lessons.definition import Lesson, Step, StepKind
from dermxai.lessons.sessions import NewSession, NotTeacherError
from dermxai.readers.pictures import kept_values
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import Table
from dermxai.runs import Run
from tests.lessons.conftest import CHOICE, LINK, QUIZ

Begin = Callable[[], NewSession]


def test_lessons_are_kept_changed_and_removed(db: Database, lesson: Lesson) -> None:
    made = library.make(db, lesson, "me")
    assert made.lesson == lesson and made.sessions == 0 and made.made_by == "me"
    with pytest.raises(InputError, match="already"):
        library.make(db, lesson)
    library.make(db, Lesson(name="Other"))
    with pytest.raises(InputError, match="already"):
        library.change(db, "Other", lesson)
    changed = library.change(db, "Other", Lesson(name="Another"))
    assert changed.name == "Another" and [each.name for each in library.all_of(db)] == [
        "Another", "First",
    ]  # fmt: skip
    library.remove(db, "Another")
    with pytest.raises(InputError, match="no lesson 'Another'; there are: First"):
        library.find(db, "Another")


def test_steps_that_are_added_at_once_are_all_kept(db: Database) -> None:
    library.make(db, Lesson(name="New"))
    steps = [Step(title=f"Step {number}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda step: library.add_step(db, "New", step), steps))
    kept = library.find(db, "New").lesson.steps
    assert {each.title for each in kept} == {each.title for each in steps} and len(kept) == 12


def test_a_session_is_of_the_lesson_as_it_was(db: Database, begin: Begin, lesson: Lesson) -> None:
    made = begin()
    library.change(db, "First", Lesson(name="Changed"))
    info = sessions.find(db, made.id)
    assert info.lesson == lesson and info.is_open and info.everybody is None
    assert sessions.by_code(db, f" {made.code[:4].upper()}-{made.code[4:]} ") == info
    assert sessions.led_by(db, made.key) == info
    for wrong in ("", made.code, made.key[:-1]):
        with pytest.raises(NotTeacherError):
            sessions.led_by(db, wrong)
    again = sessions.new_key(db, made.id)
    assert sessions.led_by(db, again) == info
    with pytest.raises(NotTeacherError):
        sessions.led_by(db, made.key)
    assert [each.id for each in sessions.of_lesson(db, "Changed")] == [made.id]


def test_a_quiz_knows_truth_prediction_look_alikes_and_signs(
    db: Database, begin: Begin, run: Run, lesson: Lesson
) -> None:
    made = begin()
    (quiz,) = sessions.quizzes(db, made.id).values()
    assert quiz.truth == run.samples["label"].iloc[0] and quiz.predicted == run.predicted[0]
    assert quiz.classes == run.classes
    best = np.sort(run.probabilities[0])[::-1][:3]
    assert [share for _, share in quiz.probabilities] == pytest.approx(best)
    assert quiz.look_alikes and {each.label for each in quiz.look_alikes} <= set(run.classes)
    assert quiz.signs is not None and kept_values(quiz.signs).mean() == pytest.approx(0.25)
    link = lesson.steps[LINK]
    assert selections.read(sessions.selection_of(link).key).sample_ids == link.images


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"image": "nothing"}, "Step 1, 'Quiz': .*nothing"),
        ({"options": ("X", "Y")}, "not offered"),
    ],
)
def test_a_quiz_that_cannot_be_given_is_told_before(
    db: Database, run: Run, step: dict[str, object], told: str
) -> None:
    first = str(run.samples["sample_id"].iloc[0])
    quiz = Step(**{"kind": StepKind.QUIZ, "title": "Quiz", "image": first} | step)
    library.make(db, Lesson(name="Wrong", steps=(quiz,)))
    with pytest.raises(InputError, match=told):
        sessions.start(db, "Wrong", "run")
    with pytest.raises(InputError, match="say of which"):
        sessions.start(db, "Wrong")
    with pytest.raises(InputError):
        sessions.start(db, "Wrong", "no-such-run")
    assert sessions.of_lesson(db, "Wrong") == []
    library.make(db, Lesson(name="Empty"))
    with pytest.raises(InputError, match="no steps"):
        sessions.start(db, "Empty")


def test_the_board_sees_who_is_where_and_what_they_answer(db: Database, begin: Begin) -> None:
    made = begin()
    first, second = attending.join(db, made.code, " Ada  B "), attending.join(db, made.code)
    attending.go_to(db, first, QUIZ)
    attending.give(db, second, Given(CHOICE, "B"))
    attending.give(db, first, Given(QUIZ, "EAD", (0.2, 0.3)))
    told = sessions.attendees(db, made.id)
    assert [(each.number, each.pseudonym, each.step, each.answers) for each in told] == [
        (1, "Ada B", QUIZ, 1), (2, "", 0, 1),
    ]  # fmt: skip
    given = sessions.answers(db, made.id)
    assert [(each.number, each.step, each.choice, each.point) for each in given] == [
        (2, CHOICE, "B", None), (1, QUIZ, "EAD", (0.2, 0.3)),
    ]  # fmt: skip
    assert sessions.answers(db, made.id, CHOICE) == given[:1]
    info = sessions.set_names_hidden(db, made.id, True)
    assert info.hide_names and (info.attending, info.answers) == (2, 2)


def test_deleting_leaves_no_answer_and_nobody(db: Database, begin: Begin, tmp_path: Path) -> None:
    one, other = begin(), begin()
    for made in (one, other):
        shown = attending.join(db, made.code, "Ada")
        attending.give(db, shown, Given(CHOICE, "B"))
    assert sessions.delete_answers(db, one.id) == 1
    assert sessions.attendees(db, one.id) == [] == sessions.answers(db, one.id)
    assert not sessions.find(db, one.id).is_open and sessions.find(db, other.id).answers == 1
    with pytest.raises(attending.NotJoinedError):
        attending.look(db, attending.join(db, other.code) + "x")
    assert sessions.delete_answers_of(db, "First") == 1
    assert not sessions.find(db, other.id).is_open
    with pytest.raises(attending.NotJoinedError):
        attending.look(db, shown)
    library.remove(db, "First")
    with db.reading() as session:
        for table in Table.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_withdrawn_run_takes_its_sessions_with_it(db: Database, begin: Begin, run: Run) -> None:
    """They hold paths, labels and maps of its images; the lesson and other sessions stay."""
    from dermxai.jobs import withdrawal

    made = begin()
    library.make(db, Lesson(name="Words", steps=(Step(title="Only text"),)))
    words = sessions.start(db, "Words")
    attending.give(db, attending.join(db, made.code), Given(CHOICE, "A"))
    assert sessions.showing(db, [run.id], lambda _: False) == (made.id,)
    assert sessions.showing(db, [], lambda path: path == run.samples["path"].iloc[0]) == (made.id,)
    assert sessions.showing(db, ["other"], lambda _: False) == ()
    found = withdrawal.find(run.manifest["dataset"]["path"])
    assert found.sessions == (made.id,) and found.counts[withdrawal.SESSION] == 1
    withdrawal.remove(found)
    assert sessions.of_lesson(db, "First") == []
    assert [each.id for each in sessions.of_lesson(db, "Words")] == [words.id]
