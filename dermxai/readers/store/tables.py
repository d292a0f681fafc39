"""The tables: a study, its cases and images, its readers, and what each answers at each turn.

A turn is one reader's one answer to one case in one arm at one stage. All turns of a reader are
made with the code, in the reader's own random order, so that an answer is a change of the one row
that there is for it: none can come twice.
"""

from sqlalchemy import Float, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dermxai.readers.definition import LONGEST_NAME

TOKEN = 32
"""Characters of what stands for a turn in addresses, and tells nothing."""
PRESS = 64
"""Characters that a browser may call a press by."""


class Table(DeclarativeBase):
    """Times are in seconds since the epoch."""


class Study(Table):
    __tablename__ = "study"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    settings: Mapped[str] = mapped_column(Text)
    """JSON of `StudySettings`."""
    classes: Mapped[str] = mapped_column(Text)
    """JSON: those offered, in their order."""
    made_at: Mapped[float] = mapped_column(Float(53))
    made_by: Mapped[str] = mapped_column(String(200))
    network: Mapped[str] = mapped_column(String(200), default="")
    """Of which run and checkpoint the scores are."""
    closed_at: Mapped[float | None] = mapped_column(Float(53))


class Case(Table):
    __tablename__ = "study_case"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    """The sample id of its first image."""
    label: Mapped[str] = mapped_column(String(LONGEST_NAME))
    """Reference."""
    unit: Mapped[str] = mapped_column(Text)
    """Patient, where unknown the lesion, else the image."""
    scores: Mapped[str | None] = mapped_column(Text)
    """JSON: the network's score of each class offered."""
    faulty: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    """The class that a faulty AI shows here; none where it shows the network's."""


class CaseImage(Table):
    __tablename__ = "case_image"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    path: Mapped[str] = mapped_column(Text)
    view: Mapped[str] = mapped_column(String(40), default="")
    """Such as dermoscopic; empty where the dataset does not say."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of its pixels as the study began."""


class CaseMap(Table):
    __tablename__ = "case_map"
    __table_args__ = (UniqueConstraint("case_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(LONGEST_NAME))
    """Class that it is of."""
    method: Mapped[str] = mapped_column(String(100))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """See `pictures.packed`."""


class Reader(Table):
    __tablename__ = "reader"
    __table_args__ = (UniqueConstraint("study_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    """From 1; all that is known of who it is."""
    code_id: Mapped[str] = mapped_column(String(12), unique=True)
    salt: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[float] = mapped_column(Float(53))
    withdrawn_at: Mapped[float | None] = mapped_column(Float(53))
    consented_at: Mapped[float | None] = mapped_column(Float(53))
    background: Mapped[str | None] = mapped_column(Text)
    """JSON: what the reader has said, by the name of the field."""


class ReaderVisit(Table):
    """A browser in which a code was entered."""

    __tablename__ = "reader_visit"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hash of what the browser shows."""
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id", ondelete="CASCADE"), index=True)
    expires: Mapped[float] = mapped_column(Float(53))


class Turn(Table):
    __tablename__ = "turn"
    __table_args__ = (
        UniqueConstraint("reader_id", "case_id", "arm", "stage"),
        UniqueConstraint("reader_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id", ondelete="CASCADE"))
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id", ondelete="CASCADE"))
    arm: Mapped[str] = mapped_column(String(40))
    stage: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(Integer)
    token: Mapped[str] = mapped_column(String(TOKEN), unique=True)
    fault: Mapped[str | None] = mapped_column(Text)
    """Why it cannot be shown."""

    choice: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    """The class."""
    confidence: Mapped[int | None] = mapped_column(Integer)
    seconds: Mapped[float | None] = mapped_column(Float(53))
    """Until the class was last changed; none where a part of the time is not known."""
    changes: Mapped[int] = mapped_column(Integer, default=0)
    """How often the class was changed after it was first given."""
    answered_at: Mapped[float | None] = mapped_column(Float(53))
    closed_at: Mapped[float | None] = mapped_column(Float(53))

    boot: Mapped[str | None] = mapped_column(String(64))
    """Of which start of which computer ``started`` is a time; none while it is not shown."""
    started: Mapped[float | None] = mapped_column(Float(53))
    """Seconds of the monotonic clock as it was shown."""
    before: Mapped[float] = mapped_column(Float(53), default=0.0)
    """Seconds for which it was shown earlier, until a pause."""
    views: Mapped[int] = mapped_column(Integer, default=0)
    lost: Mapped[int] = mapped_column(Integer, default=0)
    """How often it was shown until nobody knows when, since the connection broke."""


class Revision(Table):
    """Every class and confidence that a reader gave at a turn, in their order."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("turn_id", "press"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id", ondelete="CASCADE"))
    press: Mapped[str] = mapped_column(String(PRESS))
    choice: Mapped[str] = mapped_column(String(LONGEST_NAME))
    confidence: Mapped[int | None] = mapped_column(Integer)
    seconds: Mapped[float | None] = mapped_column(Float(53))
    at: Mapped[float] = mapped_column(Float(53))
