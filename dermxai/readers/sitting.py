"""What a reader sees and gives, one case after the other; an answer is kept, then confirmed."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dermxai.access import codes, visits
from dermxai.core.errors import InputError
from dermxai.readers import advice, pictures
from dermxai.readers.clock import Moment
from dermxai.readers.definition import ArmKind, Stage, StudySettings
from dermxai.readers.pictures import Picture
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import (
    PRESS,
    Case,
    CaseImage,
    CaseMap,
    Reader,
    ReaderVisit,
    Revision,
    Study,
    Turn,
)
from dermxai.readers.studies import settings_of

LASTS = 30 * 24 * 3600.0
"""Seconds after which a browser is asked for the code again."""
MOST_REVISIONS = 100
"""Of one answer."""
MOST_VISITS = 50
"""Browsers of one reader."""
LONGEST_ANSWER = 200
"""Characters of what readers say of themselves."""
CLOSED = "This study is closed: it takes no answer any more. What you answered before is kept."
ELSEWHERE = (
    "This case was finished in another window or tab; the answer given there stands. Go on with "
    "the next case."
)


class NotEnteredError(InputError):
    """No valid code was entered in this browser."""


class ClosedError(InputError):
    """The study takes no answer any more."""


class FinishedError(InputError):
    """The case was finished elsewhere."""


@dataclass(frozen=True)
class Progress:
    """
    Attributes:
        answered, of: turns.
        faults: turns whose images cannot be shown.
    """

    study: str
    answered: int
    of: int
    faults: int


@dataclass(frozen=True)
class Ready:
    """Nothing is shown, and no time passes.

    Attributes:
        consent: a text to be agreed to first; empty where that was done.
        background: fields that are to be filled in first.
    """

    progress: Progress
    consent: str = ""
    background: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    progress: Progress


@dataclass(frozen=True)
class Advice:
    """What the AI shows.

    Attributes:
        probabilities: by class, of those offered, the highest first.
    """

    shown: str
    probabilities: tuple[tuple[str, float], ...]
    has_map: bool


@dataclass(frozen=True)
class Shown:
    """A case. Nothing here tells its label, its file or the network's class but for the advice."""

    progress: Progress
    token: str
    stage: Stage
    several_stages: bool
    views: tuple[str, ...]
    classes: tuple[str, ...]
    levels: int
    choice: str | None
    confidence: int | None
    earlier: str | None
    """The class that this reader gave the case alone, where it is shown again with the AI."""
    advice: Advice | None


Screen = Ready | Finished | Shown


@dataclass(frozen=True)
class Given:
    """What a reader answers.

    Attributes:
        token: of the case that was shown.
        press: what the browser calls this press, unique for it.
        done: whether the reader goes on; then the answer stands.
    """

    token: str
    press: str
    choice: str
    confidence: int | None
    done: bool


@dataclass(frozen=True)
class _Now:
    """Who asks, and for what."""

    study: Study
    reader: Reader
    settings: StudySettings = field(repr=False)


def enter(database: Database, text: str) -> str | None:
    """What a browser is to show from now on, by a code; None where it is none, or withdrawn. Takes
    as long either way.

    Raises:
        GoneError: the database cannot be reached.
    """
    id_ = codes.parts(text)[0]
    with database.reading() as session:
        reader = session.scalar(select(Reader).where(Reader.code_id == id_))
    if reader is not None and reader.withdrawn_at is not None:
        reader = None
    if not _matches(text, reader):
        return None
    assert reader is not None
    shown = secrets.token_urlsafe(32)
    with database.writing() as session:
        of_reader = select(ReaderVisit.key).where(ReaderVisit.reader_id == reader.id)
        kept = session.scalars(of_reader.order_by(ReaderVisit.expires.desc())).all()
        session.execute(delete(ReaderVisit).where(ReaderVisit.key.in_(kept[MOST_VISITS - 1 :])))
        expires = time.time() + LASTS
        session.add(ReaderVisit(key=visits.key_of(shown), reader_id=reader.id, expires=expires))
    return shown


