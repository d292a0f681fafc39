"""The process of a job: waits for its turn, does the work, says how it ended."""

import os
import signal
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dermxai import paths
from dermxai.errors import Cancelled, InputError
from dermxai.jobs.job import Job, State, list_jobs, write
from dermxai.jobs.kinds import find_kind

SECONDS_BETWEEN_NOTES = 0.25
POLL = 0.5
NICENESS = 5  # the dashboard goes first


def work(job: Job, attempt: int) -> State:
    """Does an attempt of a job in this process.

    SIGTERM ends it as Ctrl+C does: cancelled where that was asked for, else interrupted, to be
    resumed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.nice(NICENESS)
    notes = Notes(job, attempt)
    try:
        with _turn(job, notes):
            notes("starting", 0, 0)
            value = find_kind(job.kind).run(notes, **job.arguments)
    except BaseException as error:
        if job.files.cancel.exists():
            return _end(job, attempt, State.CANCELLED)
        if isinstance(error, KeyboardInterrupt):
            return State.INTERRUPTED
        if isinstance(error, InputError):
            return _end(job, attempt, State.FAILED, error=str(error))
        traceback.print_exc()
        return _end(job, attempt, State.FAILED, error=f"{type(error).__name__}: {error}")
    return _end(job, attempt, State.SUCCEEDED, value=value)


class Notes:
    """Notes progress in the job's folder, a few times a second; stops the work when asked to."""

    def __init__(self, job: Job, attempt: int) -> None:
        self._path = job.files.progress(attempt)
        self._flag = job.files.cancel
        self._phase = ""
        self._began = 0.0
        self._first = 0
        self._noted = 0.0

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None:
        """
        Raises:
            Cancelled: the job is to stop.
        """
        self.check()
        now = time.time()
        new = phase != self._phase
        if new:
            self._phase, self._began, self._first = phase, now, step
        if not new and step != total and now - self._noted < SECONDS_BETWEEN_NOTES:
            return
        self._noted = now
        write(
            self._path,
            {
                "phase": phase,
                "step": step,
                "total": total,
                "first": self._first,
                "began": self._began,
                "updated": now,
                "figures": dict(figures or {}),
            },
        )

    def check(self) -> None:
        """
        Raises:
            Cancelled: the job is to stop.
        """
        if self._flag.exists():
            raise Cancelled("The job was cancelled.")


@contextmanager
def _turn(job: Job, notes: Notes) -> Iterator[None]:
    """Holds the job's lane; those that were submitted earlier come first."""
    while any(
        other.lane == job.lane and other.submitted < job.submitted and other.state.live
        for other in list_jobs()
    ):
        notes.check()
        time.sleep(POLL)
    with paths.locked(paths.lane_lock(job.lane), waiting=notes.check):
        yield


def _end(job: Job, attempt: int, state: State, **content: Any) -> State:
    write(job.files.result(attempt), {"state": state, **content})
    return state
