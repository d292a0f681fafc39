"""The students' side of a session: joining, a step after the other, answers. An answer is
kept, then confirmed; the first to a step stands. Nothing of a quiz is told before its answer."""

import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dermxai.access.visits import key_of
from dermxai.core.errors import InputError
from dermxai.lessons.definition import LONGEST_TEXT, OF_SESSION, Lesson, Step, StepKind
from dermxai.lessons.marks import MarkedPlace, compared
from dermxai.lessons.preparing import Quiz
from dermxai.lessons.sessions import lesson_of, plain, point_of, quiz_of, selection_of
from dermxai.readers.pictures import Picture, kept_values
from dermxai.readers.store.database import Database
from dermxai.readers.store.lesson_tables import (
    LONGEST_PSEUDONYM,
    LessonAnswer,
    LessonQuiz,
    LessonSession,
    Participant,
)
from dermxai.readers.store.tables import PRESS

MOST_ATTENDING = 500
"""Of one session."""
SHORTEST_PRESS = 20
"""Characters: at random, so that nobody guesses what another browser shows."""
NOTED = 30.0
"""Seconds between notes of who is still there."""
CLOSED = "This lesson is closed: it takes no answer any more."
ELSEWHERE = "This was answered in another window or tab; the answer given there stands."


class NotJoinedError(InputError):
    """No session was joined in this browser, or its answers were deleted."""


class ClosedError(InputError):
    """The session takes no answer any more."""


class AnsweredError(InputError):
    """The step was answered elsewhere, with another answer."""


@dataclass(frozen=True)
class Pulse:
    """What a student's page asks for again and again.

    Attributes:
        step: position of the step that it is to show.
        led: whether the teacher holds everybody there.
    """

    step: int
    led: bool
    is_open: bool


@dataclass(frozen=True)
class Revealed:
    """What is told of a quiz after the answer.

    Attributes:
        place: where the student looked; None where nothing was marked.
    """

    quiz: Quiz
    place: MarkedPlace | None


@dataclass(frozen=True)
class Screen:
    """A step, as one student sees it.

    Attributes:
        code: by which the session is joined.
        number: of the student.
        step: its position; ``of`` steps there are.
        led: whether the teacher holds everybody here.
        link: address of a page below the server's base; empty of other kinds.
        options: answers that are offered; empty for free text and where nothing is asked.
        choice: what the student has answered; None before.
        right, explanation: empty before the answer, or where there is none.
        revealed: of a quiz, after the answer.
    """

    lesson: str
    code: str
    number: int
    pseudonym: str
    step: int
    of: int
    led: bool
    is_open: bool
    kind: StepKind
    title: str
    text: str
    link: str
    options: tuple[str, ...]
    choice: str | None
    point: tuple[float, float] | None
    right: str
    explanation: str
    revealed: Revealed | None


@dataclass(frozen=True)
class Given:
    """What a student answers.

    Attributes:
        step: position of the step that was shown.
        choice: an option, a class, or free text.
        point: (x, y) where the student looked, as shares of the image's width and height.
    """

    step: int
    choice: str
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Now:
    session: LessonSession
    participant: Participant
    lesson: Lesson

    @property
    def step(self) -> int:
        led = self.session.everybody
        here = self.participant.step if led is None else led
        return min(here, len(self.lesson.steps) - 1)


