"""First come, first served, in one priority: tickets say whose turn it is, locks what is taken.

A lock is an open file (flock). The worker inherits it from its supervisor, so a GPU stays taken for
as long as either of them, or a process that the worker started, lives, whatever kills the others.
"""

import fcntl
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dermxai import paths
from dermxai.jobs.records import process, read, write

LAUNCH_SECONDS = 10.0  # from a ticket to the process that holds it
NORMAL = "normal"
PRIORITIES = ("high", NORMAL, "low")
"""In the order in which they are served."""


@dataclass(frozen=True)
class Ticket:
    """A place in a queue."""

    path: Path

    @property
    def ahead(self) -> int:
        """How many wait before this one; the tickets of those who died are thrown away."""
        before = [path for path in self.path.parent.glob("[!.]*") if path.name < self.path.name]
        return sum(_alive(path) for path in before)

    def give_back(self) -> None:
        self.path.unlink(missing_ok=True)


def draw(queue: str, job: Path, attempt: int, priority: str = NORMAL) -> Ticket:
    """The next ticket of a queue and a priority, for an attempt of the job in a folder. For the
    holder of the submission lock."""
    rank, drawn = 1 + PRIORITIES.index(priority), time.time_ns()
    ticket = Ticket(paths.tickets(queue) / f"{rank}{drawn:020d}-{job.name}")
    write(ticket.path, {"job": str(job), "attempt": attempt, "drawn": drawn / 1e9})
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
    path = paths.slot_lock(re.sub(r"[^\w-]", "_", slot))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _alive(path: Path) -> bool:
    ticket = read(path)
    if not ticket:
        return False
    submit = read(paths.JobFiles(Path(ticket["job"])).submit(ticket["attempt"]))
    if submit:
        alive = process(submit["supervisor"]) is not None
    else:
        alive = time.time() - ticket.get("drawn", 0) < LAUNCH_SECONDS
    if not alive:
        path.unlink(missing_ok=True)
    return alive
