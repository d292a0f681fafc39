"""The teacher's side of a lesson that is given: sessions, who attends, what they answer."""

import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, make_transient

from dermxai.access.codes import ALPHABET
from dermxai.access.visits import key_of
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import selection as selections
from dermxai.data.selection import Selection
from dermxai.lessons import definition, library, preparing
from dermxai.lessons.definition import Lesson, Step
from dermxai.lessons.preparing import Quiz
from dermxai.readers.store.database import Database
from dermxai.readers.store.lesson_tables import (
    JOIN_CODE,
    LessonAnswer,
    LessonQuiz,
    LessonSession,
    Participant,
)

MOST_SESSIONS = 200
"""Of one lesson."""
_DRAWS = 5


class NotTeacherError(InputError):
    """The key opens no session."""


@dataclass(frozen=True)
class NewSession:
    """
    Attributes:
        code: by which students join.
        key: by which the teacher leads; shown once.
    """

    id: int
    code: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class SessionInfo:
    """
    Attributes:
        lesson: as it was when the session began.
        run: id of the run that it shows; empty where it shows none.
        made_at, closed_at: seconds since the epoch; closed_at None while it is open.
        everybody: position of the step at which everybody is; None while each goes on alone.
        attending, answers: how many there are.
    """

    id: int
    lesson: Lesson
    code: str
    run: str
    made_at: float
    made_by: str
    everybody: int | None
    hide_names: bool
    closed_at: float | None
    attending: int
    answers: int

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True)
class Attendee:
    """
    Attributes:
        number: from 1, in the order of joining.
        pseudonym: empty where none was given.
        step: position of the step at which this student is.
        joined_at, seen_at: seconds since the epoch; seen_at is noted about twice a minute.
    """

    number: int
    pseudonym: str
    step: int
    joined_at: float
    seen_at: float
    answers: int


@dataclass(frozen=True)
class Answer:
    """
    Attributes:
        number: of the attendee.
        step: position of the step.
        choice: option, class or free text.
        point: (x, y) where the student looked, as shares of the image's width and height.
        at: seconds since the epoch.
    """

    number: int
    step: int
    choice: str
    point: tuple[float, float] | None
    at: float


def start(
    database: Database,
    name: str,
    run: str = "",
    made_by: str = "",
    progress: Callable[[int, int], None] | None = None,
    *,
    device: str = "cpu",
) -> NewSession:
    """Begins a session of a lesson: what its quizzes show is made ready, a code and a key drawn.

    Args:
        run: name or path of the run that it shows, where the lesson names none.
        progress: called with the quizzes that are ready, and all.
        device: of the maps, as torch names it.

    Raises:
        InputError: there is no such lesson, it has no steps, its run is not there, or a quiz cannot
            be made ready.
    """
    info = library.find(database, name)
    lesson = info.lesson
    if not lesson.steps:
        raise InputError(f"The lesson {name!r} has no steps yet; add some before it is given.")
    if info.sessions >= MOST_SESSIONS:
        raise InputError(
            f"The lesson {name!r} was given {info.sessions} times, as often as its answers are "
            "kept; delete those of earlier sessions."
        )
    quizzes: dict[int, Quiz] = {}
    shown = ""
    if lesson.needs_run:
        from dermxai.runs import open_run

        if not (lesson.run or run):
            raise InputError(f"The lesson {name!r} shows images of a run; say of which.")
        opened = open_run(paths.named_run(lesson.run or run))
        shown, quizzes = opened.id, preparing.prepare(lesson, opened, progress, device=device)
    for step in lesson.steps:
        if step.images:
            selections.keep(selection_of(step))
    row = LessonSession(
        lesson_id=info.id,
        content=definition.written(lesson),
        run=shown,
        made_at=time.time(),
        made_by=made_by[:200],
        hide_names=False,
    )
    return _keep(database, row, quizzes)


def selection_of(step: Step) -> Selection:
    """What a link selects."""
    return Selection.of(step.selected or step.title, step.images)


