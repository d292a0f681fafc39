"""Starting, stopping, resuming and deleting jobs, wherever they run."""

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from dermxai.core import disk, entries, paths
from dermxai.core.errors import InputError
from dermxai.jobs import labels
from dermxai.jobs.accounts import administers, own_account
from dermxai.jobs.files import JobFiles, submission_lock
from dermxai.jobs.job import Job, State, list_jobs, open_job
from dermxai.jobs.kinds import check_arguments, find_kind
from dermxai.jobs.launchers import find_launcher
from dermxai.jobs.queue import NORMAL, PRIORITIES
from dermxai.jobs.records import detached, write
from dermxai.jobs.supervisor import GRACE

MARGIN = 10.0  # seconds for the news of an end to arrive
POLL = 0.05


def submit(
    kind: str,
    arguments: Mapping[str, object] | None = None,
    *,
    where: str = "local",
    token: str = "",
    tags: Sequence[str] = (),
    notes: str = "",
    priority: str = NORMAL,
    owner: str = "",
) -> Job:
    """Starts a job, or returns the one that is at work on, or waits for, the same.

    Args:
        kind: name of one of `dermxai.jobs.kinds.KINDS`.
        arguments: as JSON can hold them; paths absolute.
        where: name of one of `dermxai.jobs.launchers.LAUNCHERS`.
        token: of the form that asks, see `form_token`; a form starts one job, however often and
            from however many windows it is sent.
        tags, notes: to find it by, see `labels`.
        priority: one of `queue.PRIORITIES`: who is served first of those that wait.
        owner: the person who asks, where people log in.

    Raises:
        InputError: unknown kind or launcher, one that cannot be used here, a missing or unknown
            argument, or an output that another job is writing.
    """
    found, launcher = find_kind(kind), find_launcher(where)
    kind = found.name
    if problem := launcher.available():
        raise InputError(problem)
    takes = found.arguments.model_fields
    given = {name: value for name, value in launcher.size().items() if name in takes}
    if (arguments or {}).get("sweep"):
        given = {}  # its trainings follow each other on one device
    arguments = _plain(given | dict(arguments or {}))
    arguments = check_arguments(found, arguments)
    written = labels.checked(tags, notes)
    if priority not in PRIORITIES:
        raise InputError(f"priority is {priority!r}; expected one of {', '.join(PRIORITIES)}.")
    with disk.locked(submission_lock()):
        for job in list_jobs():
            same = (job.kind, job.arguments) == (kind, arguments)
            if (token and job.token == token) or (same and job.state.live):
                return job
        _check_output(arguments)
        now = datetime.now()
        root = paths.jobs() / f"{now:%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(3)}"
        spec = {
            "kind": kind,
            "arguments": arguments,
            "title": found.title(arguments),
            "lane": found.lane,
            "submitted": now.timestamp(),
            "where": where,
            "token": token,
            "owner": owner,
            "priority": priority,
        }
        try:
            write(JobFiles(root).spec, spec)
            if written != labels.Labels():
                write(JobFiles(root).labels, asdict(written))
            return _launch(open_job(root))
        except BaseException:  # a full disk, too
            shutil.rmtree(root, ignore_errors=True)
            raise


