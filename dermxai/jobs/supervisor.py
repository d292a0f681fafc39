"""The process beside a job on this computer: waits for a slot, runs the worker, stops it.

It may be killed at any time: a worker that it had started goes on, and keeps its GPU.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

import psutil

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.jobs import notices, queue
from dermxai.jobs.gpus import VISIBLE, gpus
from dermxai.jobs.job import LAUNCH_SECONDS, Job
from dermxai.jobs.launchers.local import ASIDE, GPU, end_group, signal_group
from dermxai.jobs.records import identity, noted, write

POLL = 0.2
GRACE = 60.0  # seconds between asking a worker to stop and stopping it: room for a checkpoint


class Launched(TypedDict):
    """What ``submit-n.json`` says of an attempt on this computer."""

    queue: str
    slots: int
    ticket: str


def supervise(job: Job, attempt: int, grace: float = GRACE) -> None:
    """Sees an attempt of a job through."""
    launched = _launched(job, attempt)
    if not launched:
        return
    ticket = queue.Ticket(Path(launched["ticket"]))
    try:
        alive = disk.hold(job.files.alive(attempt))
        slots = _turn(job, attempt, ticket, launched)
    except (InputError, OSError) as error:
        told = "" if isinstance(error, InputError) else disk.trouble(error)
        write(job.files.supervisor(attempt), {"failed": told or str(error)})
        raise
    finally:
        ticket.give_back()
    if slots is None:
        notices.tell(job, attempt)
        return
    visible = [slot for slot in slots if slot != launched["queue"]]
    worker = _start(job, attempt, [*slots.values(), alive], visible)
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    known = {"slots": list(slots), "worker": identity(worker.pid)}
    write(job.files.supervisor(attempt), known)
    while worker.poll() is None:
        if job.files.cancel(attempt).exists():
            end_group(psutil.Process(worker.pid), grace)
            worker.wait()
        time.sleep(POLL)
    signal_group(worker.pid, signal.SIGKILL)  # what it had started and could not end
    write(job.files.supervisor(attempt), known | {"ended": worker.returncode})
    for descriptor in (*slots.values(), alive):  # others need not wait for who is told
        os.close(descriptor)
    notices.tell(job, attempt)


def _launched(job: Job, attempt: int) -> Launched | None:
    """What the launcher says of this attempt; None where it was killed before it could."""
    until = time.monotonic() + LAUNCH_SECONDS
    while time.monotonic() < until:
        if said := noted(job.files.submit(attempt), Launched):
            return said
        time.sleep(POLL / 4)
    return None


def _turn(
    job: Job, attempt: int, ticket: queue.Ticket, launched: Launched
) -> dict[str, int] | None:
    """The slots of this job and their locks, once it is its turn; None where it was cancelled."""
    said = None
    slots = gpus() if launched["queue"] == GPU else [launched["queue"]]
    while not job.files.cancel(attempt).exists():
        ahead = ticket.ahead
        if not ahead and (taken := queue.take(slots, launched["slots"])):
            return taken | _spare(job, launched["queue"])
        if ahead != said:
            write(job.files.supervisor(attempt), {"waiting": _waits(launched["queue"], ahead)})
            said = ahead
        time.sleep(POLL)
    return None


def _spare(job: Job, name: str) -> dict[str, int]:
    """A GPU that nobody uses, for a job that would not wait for one."""
    wanted = name == ASIDE and job.arguments.get("device") != "cpu"
    return (queue.take(gpus(), 1) or {}) if wanted else {}


def _waits(name: str, ahead: int) -> str:
    what = "a GPU" if name == GPU else "its turn"
    return f"Waiting for {what}; {ahead} before it" if ahead else f"Waiting for {what}"


def _start(
    job: Job, attempt: int, locks: list[int], visible: list[str]
) -> "subprocess.Popen[bytes]":
    """Starts the worker, which sees its own GPUs only and inherits the locks of its slots, and the
    one that says that it is alive."""
    return subprocess.Popen(
        [sys.executable, "-m", "dermxai", "jobs", "work", str(job.root), str(attempt)],
        env=os.environ | {VISIBLE: ",".join(visible)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=locks,
    )
