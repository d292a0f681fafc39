"""A job is a folder: what was asked, how far it is, how it ended. Its state is read from there.

Every file has one writer. The submitter writes ``spec.json`` and, for each attempt n,
``submit-n.json`` with the identity of the process it launched; that process writes
``progress-n.json`` once its turn has come and ``result-n.json`` at its end.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from dermxai import paths
from dermxai.errors import InputError

LAUNCH_SECONDS = 10.0  # from the job's folder to its process
CLOCK_DRIFT = 5.0  # seconds; start times are told from the clock, which is set now and then


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
        eta: seconds until the phase ends at the pace so far, NaN where it cannot be told.
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
    """One job of a lane runs at a time."""
    submitted: float
    """Seconds since the epoch."""

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
        if process_of(self, attempt):
            begun = self.files.progress(attempt).is_file()
            return State.RUNNING if begun else State.QUEUED
        # it may have ended between the two looks
        return self._ended(attempt) or (
            State.CANCELLED if self.files.cancel.exists() else State.INTERRUPTED
        )

    @property
    def progress(self) -> Progress | None:
        """Of the newest attempt; None before its turn has come."""
        noted = _read(self.files.progress(self.attempt))
        if not noted:
            return None
        elapsed = noted["updated"] - noted["began"]
        steps = noted["step"] - noted["first"]
        left = noted["total"] - noted["step"]
        since = time.time() - noted["updated"] if self.state is State.RUNNING else 0.0
        known = steps > 0 and noted["total"]
        return Progress(
            phase=noted["phase"],
            step=noted["step"],
            total=noted["total"],
            elapsed=elapsed + since,
            eta=max(0.0, elapsed / steps * left - since) if known else math.nan,
            figures=noted["figures"],
        )

    @property
    def result(self) -> Mapping[str, Any]:
        """What the newest attempt left: for "infer" the run's folder, for example."""
        value: Mapping[str, Any] = _read(self.files.result(self.attempt)).get("value", {})
        return value

    @property
    def error(self) -> str:
        """Why it failed, in one sentence; empty where it did not."""
        return str(_read(self.files.result(self.attempt)).get("error", ""))

    @property
    def log(self) -> str:
        """What the newest attempt printed."""
        path = self.files.log(self.attempt)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def _ended(self, attempt: int) -> State | None:
        result = _read(self.files.result(attempt))
        return State(result["state"]) if result else None


def open_job(root: str | Path) -> Job:
    """
    Raises:
        InputError: the folder is no job's.
    """
    files = paths.JobFiles(Path(root))
    spec = _read(files.spec)
    if not spec:
        raise InputError(f"{root} is not the folder of a job: it has no {files.spec.name}.")
    return Job(files.root, **spec)


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
    """All jobs of the workspace, newest first."""
    roots = [root for root in paths.jobs().glob("*") if paths.JobFiles(root).spec.is_file()]
    return sorted((open_job(root) for root in roots), key=lambda job: job.submitted, reverse=True)


def identity(pid: int) -> dict[str, float]:
    """What tells a process from a later one of the same number."""
    return {"pid": pid, "create_time": psutil.Process(pid).create_time()}


def process_of(job: Job, attempt: int) -> psutil.Process | None:
    """The process of an attempt, None where it is gone."""
    submit = _read(job.files.submit(attempt))
    if not submit:
        return None
    try:
        process = psutil.Process(submit["pid"])
        same = abs(process.create_time() - submit["create_time"]) < CLOCK_DRIFT
        alive = same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def write(path: Path, content: Mapping[str, Any]) -> None:
    with paths.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    """The content of a file that is whole whenever it is there; empty where it is not."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