def join(database: Database, code: str, pseudonym: str = "", press: str = "") -> str:
    """Attends a session; returns what the browser is to show from now on.

    Args:
        press: what the browser calls this press, at random: the same one once more is one student.

    Raises:
        InputError: there is no such session, it is full, or the pseudonym is too long.
        ClosedError, GoneError
    """
    named = " ".join(pseudonym.split())
    if len(named) > LONGEST_PSEUDONYM or not named.isprintable():
        raise InputError(f"A name has up to {LONGEST_PSEUDONYM} characters; choose a shorter one.")
    shown = sha256(f"{code}|{press}".encode()).hexdigest() if press else secrets.token_urlsafe(32)
    if press and not SHORTEST_PRESS <= len(press) <= PRESS:
        raise InputError("This press bears no name; reload the page.")
    with database.writing() as session:
        # one after the other, so that no number is given twice
        row = session.scalar(
            select(LessonSession).where(LessonSession.code == plain(code)).with_for_update()
        )
        if row is None:
            raise InputError("There is no lesson of this code; look at it again.")
        there = select(Participant.id).where(Participant.key == key_of(shown))
        if session.scalar(there) is not None:
            return shown
        if row.closed_at is not None:
            raise ClosedError(CLOSED)
        count, last = session.execute(
            select(func.count(), func.max(Participant.number)).where(
                Participant.session_id == row.id
            )
        ).one()
        if count >= MOST_ATTENDING:
            raise InputError(f"This lesson has {count} students, the most it may have.")
        now = time.time()
        session.add(
            Participant(
                session_id=row.id,
                number=(last or 0) + 1,
                key=key_of(shown),
                pseudonym=named,
                step=row.everybody or 0,
                joined_at=now,
                seen_at=now,
            )
        )
    return shown


def pulse(database: Database, shown: str) -> Pulse:
    """Where the student's page is to be; notes about twice a minute that it is still there.

    Raises:
        NotJoinedError, GoneError
    """
    with database.reading() as session:
        found = session.execute(
            select(
                Participant.id,
                Participant.step,
                Participant.seen_at,
                LessonSession.everybody,
                LessonSession.closed_at,
            )
            .join(LessonSession, LessonSession.id == Participant.session_id)
            .where(Participant.key == key_of(shown))
        ).one_or_none()
    if found is None:
        raise _not_joined()
    if not 0 <= time.time() - found.seen_at < NOTED:
        with database.writing() as session:
            if (row := session.get(Participant, found.id)) is not None:
                row.seen_at = time.time()
    led = found.everybody is not None
    return Pulse(found.everybody if led else found.step, led, found.closed_at is None)


def look(database: Database, shown: str) -> Screen:
    """The step at which the student is.

    Raises:
        NotJoinedError, GoneError
    """
    with database.reading() as session:
        return _screen(session, _now(session, shown))


def go_to(database: Database, shown: str, step: int) -> Screen:
    """Goes to a step, but where the teacher holds everybody elsewhere.

    Raises:
        InputError: there is no such step.
        NotJoinedError, GoneError
    """
    with database.writing() as session:
        now = _now(session, shown)
        if not 0 <= step < len(now.lesson.steps):
            raise InputError(f"This lesson has no step {step + 1}; it has {len(now.lesson.steps)}.")
        if now.session.everybody is None:
            now.participant.step, now.participant.seen_at = step, time.time()
            session.flush()
        return _screen(session, now)


def give(database: Database, shown: str, given: Given) -> Screen:
    """Keeps an answer; when this returns, it is in the database. The same answer once more changes
    nothing.

    Raises:
        AnsweredError: another answer stands.
        InputError: it is no answer to this step.
        NotJoinedError, ClosedError, GoneError
    """
    with database.writing() as session:
        now = _now(session, shown, lock=True)
        step = _asked(now.lesson, given.step)
        choice = given.choice if _offered(step) else given.choice.strip()
        if (there := _answer(session, now.participant, given.step)) is not None:
            if there.choice != choice:
                raise AnsweredError(ELSEWHERE)
            return _screen(session, now, given.step)
        if now.session.closed_at is not None:
            raise ClosedError(CLOSED)
        _check(session, now, step, given, choice)
        x, y = given.point or (None, None)
        session.add(
            LessonAnswer(
                participant_id=now.participant.id,
                step=given.step,
                choice=choice,
                x=x,
                y=y,
                at=time.time(),
            )
        )
        now.participant.seen_at = time.time()
        session.flush()
        return _screen(session, now, given.step)


def quiz_picture(database: Database, shown: str, step: int) -> Picture | None:
    """The image of a quiz; None where there is none.

    Raises:
        NotJoinedError, GoneError
    """
    with database.reading() as session:
        quiz = _quiz(session, _now(session, shown), step)
        return quiz.picture if quiz else None


def revealed(database: Database, shown: str, step: int) -> Quiz | None:
    """All that is known of a quiz, for its look-alikes and map; None before the student has
    answered it.

    Raises:
        NotJoinedError, GoneError
    """
    with database.reading() as session:
        now = _now(session, shown)
        if _answer(session, now.participant, step) is None:
            return None
        return _quiz(session, now, step)


