"""What people write on a job: tags and notes. Its work knows nothing of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from unicodedata import category

from dermxai.core import disk
from dermxai.core.entries import is_text
from dermxai.core.errors import InputError
from dermxai.jobs.files import submission_lock
from dermxai.jobs.job import Job
from dermxai.jobs.records import read, write

MOST_TAGS, LONGEST_TAG, LONGEST_NOTES = 20, 40, 4000


@dataclass(frozen=True)
class Labels:
    """
    Attributes:
        tags: short words, in the order in which they were given.
        notes: a text of some lines.
    """

    tags: tuple[str, ...] = ()
    notes: str = ""


def labels(job: Job) -> Labels:
    """Those of a job; what is damaged is none."""
    held = read(job.files.labels)
    tags, notes = held.get("tags"), held.get("notes")
    return Labels(
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        notes if isinstance(notes, str) else "",
    )


def checked(tags: Iterable[str] = (), notes: str = "") -> Labels:
    """
    Raises:
        InputError: too many tags, one that is too long or breaks the line, or notes that are too
            long or no text.
    """
    given = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(given) > MOST_TAGS:
        raise InputError(f"{len(given)} tags came; a job has {MOST_TAGS} at most.")
    for tag in given:
        if len(tag) > LONGEST_TAG or not tag.isprintable():
            raise InputError(
                f"{tag[:LONGEST_TAG]!r} cannot be a tag; expected one line of at most "
                f"{LONGEST_TAG} characters."
            )
    if len(notes) > LONGEST_NOTES:
        raise InputError(
            f"The notes have {len(notes):,} characters; a job has {LONGEST_NOTES:,} at most."
        )
    controls = [each for each in notes if category(each) == "Cc" and each not in "\n\r\t"]
    if controls or not is_text(notes):
        raise InputError("The notes hold characters that are no text; write them anew.")
    return Labels(given, notes.strip())


def label(job: Job, *, tags: Sequence[str] | None = None, notes: str | None = None) -> Labels:
    """Writes tags or notes on a job, in place of those that it had; None leaves them.

    Raises:
        InputError: as `checked`.
    """
    with disk.locked(submission_lock()):
        before = labels(job)
        new = checked(
            before.tags if tags is None else tags, before.notes if notes is None else notes
        )
        write(job.files.labels, asdict(new))
    return new
