"""A job is a folder: what was asked, how far it is, how it ended. Its state is read from there.

Every file has one writer. The submitter writes ``spec.json`` and, for each attempt n,
``submit-n.json``: how it was launched. The supervisor of an attempt on this computer writes
``supervisor-n.json``. The worker, the process that does the work, writes ``progress-n.json`` once
its turn has come, ``result-n.json`` at its end, and ``metrics/``.
"""

import math
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dermxai import paths
from dermxai.errors import InputError
from dermxai.jobs.launchers import Status, find_launcher
from dermxai.jobs.queue import NORMAL
from dermxai.jobs.records import read

LAUNCH_SECONDS = 10.0  # from the job's folder to its process


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def live(self) -> bool:
        """Whether a process works on it or waits for its turn."""
        return self in {State.QUEUED, State.RUNNING}


@dataclass(frozen=True)
class Progress:
    """How far an attempt is.

    Attributes:
        phase: what it does now.
        step, total: within the phase; total is 0 where nobody knows it.
        elapsed: seconds since the phase began.
        eta: seconds until the phase ends, as the work tells it or else at the pace so far; NaN
            where it cannot be told.
        figures: the newest numbers of the work itself, such as a loss.
    """

    phase: str
    step: int
    total: int
    elapsed: float
    eta: float
    figures: Mapping[str, float]

    @property
    def fraction(self) -> float:
        """Between 0 and 1; 0 where the total is unknown."""
        return min(1.0, self.step / self.total) if self.total else 0.0


@dataclass(frozen=True)
class Job:
    """A job as its folder says; ask again and the folder is read again."""

    root: Path
    kind: str
    arguments: Mapping[str, Any]
    title: str
    lane: str
    """What of a machine it needs: "device", "processor" or "aside"."""
    submitted: float
    """Seconds since the epoch."""
    where: str = "local"
    """Its launcher."""
    token: str = ""
    """Of the form that asked for it: the same form asks once."""
    priority: str = NORMAL
    """One of `queue.PRIORITIES`."""

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def files(self) -> paths.JobFiles:
        return paths.JobFiles(self.root)

    @property
    def attempt(self) -> int:
        """The newest attempt, from 1; 0 before the first is launched."""
        attempt = 0
        while self.files.submit(attempt + 1).is_file():
            attempt += 1
        return attempt

    @property
    def state(self) -> State:
        attempt = self.attempt
        if not attempt:
            launching = time.time() - self.submitted < LAUNCH_SECONDS
            return State.QUEUED if launching else State.INTERRUPTED
        ended = self._ended(attempt)
        if ended:
            return ended
        status = self._status(attempt)
        if status.state:
            return State(status.state)
        # it may have ended between the two looks
        stopped = status.cancelled or self.files.cancel(attempt).exists()
        return self._ended(attempt) or (State.CANCELLED if stopped else State.INTERRUPTED)

    @property
    def resumable(self) -> bool:
        """Whether a next attempt may come further than the newest one."""
        state = self.state
        useful = read(self.files.result(self.attempt)).get("resumable", True)
        return useful and not state.live and state is not State.SUCCEEDED

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and is not gone yet."""
        return self.files.cancel(self.attempt).exists() and self.state.live

    @property
    def progress(self) -> Progress | None:
        """Of the newest attempt; None before its turn has come."""
        state = self.state
        noted = read(self.files.progress(self.attempt)) or self._shared(self.attempt)
        if not noted or state is State.QUEUED:
            return None
        elapsed = noted["updated"] - noted["began"]
        steps = noted["step"] - noted["first"]
        left = noted["total"] - noted["step"]
        since = max(0.0, time.time() - noted["updated"]) if state is State.RUNNING else 0.0
        known = steps > 0 and noted["total"]
        pace = elapsed / steps * left if known else math.nan
        told = noted.get("left")  # by the work, which knows better than its pace so far
        return Progress(
            phase=noted["phase"],
            step=noted["step"],
            total=noted["total"],
            elapsed=elapsed + since,
            eta=max((pace if told is None else told) - since, 0.0),  # NaN stays NaN
            figures=noted["figures"],
        )

    @property
    def result(self) -> Mapping[str, Any]:
        """What the newest attempt left: for "infer" the run's folder, for example."""
        value: Mapping[str, Any] = read(self.files.result(self.attempt)).get("value", {})
        return value

    @property
    def error(self) -> str:
        """Why it failed, in one sentence; empty where it did not."""
        return str(read(self.files.result(self.attempt)).get("error", ""))

    @property
    def reason(self) -> str:
        """Why it failed or was interrupted, or what it waits for; empty where nobody knows."""
        attempt = self.attempt
        if self.error or not attempt or self._ended(attempt):
            return self.error
        return self._status(attempt).reason

    @property
    def log(self) -> str:
        """What the newest attempt printed."""
        return self.printed().decode("utf-8", errors="replace")

    def printed(self, start: int = 0) -> bytes:
        """What the newest attempt printed from a byte on; a negative one counts from the end."""
        path: Path = find_launcher(self.where).log(self, self.attempt)
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(start if start >= 0 else max(0, size + start))
            return file.read()

    def _shared(self, attempt: int) -> dict[str, Any]:
        """How far those are together who share the work of an attempt; empty where nobody does."""
        shares = int(read(self.files.submit(attempt)).get("shares") or 0)
        noted = [read(self.files.share(attempt, index)) for index in range(shares)]
        known = [each for each in noted if each.get("total")]
        if not known:
            return {}
        newest = max(known, key=lambda each: each["updated"])
        together = {name: sum(each[name] for each in known) for name in ("step", "total", "first")}
        together["total"] = round(together["total"] * shares / len(known))
        return newest | together | {"began": min(each["began"] for each in known), "left": None}

    def ended(self, attempt: int) -> State:
        """How an attempt has ended whose processes are gone."""
        stopped = self.files.cancel(attempt).exists()
        return self._ended(attempt) or (State.CANCELLED if stopped else State.INTERRUPTED)

    def _status(self, attempt: int) -> Status:
        status: Status = find_launcher(self.where).status(self, attempt)
        return status

    def _ended(self, attempt: int) -> State | None:
        """None where it has left no result, or one that is damaged."""
        with suppress(KeyError, ValueError):
            return State(read(self.files.result(attempt))["state"])
        return None


def open_job(root: str | Path) -> Job:
    """
    Raises:
        InputError: the folder is no job's.
    """
    files = paths.JobFiles(Path(root))
    with suppress(TypeError):
        job = Job(files.root, **read(files.spec))
        texts = (job.kind, job.title, job.lane, job.where, job.token, job.priority)
        if (
            all(isinstance(text, str) for text in texts)
            and isinstance(job.arguments, Mapping)
            and isinstance(job.submitted, int | float)
        ):
            return job
    raise InputError(
        f"{root} is not the folder of a job that is known here: its {files.spec.name} is "
        "missing, damaged or of another version, or may not be read."
    )


def find_job(job_id: str) -> Job:
    """
    Raises:
        InputError: the workspace has no job of that id.
    """
    jobs = {job.id: job for job in list_jobs()}
    if job_id not in jobs:
        raise InputError(f"There is no job {job_id!r}; `jobs list` names those there are.")
    return jobs[job_id]


def list_jobs() -> list[Job]:
    """All jobs of the workspace, newest first; a damaged folder is none."""
    found = []
    for root in paths.jobs().glob("[!.]*/"):
        with suppress(InputError):
            found.append(open_job(root))
    return sorted(found, key=lambda job: job.submitted, reverse=True)
