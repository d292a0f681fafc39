"""Jobs on this computer: each has a supervisor in a session of its own, which waits for a GPU and
runs the worker. Neither the browser's end nor the server's ends them.

The lane "device" has one slot a GPU, or one for the processor where there is none; the lanes
"processor" and "aside" have one, and "aside" takes a GPU with it where one is free. Who was
launched first is served first.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from dermxai.errors import InputError
from dermxai.jobs.gpus import gpus
from dermxai.jobs.launchers import MARK, Status
from dermxai.jobs.queue import NORMAL, PRIORITIES, draw
from dermxai.jobs.records import detached, identity, process, read

if TYPE_CHECKING:
    from dermxai.jobs.job import Job

TITLE = "This computer"
GPU, ASIDE = "gpu", "aside"  # queues; others are named as their lane
POLL = 0.05
KILLED_SECONDS = 5.0  # until a killed process is gone


def available() -> str:
    return ""


def size() -> dict[str, int]:
    return {}


def launch(job: "Job", attempt: int) -> dict[str, Any]:
    """
    Raises:
        InputError: it asks for more GPUs than there are.
    """
    queue, slots = _needs(job)
    _end_orphans(job)
    ticket = draw(queue, job.root, attempt, _priority(job))
    supervisor = detached(
        ["supervise", str(job.root), str(attempt)], job.files.log(attempt), {MARK: str(job.root)}
    )
    return {
        "supervisor": identity(supervisor),
        "queue": queue,
        "slots": slots,
        "ticket": str(ticket.path),
    }


def status(job: "Job", attempt: int) -> Status:
    supervisor = read(job.files.supervisor(attempt))
    if worker(job, attempt):
        return Status("running")
    if "ended" not in supervisor and process(read(job.files.submit(attempt)).get("supervisor")):
        started = "worker" in supervisor
        return Status("running") if started else Status("queued", supervisor.get("waiting", ""))
    code = supervisor.get("ended", 0)
    reason = ""
    if code < 0:
        reason = f"Its process was ended by {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            reason += ", as happens when the computer runs out of memory"
        reason += "; what it had finished is kept."
    return Status(None, reason)


def stop(job: "Job", attempt: int, grace: float) -> None:
    """Ends an attempt that the flag ``cancel`` asks to stop: its supervisor does it where it lives,
    else this process does."""
    supervisor = read(job.files.submit(attempt)).get("supervisor")
    until = time.monotonic() + grace
    while process(supervisor) and time.monotonic() < until:
        time.sleep(POLL)
    if found := worker(job, attempt):
        end_group(found, max(0.0, until - time.monotonic()))


def log(job: "Job", attempt: int) -> Path:
    return job.files.log(attempt)


def worker(job: "Job", attempt: int) -> psutil.Process | None:
    """The process that does the work, None where it is gone or its turn has not come."""
    noted = read(job.files.supervisor(attempt)).get("worker")
    return process(noted) or process(read(job.files.progress(attempt)).get("process"))


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


def _works(known: psutil.Process) -> bool:
    return process({"pid": known.pid, "create_time": known.create_time()}) is not None


def signal_group(group: int, number: signal.Signals) -> None:
    """To a process and to those that it started."""
    with suppress(ProcessLookupError):
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
    wanted = int(job.arguments.get("devices") or 1)
    wanted = max(wanted, min(int(job.arguments.get("shares") or 1), installed))
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
