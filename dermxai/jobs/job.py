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
from typing import NotRequired, TypedDict

from dermxai.core import entries, paths
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.jobs.accounts import account_of
from dermxai.jobs.files import JobFiles
from dermxai.jobs.kinds import RENAMED, check_types
from dermxai.jobs.launchers import Status, find_launcher
from dermxai.jobs.queue import NORMAL
from dermxai.jobs.records import noted, opened

_LATEST = 1e11  # seconds since the epoch
_LONGEST = 2000  # characters of a title
LAUNCH_SECONDS = 10.0  # from the job's folder to its process


class Spec(TypedDict):
    """What ``spec.json`` holds."""

    kind: str
    arguments: dict[str, object]
    title: str
    lane: str
    submitted: float
    where: NotRequired[str]
    token: NotRequired[str]
    owner: NotRequired[str]
    priority: NotRequired[str]


class Noted(TypedDict):
    """What ``progress-n.json`` holds."""

    phase: str
    step: float
    total: float
    first: float
    began: float
    updated: float
    figures: dict[str, float]
    left: NotRequired[float | None]


class Result(TypedDict):
    """What ``result-n.json`` holds."""

    state: str
    value: NotRequired[dict[str, object]]
    error: NotRequired[str]
    resumable: NotRequired[bool]


class _Shares(TypedDict):
    """What ``submit-n.json`` says of work that is shared."""

    shares: NotRequired[int]


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
    arguments: Mapping[str, object]
    title: str
    lane: str
    """What of a machine it needs: "device", "processor" or "aside"."""
    submitted: float
    """Seconds since the epoch."""
    where: str = "local"
    """Its launcher."""
    token: str = ""
    """Of the form that asked for it: the same form asks once."""
    owner: str = ""
    """The id of the `access.roles.Person` who asked for it in the dashboard; empty where nobody has
    to log in, and at the command line."""
    priority: str = NORMAL
    """One of `queue.PRIORITIES`."""

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def files(self) -> JobFiles:
        return JobFiles(self.root)

    @property
    def account(self) -> str:
        """The Unix account whose it is."""
        return account_of(self.root)

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
    def elsewhere(self) -> str:
        """Where an attempt is at work whose processes cannot be seen from here, in a sentence;
        empty where they could be."""
        attempt = self.attempt
        if not attempt or self._ended(attempt):
            return ""
        status = self._status(attempt)
        return "" if status.seen else status.reason

    @property
    def resumable(self) -> bool:
        """Whether a next attempt may come further than the newest one."""
        state = self.state
        ended = self._result(self.attempt)
        useful = ended is None or ended.get("resumable", True)
        return useful and not state.live and state is not State.SUCCEEDED

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and is not gone yet."""
        return self.files.cancel(self.attempt).exists() and self.state.live

    @property
    def progress(self) -> Progress | None:
        """Of the newest attempt; None before its turn has come."""
        state = self.state
        here = noted(self.files.progress(self.attempt), Noted) or self._shared(self.attempt)
        if not here or state is State.QUEUED:
            return None
        elapsed = here["updated"] - here["began"]
        steps = here["step"] - here["first"]
        left = here["total"] - here["step"]
        since = max(0.0, time.time() - here["updated"]) if state is State.RUNNING else 0.0
        known = steps > 0 and here["total"]
        pace = elapsed / steps * left if known else math.nan
        told = here.get("left")  # by the work, which knows better than its pace so far
        return Progress(
            phase=here["phase"],
            step=int(here["step"]),
            total=int(here["total"]),
            elapsed=elapsed + since,
            eta=max((pace if told is None else told) - since, 0.0),  # NaN stays NaN
            figures={
                name: value for name, value in here["figures"].items() if entries.fits(value, float)
            },
        )

    @property
    def result(self) -> Mapping[str, object]:
        """What the newest attempt left: for "infer" the run's folder, for example."""
        ended = self._result(self.attempt)
        return ended.get("value", {}) if ended else {}

    @property
    def error(self) -> str:
        """Why it failed, in one sentence; empty where it did not."""
        ended = self._result(self.attempt)
        return ended.get("error", "") if ended else ""

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
        try:
            with entries.opened(path) as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(start if start >= 0 else max(0, size + start))
                return file.read()
        except (UnusableError, OSError):
            return b""

    def _result(self, attempt: int) -> Result | None:
        return noted(self.files.result(attempt), Result)

    def _shared(self, attempt: int) -> Noted | None:
        """How far those are together who share the work of an attempt; None where nobody does."""
        shares = (noted(self.files.submit(attempt), _Shares) or {}).get("shares", 0)
        told = (noted(self.files.share(attempt, index), Noted) for index in range(shares))
        known = [each for each in told if each and each["total"]]
        if not known:
            return None
        newest = max(known, key=lambda each: each["updated"])
        return {
            "phase": newest["phase"],
            "step": sum(each["step"] for each in known),
            "total": round(sum(each["total"] for each in known) * shares / len(known)),
            "first": sum(each["first"] for each in known),
            "began": min(each["began"] for each in known),
            "updated": newest["updated"],
            "figures": newest["figures"],
            "left": None,
        }

    def ended(self, attempt: int) -> State:
        """How an attempt has ended whose processes are gone."""
        stopped = self.files.cancel(attempt).exists()
        return self._ended(attempt) or (State.CANCELLED if stopped else State.INTERRUPTED)

    def _status(self, attempt: int) -> Status:
        status: Status = find_launcher(self.where).status(self, attempt)
        return status

    def _ended(self, attempt: int) -> State | None:
        """None where it has left no result, or one that is damaged."""
        with suppress(ValueError):
            return State(ended["state"]) if (ended := self._result(attempt)) else None
        return None


