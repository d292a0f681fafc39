"""Tells a webhook, or a command, that a job has ended: where ``notify.toml`` in the workspace says
so, which who runs the server writes.

What is told names the job, its kind and its state, and nothing of its data: no title, path, label
or sentence of an error, which may hold a patient's name. Whatever goes wrong is logged and changes
nothing for the job.
"""

import json
import logging
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from pydantic import field_validator
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.core.settings_file import read_settings as read_file
from dermxai.jobs import listing
from dermxai.jobs.files import notify_settings_file
from dermxai.jobs.job import Job, State
from dermxai.jobs.kinds import RENAMED
from dermxai.jobs.launchers import MARK

TRIES, BETWEEN = 3, 2.0  # seconds between them
ANSWER_SECONDS = 10.0  # for the webhook to answer
COMMAND_SECONDS = 60.0  # for the command to end
ENDS = tuple(str(state) for state in State if not state.live)
log = logging.getLogger(__name__)


class NoticeSettings(Settings):
    """The keys of ``notify.toml``."""

    webhook: str = setting(
        "",
        "Address that gets a POST with the notice as JSON; its text is what chats show",
        secret=True,
        words="an address that begins with https:// or http://",
    )
    command: tuple[str, ...] = setting(
        (),
        "Program and arguments; the notice is its standard input",
        secret=True,
        words="a list of texts",
    )
    states: tuple[str, ...] = setting(ENDS, "Of those that a job can end in", choices=ENDS)
    kinds: tuple[str, ...] = setting((), "Of jobs; empty: all", words="a list of texts")

    @field_validator("webhook", mode="after")
    @classmethod
    def _is_web(cls, address: str) -> str:
        if address and not (re.match(r"https?://[^/\s]", address) and address.isprintable()):
            raise ValueError("no address")
        return address


def read_settings() -> NoticeSettings:
    """Those of the workspace; without a file nobody is told.

    Raises:
        InputError: the file cannot be read, is not TOML, or has an unknown key or value.
    """
    return read_file(NoticeSettings, notify_settings_file(), "docs/jobs.md")


def tell(job: Job, attempt: int) -> None:
    """Tells once that an attempt has ended; raises nothing."""
    try:
        settings = read_settings()
        if not (settings.webhook or settings.command) or not _first(job, attempt):
            return
        notice = notice_of(job, attempt)
        kinds = {RENAMED.get(kind, kind) for kind in settings.kinds}
        if notice["state"] not in settings.states or (kinds and job.kind not in kinds):
            return
        content = json.dumps(notice).encode()
        if settings.webhook:
            _post(settings.webhook, content)
        if settings.command:
            _run(settings.command, content)
    except InputError as error:
        log.warning(f"Nobody was told of the job's end: {error}")
    except Exception as error:  # whatever it is, the job has ended well
        log.warning(f"Nobody was told of the job's end: {type(error).__name__}.")


def notice_of(job: Job, attempt: int) -> dict[str, object]:
    """What is told of an attempt that has ended."""
    state, now = job.ended(attempt), time.time()
    seconds = round(now - job.submitted)
    return {
        "text": f"Job {job.id} ({job.kind}) {state} after {seconds // 60} min.",
        "job": job.id,
        "kind": job.kind,
        "state": str(state),
        "attempt": attempt,
        "where": job.where,
        "owner": listing.owner(job),
        "submitted": round(job.submitted),
        "ended": round(now),
    }


def _first(job: Job, attempt: int) -> bool:
    """Whether nobody has told of it yet."""
    try:
        job.files.told(attempt).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class _Stay(urllib.request.HTTPRedirectHandler):
    """What is told goes where the settings say, and nowhere else."""

    @override
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _post(address: str, content: bytes) -> None:
    """Messages name the host alone: the rest of an address may be a secret."""
    opener, host = urllib.request.build_opener(_Stay), urlsplit(address).hostname
    headers = {"Content-Type": "application/json", "User-Agent": "dermxai"}
    for attempt in range(TRIES):
        try:
            asked = urllib.request.Request(address, content, headers)  # noqa: S310  # checked
            with opener.open(asked, timeout=ANSWER_SECONDS):
                return
        except urllib.error.HTTPError as error:
            why = f"HTTP {error.code}"
            if error.code < 500:
                break
        except OSError as error:
            why = type(getattr(error, "reason", error)).__name__
        if attempt + 1 < TRIES:
            time.sleep(BETWEEN)
    log.warning(f"The webhook at {host} was not told of the job's end ({why}).")


def _run(command: tuple[str, ...], content: bytes) -> None:
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    try:
        done = subprocess.run(
            list(command),
            input=content,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning(f"The command was not told of the job's end ({type(error).__name__}).")
        return
    if done.returncode:
        log.warning(f"The command that tells of a job's end ended with {done.returncode}.")
