"""Lessons that are kept: made, found, changed, removed; read from files."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.lessons import definition
from dermxai.lessons.definition import LARGEST_FILE, MOST_STEPS, Lesson, Step
from dermxai.readers.store.database import Database
from dermxai.readers.store.lesson_tables import LessonRow, LessonSession

MOST_LESSONS = 1_000


@dataclass(frozen=True)
class LessonInfo:
    """
    Attributes:
        made_at, changed_at: seconds since the epoch.
        sessions: how often it was started.
    """

    id: int
    lesson: Lesson
    made_at: float
    changed_at: float
    made_by: str
    sessions: int

    @property
    def name(self) -> str:
        return self.lesson.name


def read_file(path: Path) -> Lesson:
    """The lesson in a TOML or JSON file.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    try:
        content = entries.read_bytes(path, LARGEST_FILE)
    except FileNotFoundError:
        raise InputError(f"{path} is not there; name a file that holds a lesson.") from None
    except UnusableError as error:
        raise InputError(f"{path} {error}; name a file that holds a lesson.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    return definition.read(content, str(path))


def make(database: Database, lesson: Lesson, made_by: str = "") -> LessonInfo:
    """Keeps a new lesson.

    Raises:
        InputError: there is one of this name, or there are too many.
    """
    now = time.time()
    row = LessonRow(
        name=lesson.name,
        content=definition.written(lesson),
        made_at=now,
        changed_at=now,
        made_by=made_by[:200],
    )
    try:
        with database.writing() as session:
            count = session.scalar(select(func.count()).select_from(LessonRow)) or 0
            if count >= MOST_LESSONS:
                raise InputError(
                    f"There are {count:,} lessons, the most there may be; remove some."
                )
            session.add(row)
    except IntegrityError as error:
        raise _taken(lesson.name) from error
    return find(database, lesson.name)


def change(database: Database, name: str, lesson: Lesson) -> LessonInfo:
    """Keeps a lesson in place of that of a name; sessions that are under way stay as they are.

    Raises:
        InputError: there is no such lesson, or another one has the new name.
    """
    try:
        with database.writing() as session:
            row = session.scalar(select(LessonRow).where(LessonRow.name == name).with_for_update())
            if row is None:
                raise _unknown(database, name)
            row.name, row.content = lesson.name, definition.written(lesson)
            row.changed_at = time.time()
    except IntegrityError as error:
        raise _taken(lesson.name) from error
    return find(database, lesson.name)


def add_step(database: Database, name: str, step: Step) -> LessonInfo:
    """Adds a step at the end of a lesson; two at a time are both kept.

    Raises:
        InputError: there is no such lesson, or it has as many steps as it may.
    """
    with database.writing() as session:
        row = session.scalar(select(LessonRow).where(LessonRow.name == name).with_for_update())
        if row is None:
            raise _unknown(database, name)
        lesson = _read(row.content, name)
        if len(lesson.steps) >= MOST_STEPS:
            raise InputError(f"The lesson {name!r} has {MOST_STEPS} steps, the most it may have.")
        row.content = definition.written(lesson.replaced(steps=(*lesson.steps, step)))
        row.changed_at = time.time()
    return find(database, name)


def find(database: Database, name: str) -> LessonInfo:
    """
    Raises:
        InputError: there is no such lesson.
    """
    found = _infos(database, name)
    if not found:
        raise _unknown(database, name)
    return found[0]


def all_of(database: Database) -> list[LessonInfo]:
    """By name."""
    return _infos(database)


def remove(database: Database, name: str) -> None:
    """A lesson with its sessions and all their answers, for good.

    Raises:
        InputError: there is no such lesson.
    """
    found = find(database, name)
    with database.writing() as session:
        session.delete(session.get_one(LessonRow, found.id))


def _infos(database: Database, name: str | None = None) -> list[LessonInfo]:
    query = (
        select(LessonRow, func.count(LessonSession.id))
        .outerjoin(LessonSession, LessonSession.lesson_id == LessonRow.id)
        .group_by(LessonRow.id)
        .order_by(LessonRow.name)
    )
    if name is not None:
        query = query.where(LessonRow.name == name)
    with database.reading() as session:
        return [
            LessonInfo(
                row.id,
                _read(row.content, row.name),
                row.made_at,
                row.changed_at,
                row.made_by,
                sessions,
            )
            for row, sessions in session.execute(query)
        ]


def _read(content: str, name: str) -> Lesson:
    return definition.of_mapping(json.loads(content), f"the lesson {name}")


def _unknown(database: Database, name: str) -> InputError:
    there = ", ".join(each.name for each in all_of(database)[:20]) or "none"
    return InputError(f"There is no lesson {name!r}; there are: {there}.")


def _taken(name: str) -> InputError:
    return InputError(f"There is a lesson {name!r} already; choose another name.")
