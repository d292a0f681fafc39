"""The tables of lessons: lessons, sessions in which they are given, those who attend, answers."""

from sqlalchemy import (
    Boolean,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from dermxai.readers.store.tables import Table

JOIN_CODE = 8
"""Characters by which students join."""
LONGEST_PSEUDONYM = 30
LONGEST_CHOICE = 200


class LessonRow(Table):
    __tablename__ = "lesson"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    content: Mapped[str] = mapped_column(Text)
    """JSON of `Lesson`."""
    made_at: Mapped[float] = mapped_column(Float(53))
    changed_at: Mapped[float] = mapped_column(Float(53))
    made_by: Mapped[str] = mapped_column(String(200))


class LessonSession(Table):
    """A lesson as it is given once; later changes of the lesson do not reach it."""

    __tablename__ = "lesson_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id", ondelete="CASCADE"), index=True)
    content: Mapped[str] = mapped_column(Text)
    """JSON of `Lesson`, as it was."""
    run: Mapped[str] = mapped_column(String(200))
    """Id of the run that it shows; empty where it shows none."""
    code: Mapped[str] = mapped_column(String(JOIN_CODE), unique=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Hash of the teacher's key."""
    made_at: Mapped[float] = mapped_column(Float(53))
    made_by: Mapped[str] = mapped_column(String(200))
    everybody: Mapped[int | None] = mapped_column(Integer)
    """Step at which everybody is; none while each goes on alone."""
    hide_names: Mapped[bool] = mapped_column(Boolean, default=False)
    closed_at: Mapped[float | None] = mapped_column(Float(53))


class LessonQuiz(Table):
    """What a quiz of a session shows after the answer, made ready as the session began."""

    __tablename__ = "lesson_quiz"
    __table_args__ = (UniqueConstraint("session_id", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("lesson_session.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(Integer)
    told: Mapped[str] = mapped_column(Text)
    """JSON of `preparing.Quiz` but for its maps."""
    map: Mapped[bytes | None] = mapped_column(LargeBinary)
    signs: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Map and drawn signs; see `pictures.packed`."""


class Participant(Table):
    __tablename__ = "lesson_participant"
    __table_args__ = (UniqueConstraint("session_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("lesson_session.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """From 1; all that is known of who it is, beside a pseudonym."""
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Hash of what the browser shows."""
    pseudonym: Mapped[str] = mapped_column(String(LONGEST_PSEUDONYM), default="")
    step: Mapped[int] = mapped_column(Integer, default=0)
    joined_at: Mapped[float] = mapped_column(Float(53))
    seen_at: Mapped[float] = mapped_column(Float(53))


class LessonAnswer(Table):
    __tablename__ = "lesson_answer"
    __table_args__ = (UniqueConstraint("participant_id", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(
        ForeignKey("lesson_participant.id", ondelete="CASCADE")
    )
    step: Mapped[int] = mapped_column(Integer)
    choice: Mapped[str] = mapped_column(Text)
    """The option or class, else free text."""
    x: Mapped[float | None] = mapped_column(Float(53))
    y: Mapped[float | None] = mapped_column(Float(53))
    """Where the student looked, as shares of the image's width and height."""
    at: Mapped[float] = mapped_column(Float(53))
