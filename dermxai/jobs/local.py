"""Jobs on this machine: each a process in a session of its own, so that neither the browser's end
nor the server's ends it."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psutil

from dermxai import paths
from dermxai.errors import InputError
from dermxai.jobs.job import Job, State, identity, list_jobs, open_job, process_of, write
from dermxai.jobs.kinds import check_arguments, find_kind

GRACE = 10.0  # seconds between asking a job to stop and stopping it
POLL = 0.05
MARK = "DERMXAI_JOB"  # in the environment of a job's processes


def submit(kind: str, arguments: Mapping[str, Any] | None = None) -> Job:
    """Starts a job, or returns the one that is at work on, or waits for, the same.

    Args:
        kind: name of a file in `dermxai.jobs.kinds`.
        arguments: of its ``run``, as JSON can hold them; paths absolute.

    Raises:
        InputError: unknown kind, missing or unknown argument.
    """
    module = find_kind(kind)
    arguments = json.loads(json.dumps(arguments or {}))
    check_arguments(module, arguments)
    with paths.locked(paths.submission_lock()):
        for job in list_jobs():
            if (job.kind, job.arguments) == (kind, arguments) and job.state.live:
                return job
        now = datetime.now()
        root = paths.jobs() / f"{now:%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(3)}"
        spec = {
            "kind": kind,
            "arguments": arguments,
            "title": module.title(arguments),
            "lane": module.LANE,
            "submitted": now.timestamp(),
        }
        write(paths.JobFiles(root).spec, spec)
        return _launch(open_job(root))


def resume(job: Job) -> Job:
    """Starts the next attempt of a job that was interrupted, cancelled or failed; what it had
    finished is not done again. A job that is at work is left to it.

    Raises:
        InputError: the job has succeeded.
    """
    with paths.locked(paths.submission_lock()):
        state = job.state
        if state is State.SUCCEEDED:
            raise InputError(f"Job {job.id} has succeeded; there is nothing to resume.")
        if state.live:
            return job
        job.files.cancel.unlink(missing_ok=True)
        _end_orphans(job)
        return _launch(job)


def cancel(job: Job, grace: float = GRACE) -> Job:
    """Stops a job; what it has finished is kept. Returns once its process is gone.

    Args:
        grace: seconds it has to end by itself.
    """
    if not job.state.live:
        return job
    job.files.cancel.touch()
    for stop in (signal.SIGTERM, signal.SIGKILL):
        process = process_of(job, job.attempt)
        if process is None:
            break
        try:
            os.killpg(process.pid, stop)
        except ProcessLookupError:
            break
        until = time.monotonic() + grace
        while process_of(job, job.attempt) and time.monotonic() < until:
            time.sleep(POLL)
    return job


def _end_orphans(job: Job) -> None:
    """Ends what a killed attempt had started and could not end."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(job.root):
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _launch(job: Job) -> Job:
    attempt = job.attempt + 1
    log = job.files.log(attempt)
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dermxai", "jobs", "work", str(job.root), str(attempt)],
            cwd=paths.PROJECT,
            env=os.environ | {"DERMXAI_HOME": str(paths.home()), MARK: str(job.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write(job.files.submit(attempt), identity(process.pid) | {"submitted": time.time()})
    # a child that ends stays a zombie until it is waited for
    threading.Thread(target=process.wait, daemon=True, name=f"wait-{job.id}").start()
    return job
