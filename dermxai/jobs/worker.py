"""The process of a job: does the work, says how far it is and how it ended."""

import json
import logging
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from dermxai.core import disk, paths
from dermxai.core.errors import Cancelled, DivergenceError, InputError
from dermxai.core.formatting import LEFT
from dermxai.jobs import hardware
from dermxai.jobs.job import Job, State
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.records import identity, write

SECONDS_BETWEEN_NOTES = 0.25
SECONDS_BETWEEN_FIGURES = 1.0
NICENESS = 5  # the dashboard goes first
RESERVE = 1 << 16  # bytes
log = logging.getLogger(__name__)


def work(job: Job, attempt: int) -> State:
    """Does an attempt of a job in this process.

    SIGTERM ends it as Ctrl+C does: cancelled where that was asked for, else interrupted, to be
    resumed. Of the processes of a training on several GPUs only the first one writes.
    """
    _confine(job)
    interrupt = Interrupt()
    signal.signal(signal.SIGTERM, interrupt)
    os.nice(NICENESS)
    first = rank() == 0
    notes = Notes(job, attempt, writes=first)
    log.info(f"{job.title}: attempt {attempt}.")
    try:
        with _reserve(job, attempt), hardware.sampled(job.files.hardware(attempt), wanted=first):
            notes("starting", 0, 0)
            value = find_kind(job.kind).run(notes, **job.arguments)
    except BaseException as error:
        state, sentence = _outcome(error, job, attempt, stopped=interrupt.heard)
        end: dict[str, object] = {"error": sentence} if sentence else {}
        if isinstance(error, DivergenceError):
            end["resumable"] = False
    else:
        state, end = State.SUCCEEDED, {"value": value}
    log.info(f"{state.capitalize()}. {end.get('error', '')}".rstrip())
    if first and state is not State.INTERRUPTED:
        write(job.files.result(attempt), {"state": state, **end})
    return state


def share(job: Job, attempt: int, index: int, of: int) -> None:
    """Does a share of an attempt in this process, see `dermxai.jobs.shares`.

    Raises:
        InputError, Cancelled: as the kind says; what is left is done when the shares are joined.
    """
    _confine(job)
    os.nice(NICENESS)
    notes = Notes(job, attempt, path=job.files.share(attempt, index))
    token = f"{job.id}-{attempt}"
    notes("starting", 0, 0)
    find_kind(job.kind).share(notes, index, of, token, **job.arguments)


def _confine(job: Job) -> None:
    """As it was asked, whoever resumes it, from wherever."""
    options = job.arguments.get("dataset_options")
    if isinstance(options, Mapping) and options.get("confine"):
        paths.confine()


class Interrupt:
    """Raises `KeyboardInterrupt` once: what follows from it, such as a checkpoint, is left alone
    by further signals."""

    def __init__(self) -> None:
        self.heard = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self.heard:
            self.heard = True
            raise KeyboardInterrupt


class Notes:
    """Notes progress in the job's folder, a few times a second, and the figures of the work, once
    a second; stops the work when asked to."""

    def __init__(
        self, job: Job, attempt: int, writes: bool = True, path: Path | None = None
    ) -> None:
        """
        Args:
            path: where to note progress; None: where that of the attempt is.
        """
        self._path = path or job.files.progress(attempt)
        self._figures = job.files.figures(attempt)
        self._flag = job.files.cancel(attempt)
        self._writes = writes
        self._process = identity(os.getpid())
        self._phase = ""
        self._began = 0.0  # by the clock that is never set, as the next two
        self._noted = self._kept = -math.inf
        self._first = 0

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None:
        """
        Raises:
            Cancelled: the job is to stop.
        """
        self.check()
        if not self._writes:
            return
        figures = dict(figures or {})
        left = figures.pop(LEFT, None)
        now, passed = time.time(), time.monotonic()
        new = phase != self._phase
        if new:
            self._phase, self._began, self._first = phase, passed, step
        if figures and passed - self._kept >= SECONDS_BETWEEN_FIGURES:
            self._kept = passed
            self._keep({"time": now, "phase": phase, "step": step, "total": total, **figures})
        if not new and step != total and passed - self._noted < SECONDS_BETWEEN_NOTES:
            return
        self._noted = passed
        write(
            self._path,
            {
                "process": self._process,
                "phase": phase,
                "step": step,
                "total": total,
                "first": self._first,
                "began": now - (passed - self._began),
                "updated": now,
                "left": left,
                "figures": figures,
            },
        )

    def check(self) -> None:
        """
        Raises:
            Cancelled: the job is to stop.
        """
        if self._flag.exists():
            raise Cancelled("The job was cancelled.")

    def _keep(self, figures: Mapping[str, object]) -> None:
        self._figures.parent.mkdir(exist_ok=True)
        with self._figures.open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")


def rank() -> int:
    """Which of the processes of a job this is; 0 is the first, or the only one."""
    return int(os.environ.get("SLURM_PROCID") or os.environ.get("LOCAL_RANK") or 0)


def _outcome(error: BaseException, job: Job, attempt: int, *, stopped: bool) -> tuple[State, str]:
    """How the work ended, and why in a sentence; a traceback goes to the log where only that can
    tell."""
    if job.files.cancel(attempt).exists():
        return State.CANCELLED, ""
    if stopped or isinstance(error, KeyboardInterrupt | SystemExit):
        return State.INTERRUPTED, ""
    if isinstance(error, InputError):
        return State.FAILED, str(error)
    if sentence := disk.trouble(error):
        return State.FAILED, sentence
    with suppress(OSError):
        traceback.print_exception(error)
        sys.stderr.flush()
    return State.FAILED, f"{type(error).__name__}: {error}"


@contextmanager
def _reserve(job: Job, attempt: int) -> Iterator[None]:
    """Keeps some room on the disk while the job works, for the last word of one that fills it."""
    path = job.files.reserve(attempt)
    try:
        path.write_bytes(bytes(RESERVE))
        yield
    finally:
        path.unlink(missing_ok=True)
