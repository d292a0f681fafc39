"""Jobs on this computer: each has a supervisor in a session of its own, which waits for a GPU and
runs the worker. Neither the browser's end nor the server's ends them.

The lane "device" has one slot a GPU, or one for the processor where there is none; the lanes
"processor" and "aside" have one, and "aside" takes a GPU with it where one is free. Who was
launched first is served first.
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

import psutil

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.jobs.accounts import own_account
from dermxai.jobs.gpus import gpus
from dermxai.jobs.kinds import number
from dermxai.jobs.launchers import MARK, Launcher, Status
from dermxai.jobs.queue import NORMAL, PRIORITIES, draw
from dermxai.jobs.records import (
    ProcessIdentity,
    detached,
    elsewhere,
    identity,
    noted,
    process,
    read,
    same_computer,
)

if TYPE_CHECKING:
    from dermxai.jobs.job import Job

GPU, ASIDE = "gpu", "aside"  # queues; others are named as their lane
POLL = 0.05
_OUT_OF_MEMORY = ", as happens when the computer runs out of memory"
_ALONE = (
    "The process that watches it was ended, by SIGKILL perhaps. The work goes on and can be "
    "cancelled, but nobody is told when it ends."
)
KILLED_SECONDS = 5.0  # until a killed process is gone


class Submitted(TypedDict):
    """What ``submit-n.json`` holds."""

    supervisor: NotRequired[ProcessIdentity]


class Supervised(TypedDict):
    """What ``supervisor-n.json`` holds."""

    slots: NotRequired[list[str]]
    worker: NotRequired[ProcessIdentity]
    ended: NotRequired[int]
    waiting: NotRequired[str]
    failed: NotRequired[str]


@dataclass(frozen=True, kw_only=True)
class Local(Launcher):
    def launch(self, job: "Job", attempt: int) -> Mapping[str, object]:
        """
        Raises:
            InputError: it asks for more GPUs than there are.
        """
        queue, slots = _needs(job)
        _end_orphans(job)
        ticket = draw(queue, job.root, attempt, _priority(job))
        try:
            supervisor = detached(
                ["supervise", str(job.root), str(attempt)],
                job.files.log(attempt),
                {MARK: str(job.root)},
            )
        except BaseException:
            ticket.give_back()
            raise
        return {
            "supervisor": identity(supervisor),
            "queue": queue,
            "slots": slots,
            "ticket": str(ticket.path),
        }

    def withdraw(self, said: Mapping[str, object]) -> None:
        """Takes back what was launched and could not be noted."""
        if found := process(said["supervisor"]):
            found.kill()
        Path(str(said["ticket"])).unlink(missing_ok=True)

    def status(self, job: "Job", attempt: int) -> Status:
        supervisor, launched = _supervised(job, attempt), _launched(job, attempt)
        if worker(job, attempt):
            alone = launched and not (process(launched) or elsewhere(launched))
            return Status("running", _ALONE if alone and "ended" not in supervisor else "")
        if "ended" not in supervisor and process(launched):
            started = "worker" in supervisor
            return Status("running") if started else Status("queued", supervisor.get("waiting", ""))
        if place := _hidden(job, attempt, launched):
            return Status("running" if "worker" in supervisor else "queued", place, seen=False)
        return Status(None, _why(job, attempt, supervisor, launched))

    def stop(self, job: "Job", attempt: int, grace: float) -> None:
        """Its supervisor does it where it lives, else this process does."""
        supervisor = _launched(job, attempt)
        if elsewhere(supervisor):
            return  # where it runs, the flag is seen
        until = time.monotonic() + grace
        while process(supervisor) and time.monotonic() < until:
            time.sleep(POLL)
        if found := worker(job, attempt):
            end_group(found, max(0.0, until - time.monotonic()))

    def log(self, job: "Job", attempt: int) -> Path:
        return job.files.log(attempt)


LOCAL = Local(name="local", title="This computer")


def _supervised(job: "Job", attempt: int) -> Supervised:
    return noted(job.files.supervisor(attempt), Supervised) or {}


def _launched(job: "Job", attempt: int) -> ProcessIdentity | None:
    """Its supervisor."""
    submitted = noted(job.files.submit(attempt), Submitted)
    return submitted.get("supervisor") if submitted else None


def _hidden(job: "Job", attempt: int, launched: ProcessIdentity | None) -> str:
    """Where processes are at work that cannot be seen from here, in a sentence; empty where there
    can be none."""
    locked = disk.held(job.files.alive(attempt))
    place = elsewhere(launched)
    if place and not job.files.gone(attempt).exists():
        ended = locked is False and same_computer(launched)  # one system keeps its locks
        return "" if ended else f"It runs {place}, which cannot be seen from here."
    if locked and not place and job.account != own_account():
        return f"It is {job.account}'s, whose processes cannot be seen from here."
    return ""


def _why(job: "Job", attempt: int, supervisor: Supervised, launched: ProcessIdentity | None) -> str:
    """Why an attempt is gone that left no result; empty where it was asked to stop."""
    if job.files.cancel(attempt).exists():
        return ""
    if failed := supervisor.get("failed"):
        return str(failed)
    if (place := elsewhere(launched)) and job.files.gone(attempt).exists():
        return f"It ran {place}, which is said to be no more; what it had finished is kept."
    if "worker" not in supervisor and same_computer(launched):
        return "Its process was ended while it waited for its turn, by SIGKILL perhaps; resume it."
    return f"{_ended(supervisor.get('ended'), launched)}; what it had finished is kept: resume it."


def _ended(code: int | None, launched: ProcessIdentity | None) -> str:
    """How its process ended, by its code where its supervisor was there to see it."""
    if code == 0:
        return "It ended, and its result is missing or damaged"
    if code is not None and code < 0 and -code in set(signal.Signals):
        reason = f"Its process was ended by {signal.Signals(-code).name}"
        return reason + (_OUT_OF_MEMORY if code == -signal.SIGKILL else "")
    if code is not None:
        return f"Its process ended with code {code}, of which its log may say more"
    if launched and launched.get("boot") and not same_computer(launched):
        return "This computer was started anew while it was at work"
    return f"Its processes were ended by SIGKILL, or with the computer{_OUT_OF_MEMORY}"


def worker(job: "Job", attempt: int) -> psutil.Process | None:
    """The process that does the work, None where it is gone or its turn has not come."""
    return process(_supervised(job, attempt).get("worker")) or process(
        read(job.files.progress(attempt)).get("process")
    )


def _works(known: psutil.Process) -> bool:
    try:
        return bool(known.is_running()) and known.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_group(leader: psutil.Process, grace: float) -> None:
    """SIGTERM to a process and all of its group, and SIGKILL to those left when it has ended or
    the grace is over."""
    signal_group(leader.pid, signal.SIGTERM)
    until = time.monotonic() + grace
    while _works(leader) and time.monotonic() < until:
        time.sleep(POLL)
    signal_group(leader.pid, signal.SIGKILL)
    until = time.monotonic() + KILLED_SECONDS
    while _works(leader) and time.monotonic() < until:
        time.sleep(POLL)


def signal_group(group: int, number: signal.Signals) -> None:
    """To a process and to those that it started."""
    with suppress(ProcessLookupError, PermissionError):  # another account's see the flag
        os.killpg(group, number)


def _needs(job: "Job") -> tuple[str, int]:
    """The queue in which a job waits, and how many of its slots it takes."""
    device = str(job.arguments.get("device") or "")
    if device.startswith("cuda:"):
        raise InputError(
            f"device is {device!r}; a job gets a GPU that is free, so say cuda, or use "
            "CUDA_VISIBLE_DEVICES to say which GPUs jobs may use."
        )
    installed = len(gpus()) if job.lane == "device" and device != "cpu" else 0
    if not installed:
        return job.lane, 1
    wanted = number(job.arguments, "devices")
    wanted = max(wanted, min(number(job.arguments, "shares"), installed))
    if wanted > installed:
        raise InputError(f"The job asks for {wanted} GPUs; jobs may use {installed} here.")
    return GPU, wanted


def _priority(job: "Job") -> str:
    """Of a job that another version has submitted, too."""
    return job.priority if job.priority in PRIORITIES else NORMAL


def _end_orphans(job: "Job") -> None:
    """Ends what a killed attempt had started and could not end."""
    for other in psutil.process_iter():
        try:
            if other.environ().get(MARK) == str(job.root):
                other.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