def _keep(database: Database, made: LessonSession, quizzes: dict[int, Quiz]) -> NewSession:
    for _ in range(_DRAWS):
        code = "".join(secrets.choice(ALPHABET) for _ in range(JOIN_CODE))
        key = secrets.token_urlsafe(24)
        try:
            with database.writing() as session:
                made.code, made.key = code, key_of(key)
                session.add(made)
                session.flush()
                session.add_all(
                    LessonQuiz(
                        session_id=made.id,
                        step=step,
                        told=json.dumps(quiz.told, ensure_ascii=False),
                        map=quiz.map,
                        signs=quiz.signs,
                    )
                    for step, quiz in quizzes.items()
                )
        except IntegrityError:  # a code that there is already, or a lesson that was removed
            make_transient(made)
            continue
        return NewSession(made.id, code, key)
    raise InputError("The lesson was removed meanwhile; look which there are.")


def of_lesson(database: Database, name: str) -> list[SessionInfo]:
    """Sessions of a lesson, the newest first.

    Raises:
        InputError: there is no such lesson.
    """
    lesson = library.find(database, name)
    with database.reading() as session:
        rows = session.scalars(
            select(LessonSession)
            .where(LessonSession.lesson_id == lesson.id)
            .order_by(LessonSession.made_at.desc(), LessonSession.id.desc())
        )
        return [_info(session, each) for each in rows]


def find(database: Database, session_id: int) -> SessionInfo:
    """
    Raises:
        InputError: there is no such session.
    """
    with database.reading() as session:
        return _info(session, _row(session, session_id))


def by_code(database: Database, code: str) -> SessionInfo:
    """
    Raises:
        InputError: there is no such session.
    """
    with database.reading() as session:
        row = session.scalar(select(LessonSession).where(LessonSession.code == plain(code)))
        if row is None:
            raise InputError("There is no session of this code; look which there are.")
        return _info(session, row)


def led_by(database: Database, key: str) -> SessionInfo:
    """The session that a teacher's key opens.

    Raises:
        NotTeacherError: it opens none.
    """
    with database.reading() as session:
        row = session.scalar(select(LessonSession).where(LessonSession.key == key_of(key)))
        if row is None:
            raise NotTeacherError("This key opens no session; open the teacher's link again.")
        return _info(session, row)


def new_key(database: Database, session_id: int) -> str:
    """A new teacher's key, in place of the one that there was.

    Raises:
        InputError: there is no such session.
    """
    key = secrets.token_urlsafe(24)
    _change(database, session_id, key=key_of(key))
    return key


def lead_to(database: Database, session_id: int, step: int | None) -> SessionInfo:
    """Brings everybody to a step, and holds them there; None lets each go on alone.

    Raises:
        InputError: there is no such session or step.
    """
    info = find(database, session_id)
    if step is not None and not 0 <= step < len(info.lesson.steps):
        raise InputError(f"This lesson has no step {step + 1}; it has {len(info.lesson.steps)}.")
    with database.writing() as session:
        _row(session, session_id, lock=True).everybody = step
        if step is not None:
            of_session = update(Participant).where(Participant.session_id == session_id)
            session.execute(of_session.values(step=step))
    return find(database, session_id)


def set_names_hidden(database: Database, session_id: int, hidden: bool) -> SessionInfo:
    """Whether the board hides pseudonyms.

    Raises:
        InputError: there is no such session.
    """
    return _change(database, session_id, hide_names=hidden)


def set_open(database: Database, session_id: int, is_open: bool) -> SessionInfo:
    """Opens a session again, or closes it: from then on nobody joins and no answer is taken.

    Raises:
        InputError: there is no such session.
    """
    return _change(database, session_id, closed_at=None if is_open else time.time())


def delete_answers(database: Database, session_id: int) -> int:
    """Closes a session, and deletes who attended with all that they answered, for good.

    Returns:
        How many answers there were.

    Raises:
        InputError: there is no such session.
    """
    with database.writing() as session:
        row = _row(session, session_id, lock=True)
        row.closed_at = row.closed_at or time.time()
        return _delete(session, [session_id])


def delete_answers_of(database: Database, name: str) -> int:
    """`delete_answers` of all sessions of a lesson.

    Raises:
        InputError: there is no such lesson.
    """
    lesson = library.find(database, name)
    with database.writing() as session:
        of_lesson_ = select(LessonSession).where(LessonSession.lesson_id == lesson.id)
        rows = session.scalars(of_lesson_.with_for_update()).all()
        for row in rows:
            row.closed_at = row.closed_at or time.time()
        return _delete(session, [row.id for row in rows])