def _plain(arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments as JSON holds them.

    Raises:
        InputError: a name in them is not UTF-8.
    """
    text = json.dumps(arguments, ensure_ascii=False)
    if not entries.is_text(text):
        raise InputError("A path of this job is not UTF-8; rename the file or folder.")
    content: dict[str, object] = json.loads(text)
    return content


def form_token(kind: str, arguments: Mapping[str, object], seen: str) -> str:
    """The token of a form: the same for the same content in every window that was opened when
    ``seen`` was the newest job."""
    content = json.dumps([kind, arguments, seen], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def resume(job: Job) -> Job:
    """Starts the next attempt of a job that was interrupted, cancelled or failed; what it had
    finished is not done again. A job that is at work is left to it.

    Raises:
        InputError: the job has succeeded, its training would diverge again, or another is writing
            its output.
    """
    with disk.locked(submission_lock()):
        _check_owner(job, "resume", own=True)
        state = job.state
        if state is State.SUCCEEDED:
            raise InputError(f"Job {job.id} has succeeded; there is nothing to resume.")
        if state.live:
            return job
        if not job.resumable:
            raise InputError(f"Job {job.id} would fail again. {job.error}")
        _check_output(job.arguments)
        return _launch(job)


def cancel(job: Job, *, attempt: int | None = None, grace: float = GRACE, wait: bool = True) -> Job:
    """Stops a job; what it has finished is kept.

    Args:
        attempt: the one to stop, so that one that was resumed meanwhile is left alone; None: the
            newest.
        grace: seconds it has to end by itself.
        wait: whether to return when it is gone, or at once.

    Raises:
        InputError: it is another account's.
    """
    newest = max(1, job.attempt)
    attempt = attempt or newest
    if attempt != newest or not job.state.live:
        return job
    _check_owner(job, "cancel")
    job.files.cancel(attempt).touch()
    if not wait:
        detached(["cancel", job.id, "--attempt", str(attempt)], Path(os.devnull), {})
        return job
    find_launcher(job.where).stop(job, attempt, grace)
    until = time.monotonic() + MARGIN
    while job.state.live and time.monotonic() < until:
        time.sleep(POLL)
    return job


def declare_gone(job: Job) -> Job:
    """Notes that the computer or container in which a job was at work is no more, which cannot be
    seen from here.

    Raises:
        InputError: its processes can be seen from here, or it is another account's.
    """
    with disk.locked(submission_lock()):
        _check_owner(job, "give up")
        if not job.elsewhere:
            raise InputError(
                f"Job {job.id} is {job.state}; only one that runs elsewhere can be said to be gone."
            )
        job.files.gone(job.attempt).touch()
    return job


def delete(job: Job) -> None:
    """Forgets a job; the run or checkpoint that it made stays.

    Raises:
        InputError: it is at work or waits for its turn, or it is another account's.
    """
    with disk.locked(submission_lock()):
        _check_owner(job, "delete")
        if unseen := job.elsewhere:
            raise InputError(
                f"Job {job.id} is not touched. {unseen} Cancel it, which it sees there; if that "
                f"place is no more, say so: python -m dermxai jobs cancel {job.id} --gone."
            )
        if job.state.live:
            raise InputError(f"Job {job.id} is {job.state}; cancel it before deleting it.")
        gone = job.root.with_name(f".{job.root.name}.deleted")
        job.root.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _check_output(arguments: Mapping[str, object]) -> None:
    """
    Raises:
        InputError: a job that is at work, or waits for its turn, writes there.
    """
    if not (output := arguments.get("output")):
        return
    folder = os.path.realpath(str(output))  # of a link in a circle, too
    for job in list_jobs():
        theirs = job.arguments.get("output")
        if theirs and os.path.realpath(str(theirs)) == folder and job.state.live:
            raise InputError(
                f"Job {job.id} is writing {output}; choose another output, or cancel it first."
            )


def _check_owner(job: Job, what: str, *, own: bool = False) -> None:
    """
    Args:
        what: is about to happen to it.
        own: whether an administrator may not, either: it would run, and write, as another account.

    Raises:
        InputError: the job is another account's.
    """
    owner, here = job.account, own_account()
    if owner in ("", here) or (administers() and not own):
        return
    others = "" if own else ", or root, or the owner of the workspace,"
    raise InputError(
        f"Job {job.id} is {owner}'s, and you are {here}: {owner}{others} may {what} it."
    )


def _launch(job: Job) -> Job:
    attempt, launcher = job.attempt + 1, find_launcher(job.where)
    said = launcher.launch(job, attempt)
    try:
        write(job.files.submit(attempt), {"launched": time.time(), **said})
    except BaseException:
        launcher.withdraw(said)
        raise
    return job