def open_job(root: str | Path) -> Job:
    """
    Raises:
        InputError: the folder is no job's.
    """
    files = JobFiles(Path(root))
    try:
        return _opened(files)
    except UnusableError as error:
        raise InputError(
            f"{entries.shown(str(root))} is not the folder of a job that is known here: its "
            f"{files.spec.name} is missing, damaged or of another version, or may not be read "
            f"({error})."
        ) from error


def _opened(files: JobFiles) -> Job:
    """
    Raises:
        UnusableError: why its description is of no use.
    """
    spec = opened(files.spec, Spec)
    spec["kind"] = RENAMED.get(spec["kind"], spec["kind"])
    try:
        job = Job(files.root, **spec)
    except TypeError as error:
        raise UnusableError(f"is of another version ({error})") from None
    if not 0 <= job.submitted < _LATEST or len(job.title) > _LONGEST:
        raise UnusableError("has no time of a day, or a title that is too long")
    try:
        check_types(job.kind, job.arguments)
        find_launcher(job.where)
    except InputError as error:
        raise UnusableError(f"asks for what is not known here ({error})") from error
    return job


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
    return find_jobs()[0]


def find_jobs() -> tuple[list[Job], list[Unusable]]:
    """All jobs of the workspace, newest first; and entries that are none."""
    found = []
    here, odd = entries.listed(paths.jobs())
    for root in here:
        files = JobFiles(root)
        try:
            entries.check_folder(root)
            found.append(_opened(files))
        except UnusableError as error:
            if _is_new(files):
                continue
            reason = f"{files.spec.name} {error}" if root.is_dir() else str(error)
            odd.append(Unusable(root, reason, "Remove it; what the job had made stays."))
    return sorted(found, key=lambda job: job.submitted, reverse=True), odd


def _is_new(files: JobFiles) -> bool:
    """Whether somebody may be submitting it at this moment."""
    try:
        age = time.time() - files.root.stat().st_mtime
    except OSError:  # deleted meanwhile
        return True
    return age < LAUNCH_SECONDS and files.root.is_dir() and not os.path.lexists(files.spec)