def address_of(step: Step, run: str) -> str:
    """Of the page that a link opens, below the server's base."""
    query = {name: each for name, each in step.query.items() if name not in OF_SESSION}
    if run:
        query = {"run": run, **query}
    if step.images:
        query["sel"] = selection_of(step).key
    return f"/{step.page}?{urlencode(query)}" if query else f"/{step.page}"


def _now(session: Session, shown: str, *, lock: bool = False) -> _Now:
    query = (
        select(LessonSession, Participant)
        .join(Participant, Participant.session_id == LessonSession.id)
        .where(Participant.key == key_of(shown))
    )
    found = session.execute(query.with_for_update(of=Participant) if lock else query).one_or_none()
    if found is None:
        raise _not_joined()
    return _Now(found[0], found[1], lesson_of(found[0]))


def _not_joined() -> NotJoinedError:
    return NotJoinedError("Join the lesson by its code.")


def _asked(lesson: Lesson, at: int) -> Step:
    if not 0 <= at < len(lesson.steps) or not lesson.steps[at].kind.asks:
        raise InputError("This step asks nothing; reload the page.")
    return lesson.steps[at]


def _offered(step: Step) -> bool:
    """Whether one of several is chosen."""
    return step.kind is StepKind.QUIZ or bool(step.options)


def _check(session: Session, now: _Now, step: Step, given: Given, choice: str) -> None:
    offered: tuple[str, ...] = step.options
    if step.kind is StepKind.QUIZ:
        quiz = _quiz(session, now, given.step)
        offered = quiz.classes if quiz else ()
    if _offered(step) and choice not in offered:
        raise InputError("This answer is not offered; choose one of the buttons.")
    if not _offered(step) and not 0 < len(choice) <= LONGEST_TEXT:
        raise InputError(f"Expected 1 to {LONGEST_TEXT:,} characters; write a shorter answer.")
    if given.point is not None and step.kind is not StepKind.QUIZ:
        raise InputError("Nothing is marked in this step; reload the page.")
    if given.point is not None and not all(isfinite(at) and 0 <= at <= 1 for at in given.point):
        raise InputError("The marked point lies outside the image; mark it again.")


def _answer(session: Session, participant: Participant, step: int) -> LessonAnswer | None:
    return session.scalar(
        select(LessonAnswer).where(
            LessonAnswer.participant_id == participant.id, LessonAnswer.step == step
        )
    )


def _quiz(session: Session, now: _Now, step: int) -> Quiz | None:
    row = session.scalar(
        select(LessonQuiz).where(LessonQuiz.session_id == now.session.id, LessonQuiz.step == step)
    )
    return quiz_of(row) if row else None


def _screen(session: Session, now: _Now, at: int | None = None) -> Screen:
    at = now.step if at is None else at
    step = now.lesson.steps[at]
    given = _answer(session, now.participant, at) if step.kind.asks else None
    quiz = _quiz(session, now, at) if step.kind is StepKind.QUIZ else None
    point = point_of(given) if given else None
    return Screen(
        lesson=now.lesson.name,
        code=now.session.code,
        number=now.participant.number,
        pseudonym=now.participant.pseudonym,
        step=at,
        of=len(now.lesson.steps),
        led=now.session.everybody is not None,
        is_open=now.session.closed_at is None,
        kind=step.kind,
        title=step.title,
        text=step.text,
        link=address_of(step, now.session.run) if step.kind is StepKind.LINK else "",
        options=quiz.classes if quiz else step.options,
        choice=given.choice if given else None,
        point=point,
        right=step.right if given else "",
        explanation=step.explanation if given else "",
        revealed=Revealed(quiz, _place(quiz, point)) if quiz and given else None,
    )


def _place(quiz: Quiz, point: tuple[float, float] | None) -> MarkedPlace | None:
    if point is None:
        return None
    map_ = kept_values(quiz.map) if quiz.map else None
    signs = kept_values(quiz.signs) > 0.5 if quiz.signs else None
    return compared(point, map_, signs)