def remove(database: Database, session_id: int) -> None:
    """A session with all of it, for good.

    Raises:
        InputError: there is no such session.
    """
    with database.writing() as session:
        session.delete(_row(session, session_id))


def attendees(database: Database, session_id: int) -> list[Attendee]:
    """In the order in which they came."""
    query = (
        select(Participant, func.count(LessonAnswer.id))
        .outerjoin(LessonAnswer, LessonAnswer.participant_id == Participant.id)
        .where(Participant.session_id == session_id)
        .group_by(Participant.id)
        .order_by(Participant.number)
    )
    with database.reading() as session:
        return [
            Attendee(each.number, each.pseudonym, each.step, each.joined_at, each.seen_at, answered)
            for each, answered in session.execute(query)
        ]


def answers(database: Database, session_id: int, step: int | None = None) -> list[Answer]:
    """In the order in which they came; of one step or all."""
    query = (
        select(LessonAnswer, Participant.number)
        .join(Participant, Participant.id == LessonAnswer.participant_id)
        .where(Participant.session_id == session_id)
        .order_by(LessonAnswer.at, LessonAnswer.id)
    )
    if step is not None:
        query = query.where(LessonAnswer.step == step)
    with database.reading() as session:
        return [
            Answer(number, each.step, each.choice, point_of(each), each.at)
            for each, number in session.execute(query)
        ]


def quizzes(database: Database, session_id: int) -> dict[int, Quiz]:
    """What the quizzes of a session show, by the positions of their steps."""
    with database.reading() as session:
        rows = session.scalars(select(LessonQuiz).where(LessonQuiz.session_id == session_id))
        return {row.step: quiz_of(row) for row in rows}


def showing(
    database: Database, runs: Iterable[str], holds: Callable[[str], bool]
) -> tuple[int, ...]:
    """Ids of the sessions that show one of these runs, or in whose quizzes one of these images is:
    they hold paths, labels and maps of them.

    Args:
        runs: ids.
        holds: whether an image's path is one of these.
    """
    named = set(runs)
    with database.reading() as session:
        found = {each.id: each.run in named for each in session.scalars(select(LessonSession))}
        for row in session.scalars(select(LessonQuiz)):
            quiz = quiz_of(row)
            shown = [quiz.path, *(each.path for each in quiz.look_alikes)]
            found[row.session_id] |= any(map(holds, shown))
    return tuple(sorted(id_ for id_, shows in found.items() if shows))


def quiz_of(row: LessonQuiz) -> Quiz:
    return preparing.of_told(json.loads(row.told), row.map, row.signs)


def point_of(row: LessonAnswer) -> tuple[float, float] | None:
    return None if row.x is None or row.y is None else (row.x, row.y)


def lesson_of(row: LessonSession) -> Lesson:
    return definition.of_mapping(json.loads(row.content), "the lesson")


def plain(code: str) -> str:
    """A join code as it is kept, from what somebody has entered."""
    return "".join(each for each in code.lower() if each.isalnum())[: 2 * JOIN_CODE]


def _info(session: Session, row: LessonSession) -> SessionInfo:
    attending = session.scalar(
        select(func.count()).select_from(Participant).where(Participant.session_id == row.id)
    )
    given = session.scalar(
        select(func.count(LessonAnswer.id))
        .join(Participant, Participant.id == LessonAnswer.participant_id)
        .where(Participant.session_id == row.id)
    )
    return SessionInfo(
        row.id,
        lesson_of(row),
        row.code,
        row.run,
        row.made_at,
        row.made_by,
        row.everybody,
        row.hide_names,
        row.closed_at,
        attending or 0,
        given or 0,
    )


def _row(session: Session, session_id: int, *, lock: bool = False) -> LessonSession:
    query = select(LessonSession).where(LessonSession.id == session_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise InputError("This session was removed; start another one.")
    return row


def _change(database: Database, session_id: int, **values: object) -> SessionInfo:
    with database.writing() as session:
        row = _row(session, session_id, lock=True)
        for name, value in values.items():
            setattr(row, name, value)
    return find(database, session_id)


def _delete(session: Session, session_ids: list[int]) -> int:
    count = session.scalar(
        select(func.count(LessonAnswer.id))
        .join(Participant, Participant.id == LessonAnswer.participant_id)
        .where(Participant.session_id.in_(session_ids))
    )
    session.execute(delete(Participant).where(Participant.session_id.in_(session_ids)))
    return count or 0
