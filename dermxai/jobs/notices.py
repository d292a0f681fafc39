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
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass, fields
from typing import Any, NoReturn
from urllib.parse import urlsplit

from typing_extensions import override

from dermxai import entries, paths
from dermxai.entries import UnusableError
from dermxai.errors import InputError
from dermxai.jobs import listing
from dermxai.jobs.job import Job, State
from dermxai.jobs.launchers import MARK

TRIES, BETWEEN = 3, 2.0  # seconds between them
ANSWER_SECONDS = 10.0  # for the webhook to answer
COMMAND_SECONDS = 60.0  # for the command to end
ENDS = tuple(str(state) for state in State if not state.live)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NoticeSettings:
    """The keys of ``notify.toml``."""

    webhook: str = ""
    """Address that gets a POST with the notice as JSON; its ``text`` is what chats show."""
    command: tuple[str, ...] = ()
    """Program and arguments; the notice is its standard input."""
    states: tuple[str, ...] = ENDS
    """Of those that a job can end in."""
    kinds: tuple[str, ...] = ()
    """Of jobs; empty: all."""

    def __post_init__(self) -> None:
        address: object = self.webhook
        if not isinstance(address, str) or (address and not _is_web(address)):
            self._refuse("webhook", "an address that begins with https:// or http://")
        for name in ("command", "states", "kinds"):
            held = getattr(self, name)
            if not isinstance(held, list | tuple) or not all(isinstance(one, str) for one in held):
                self._refuse(name, "a list of texts")
        if unknown := [state for state in self.states if state not in ENDS]:
            raise InputError(
                f"states has {unknown[0]!r} in {paths.notify_settings()}; expected some of "
                f"{', '.join(ENDS)}."
            )

    def _refuse(self, name: str, expected: str) -> NoReturn:
        # the value may be a secret
        raise InputError(f"{name} in {paths.notify_settings()} is something else than {expected}.")


def read_settings() -> NoticeSettings:
    """Those of the workspace; without a file nobody is told.

    Raises:
        InputError: the file cannot be read, is not TOML, or has an unknown key or value.
    """
    path = paths.notify_settings()
    if not os.path.lexists(path):
        return NoticeSettings()
    try:
        content = tomllib.loads(entries.read_text(path))
    except UnusableError as error:
        raise InputError(f"{path} {error}; expected TOML in UTF-8, see docs/jobs.md.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as TOML ({type(error).__name__}).") from None
    known = [setting.name for setting in fields(NoticeSettings)]
    for name in content:
        if name not in known:
            raise InputError(f"{path} has {name!r}; expected {', '.join(known)}.")
    return NoticeSettings(**content)


def tell(job: Job, attempt: int) -> None:
    """Tells once that an attempt has ended; raises nothing."""
    try:
        settings = read_settings()
        if not (settings.webhook or settings.command) or not _first(job, attempt):
            return
        notice = notice_of(job, attempt)
        if notice["state"] not in settings.states or (
            settings.kinds and job.kind not in settings.kinds
        ):
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


def notice_of(job: Job, attempt: int) -> dict[str, Any]:
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
    def redirect_request(self, *_: Any, **__: Any) -> None:
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


def _is_web(address: str) -> bool:
    return bool(re.match(r"https?://[^/\s]", address)) and address.isprintable()
