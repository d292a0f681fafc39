"""First come, first served, in one priority: tickets say whose turn it is, locks what is taken.

A lock is an open file (flock). The worker inherits it from its supervisor, so a GPU stays taken for
as long as either of them, or a process that the worker started, lives, whatever kills the others.
"""

import fcntl
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from dermxai.core import disk, entries
from dermxai.jobs.files import JobFiles, slot_lock, tickets_folder
from dermxai.jobs.records import elsewhere, noted, process, read, write

LAUNCH_SECONDS = 10.0  # from a ticket to the process that holds it
_DIGITS = 20  # of the nanoseconds in a name of a ticket
NORMAL = "normal"
PRIORITIES = ("high", NORMAL, "low")
"""In the order in which they are served."""


class _Held(TypedDict):
    """What a ticket's file holds."""

    job: str
    attempt: int


@dataclass(frozen=True)
class Ticket:
    """A place in a queue."""

    path: Path

    @property
    def ahead(self) -> int:
        """How many wait before this one; the tickets of those who died are thrown away."""
        others, _ = entries.listed(self.path.parent)
        before = [path for path in others if path.name < self.path.name]
        return sum(_alive(path) for path in before)

    def give_back(self) -> None:
        self.path.unlink(missing_ok=True)


def draw(queue: str, job: Path, attempt: int, priority: str = NORMAL) -> Ticket:
    """The next ticket of a queue and a priority, for an attempt of the job in a folder. For the
    holder of the submission lock."""
    rank, drawn = 1 + PRIORITIES.index(priority), time.time_ns()
    ticket = Ticket(tickets_folder(queue) / f"{rank}{drawn:0{_DIGITS}d}-{job.name}")
    write(ticket.path, {"job": str(job), "attempt": attempt})
    return ticket


def take(slots: Sequence[str], number: int) -> dict[str, int] | None:
    """Takes the locks of that many slots.

    Returns:
        The file descriptor of each; None, and nothing taken, where fewer are free.
    """
    taken: dict[str, int] = {}
    for slot in slots:
        descriptor = _take(slot)
        if descriptor is not None:
            taken[slot] = descriptor
        if len(taken) == number:
            return taken
    for descriptor in taken.values():
        os.close(descriptor)
    return None


def _take(slot: str) -> int | None:
    path = slot_lock(re.sub(r"[^\w-]", "_", slot))
    descriptor = disk.open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if disk.is_at(descriptor, path):
        return descriptor
    os.close(descriptor)  # somebody has replaced the file meanwhile
    return None


def _alive(path: Path) -> bool:
    """Whether its job waits on this computer; tickets of those elsewhere are left to them."""
    ticket, drawn = noted(path, _Held), path.name.partition("-")[0]
    if not ticket or not drawn.isdecimal():
        return False
    files, attempt = JobFiles(Path(ticket["job"])), ticket["attempt"]
    if submit := read(files.submit(attempt)):
        known = submit.get("supervisor")
        if elsewhere(known):
            return False
        alive = process(known) is not None or disk.held(files.alive(attempt)) is True
    else:
        alive = time.time() - int(drawn[-_DIGITS:]) / 1e9 < LAUNCH_SECONDS
    if not alive:
        with suppress(OSError):  # of another account, whose jobs do it
            path.unlink(missing_ok=True)
    return alive