def known(database: Database, text: str) -> bool:
    """Whether an id of a code is in what was entered; for counting those who guess."""
    with database.reading() as session:
        return (
            session.scalar(select(Reader.id).where(Reader.code_id == codes.parts(text)[0]))
            is not None
        )


def look(database: Database, shown: str) -> Screen:
    """Where the reader is; starts no clock.

    Raises:
        NotEnteredError, GoneError
    """
    with database.reading() as session:
        now = _now(session, shown)
        progress = _progress(session, now)
        if progress.answered == progress.of:
            return Finished(progress)
        return _ready(progress, now)


def agree(database: Database, shown: str, consents: bool, background: Mapping[str, str]) -> Screen:
    """Keeps that the reader consents, and what the reader says of themselves.

    Raises:
        InputError: what the study asks for is missing or too long.
        NotEnteredError, ClosedError, GoneError
    """
    with database.writing() as session:
        now = _now(session, shown, answering=True)
        if now.settings.consent and not consents and now.reader.consented_at is None:
            raise InputError("This study asks for your consent first; agree, or leave it.")
        told = {name: _told(name, background.get(name, "")) for name in now.settings.background}
        if now.reader.consented_at is None:
            now.reader.consented_at = time.time()
        if now.reader.background is None:
            now.reader.background = json.dumps(told, ensure_ascii=False)
    return go_on(database, shown)


def go_on(database: Database, shown: str) -> Screen:
    """Shows the first case that is not finished; its clock starts now.

    Raises:
        NotEnteredError, ClosedError, GoneError
    """
    tried: set[int] = set()
    while True:
        with database.reading() as session:
            found = _next(session, _now(session, shown, answering=True).reader, tried)
            images = _pictures(session, found) if found else []
        tried |= {found.id} if found else set()
        fault = _fault(images)  # while nobody waits for the database
        with database.writing() as session:
            now = _now(session, shown, answering=True)
            ready = _ready(_progress(session, now), now)
            if ready.consent or ready.background:
                return ready
            if found is None:
                return Finished(ready.progress)
            turn = session.get_one(Turn, found.id, with_for_update=True)
            if turn.closed_at is not None:  # in another window, just now
                continue
            turn.fault = fault
            if fault is None:
                session.flush()
                _start(turn)
                return _shown(session, now, _progress(session, now), turn)


def give(database: Database, shown: str, answer: Given) -> None:
    """Keeps an answer; when this returns, it is in the database. The same press once more, or the
    same answer to a case that is finished, changes nothing.

    Raises:
        FinishedError: the case was finished with another answer.
        InputError: it is no answer to this case.
        NotEnteredError, ClosedError, GoneError
    """
    with database.writing() as session:
        now = _now(session, shown)
        turn = session.scalar(
            select(Turn)
            .where(Turn.token == answer.token, Turn.reader_id == now.reader.id)
            .with_for_update()
        )
        if turn is None:
            raise InputError("This is no case of yours; reload the page.")
        same = (turn.choice, turn.confidence) == (answer.choice, answer.confidence)
        if turn.closed_at is not None:
            if same:
                return
            raise FinishedError(ELSEWHERE)
        if now.study.closed_at is not None:
            raise ClosedError(CLOSED)
        _check(answer, now, turn)
        if not same and not _pressed(session, turn, answer.press):
            _revise(session, turn, answer)
        if answer.done:
            _stop(turn)
            turn.closed_at = time.time()


def pause(database: Database, shown: str, token: str) -> None:
    """Stops the clock of a case that is shown no longer.

    Raises:
        NotEnteredError, GoneError
    """
    with database.writing() as session:
        now = _now(session, shown)
        turn = session.scalar(
            select(Turn)
            .where(Turn.token == token, Turn.reader_id == now.reader.id)
            .with_for_update()
        )
        if turn is not None and turn.closed_at is None:
            _stop(turn)


def picture(database: Database, shown: str, token: str, position: int) -> Picture | None:
    """An image of a case that this reader has been shown; None of any other.

    Raises:
        NotEnteredError, GoneError
    """
    with database.reading() as session:
        turn = _seen(session, shown, token)
        if turn is None:
            return None
        image = session.scalar(
            select(CaseImage).where(
                CaseImage.case_id == turn.case_id, CaseImage.position == position
            )
        )
        return Picture(image.path, image.digest) if image else None


def shown_map(database: Database, shown: str, token: str) -> tuple[Picture, bytes] | None:
    """The first image of a case and the map over it that the AI shows at a turn, as
    `pictures.packed`; None where it shows none.

    Raises:
        NotEnteredError, GoneError
    """
    with database.reading() as session:
        turn = _seen(session, shown, token)
        if turn is None or not ArmKind(turn.arm).maps or Stage(turn.stage) is not Stage.WITH_AI:
            return None
        case = session.get_one(Case, turn.case_id)
        given = _advice(session, turn, case)
        found = session.scalar(
            select(CaseMap.content).where(
                CaseMap.case_id == case.id, CaseMap.target == (given.shown if given else "")
            )
        )
        images = _pictures(session, turn)
        return (images[0], found) if found and images else None


def _matches(text: str, reader: Reader | None) -> bool:
    if reader is None:
        return codes.matches(text, None, None)
    return codes.matches(text, reader.salt, reader.hash)


def _now(session: Session, shown: str, *, answering: bool = False) -> _Now:
    found = session.execute(
        select(ReaderVisit, Reader, Study)
        .join(Reader, Reader.id == ReaderVisit.reader_id)
        .join(Study, Study.id == Reader.study_id)
        .where(ReaderVisit.key == visits.key_of(shown))
    ).one_or_none()
    if found is None or found[0].expires < time.time() or found[1].withdrawn_at is not None:
        raise NotEnteredError("Open the link that you were given again, or enter its code.")
    if answering and found[2].closed_at is not None:
        raise ClosedError(CLOSED)
    return _Now(found[2], found[1], settings_of(found[2]))


def _progress(session: Session, now: _Now) -> Progress:
    counted = session.execute(
        select(func.count(), func.count(Turn.closed_at), func.count(Turn.fault)).where(
            Turn.reader_id == now.reader.id
        )
    ).one()
    return Progress(now.study.name, counted[1], counted[0], counted[2])


def _ready(progress: Progress, now: _Now) -> Ready:
    consent = now.settings.consent if now.reader.consented_at is None else ""
    background = now.settings.background if now.reader.background is None else ()
    return Ready(progress, consent, tuple(background))


def _next(session: Session, reader: Reader, tried: set[int]) -> Turn | None:
    """The first turn that is not finished; those at which there was a fault come last."""
    return session.scalar(
        select(Turn)
        .where(Turn.reader_id == reader.id, Turn.closed_at.is_(None), Turn.id.not_in(tried))
        .order_by(Turn.fault.is_not(None), Turn.position)
        .limit(1)
    )


def _pictures(session: Session, turn: Turn) -> list[Picture]:
    images = session.scalars(
        select(CaseImage).where(CaseImage.case_id == turn.case_id).order_by(CaseImage.position)
    )
    return [Picture(each.path, each.digest) for each in images]


def _fault(images: list[Picture]) -> str | None:
    """Why a case cannot be shown as the study began; None where it can."""
    try:
        changed = any(pictures.digest_now(each.path) != each.digest for each in images)
    except (InputError, OSError):
        return "The image cannot be read any more."
    return "The image has changed since the study began." if changed else None


def _start(turn: Turn) -> None:
    """A clock that still runs belongs to a page of which nobody knows how long it was looked at."""
    if turn.boot is not None:
        turn.lost += 1
    moment = Moment.now()
    turn.boot, turn.started = moment.boot, moment.seconds
    turn.views += 1


def _stop(turn: Turn) -> None:
    if turn.boot is None:
        return
    passed = Moment.now().since(turn.boot, turn.started)
    if passed is None:
        turn.lost += 1
    else:
        turn.before += passed
    turn.boot = turn.started = None


def _seconds(turn: Turn) -> float | None:
    """For which the case has been looked at; None where a part of that is not known."""
    if turn.lost:
        return None
    if turn.boot is None:
        return turn.before
    passed = Moment.now().since(turn.boot, turn.started)
    return None if passed is None else turn.before + passed


def _revise(session: Session, turn: Turn, answer: Given) -> None:
    seconds = _seconds(turn)
    if turn.choice != answer.choice:
        turn.changes += turn.choice is not None
        turn.seconds = seconds
    turn.choice, turn.confidence = answer.choice, answer.confidence
    turn.answered_at = time.time()
    session.add(
        Revision(
            turn_id=turn.id,
            press=answer.press,
            choice=answer.choice,
            confidence=answer.confidence,
            seconds=seconds,
            at=turn.answered_at,
        )
    )


def _pressed(session: Session, turn: Turn, press: str) -> bool:
    """Whether this press was kept before.

    Raises:
        InputError: too many were.
    """
    there = select(Revision.id).where(Revision.turn_id == turn.id, Revision.press == press)
    if session.scalar(there) is not None:
        return True
    count = session.scalar(select(func.count()).where(Revision.turn_id == turn.id)) or 0
    if count >= MOST_REVISIONS:
        raise InputError(
            f"This answer was changed {MOST_REVISIONS} times; the last one stands: go on."
        )
    return False


def _check(answer: Given, now: _Now, turn: Turn) -> None:
    press, confidence = answer.press, answer.confidence
    if turn.views == 0:
        raise InputError("This case has not been shown to you yet; reload the page.")
    if not 1 <= len(press) <= PRESS or not press.isascii() or not press.isprintable():
        raise InputError("This press bears no name; reload the page.")
    offered = json.loads(now.study.classes)
    if answer.choice not in offered:
        raise InputError("This class is not offered; choose one of the buttons.")
    levels = now.settings.confidence
    if confidence is not None and not 1 <= confidence <= levels:
        raise InputError("This confidence is not offered; choose one of the buttons.")
    if answer.done and levels and confidence is None:
        raise InputError("Say how confident you are before you go on.")


def _told(name: str, text: str) -> str:
    told = " ".join(text.split())
    if not 1 <= len(told) <= LONGEST_ANSWER or not told.isprintable():
        raise InputError(
            f"{name} is {'empty' if not told else 'too long'}; expected 1 to {LONGEST_ANSWER} "
            "characters."
        )
    return told


def _shown(session: Session, now: _Now, progress: Progress, turn: Turn) -> Shown:
    case = session.get_one(Case, turn.case_id)
    views = session.scalars(
        select(CaseImage.view).where(CaseImage.case_id == case.id).order_by(CaseImage.position)
    )
    return Shown(
        progress,
        turn.token,
        Stage(turn.stage),
        len(ArmKind(turn.arm).stages) > 1,
        tuple(views),
        tuple(json.loads(now.study.classes)),
        now.settings.confidence,
        turn.choice,
        turn.confidence,
        _earlier(session, turn),
        _advice(session, turn, case),
    )


def _earlier(session: Session, turn: Turn) -> str | None:
    return session.scalar(
        select(Turn.choice).where(
            Turn.reader_id == turn.reader_id,
            Turn.case_id == turn.case_id,
            Turn.arm == turn.arm,
            Turn.stage != turn.stage,
        )
    )


def _advice(session: Session, turn: Turn, case: Case) -> Advice | None:
    arm = ArmKind(turn.arm)
    if Stage(turn.stage) is not Stage.WITH_AI or case.scores is None:
        return None
    shown, told = advice.shown(json.loads(case.scores), case.faulty if arm.faulty else None)
    maps = select(CaseMap.id).where(CaseMap.case_id == case.id, CaseMap.target == shown)
    return Advice(
        shown,
        tuple(sorted(told.items(), key=lambda each: -each[1])),
        arm.maps and session.scalar(maps) is not None,
    )


def _seen(session: Session, shown: str, token: str) -> Turn | None:
    now = _now(session, shown)
    return session.scalar(
        select(Turn).where(Turn.token == token, Turn.reader_id == now.reader.id, Turn.views > 0)
    )
