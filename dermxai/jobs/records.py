"""The small files of a job's folder, and the processes that they name."""

import json
import math
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar, cast

import psutil

from dermxai.core import disk, entries, paths
from dermxai.core.entries import UnusableError

CLOCK_DRIFT = 5.0  # seconds; start times are told from the clock, which is corrected now and then
TICK = 0.01  # seconds, in which the system counts from its start to that of a process
MOST_BYTES = 8_000_000  # of a record
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_MACHINE = Path("/etc/machine-id")
_FIRST_NAMESPACE = "pid:[4026531836]"  # that of the computer itself; containers have others


R = TypeVar("R")


class Place(TypedDict):
    """Where the numbers of processes are valid, see `here`."""

    boot: str
    machine: str
    namespace: NotRequired[str]
    host: str


class ProcessIdentity(TypedDict):
    """See `identity`; earlier versions noted the first two alone."""

    pid: int
    create_time: float
    since_boot: NotRequired[float]
    boot: NotRequired[str]
    machine: NotRequired[str]
    namespace: NotRequired[str]
    host: NotRequired[str]


def write(path: Path, content: Mapping[str, object]) -> None:
    with disk.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def opened(path: Path, record: type[R]) -> R:
    """The content of a file, by its `TypedDict`.

    Raises:
        UnusableError: it is not there, belongs to somebody who keeps it to himself, or holds
            something else.
    """
    return entries.read_json(path, record, MOST_BYTES)


def noted(path: Path, record: type[R]) -> R | None:
    """The content of a file that is whole whenever it is there; None where it is not, belongs to
    somebody who keeps it to himself, or is something else: damaged, as when the power failed."""
    try:
        return opened(path, record)
    except UnusableError:
        return None


def read(path: Path) -> dict[str, object]:
    """The content of a file as `noted` reads it, whatever it holds; empty where that is None."""
    try:
        content: dict[str, object] = entries.read_json(path, {}, MOST_BYTES)
    except UnusableError:
        return {}
    return content


def identity(pid: int) -> ProcessIdentity:
    """What tells a process from a later one of the same number, also when the clock is set, and
    from those of other computers and containers."""
    created = psutil.Process(pid).create_time()
    return {
        "pid": pid,
        "create_time": created,
        "since_boot": created - psutil.boot_time(),
        **here(),
    }


@cache
def here() -> Place:
    """Where the numbers of processes that this process sees are valid: the start of this computer,
    its namespace of processes (each container has one), and what people call it."""
    place: Place = {
        "boot": _first_line(_BOOT),
        "machine": _first_line(_MACHINE),
        "host": platform.node(),
    }
    with suppress(OSError):
        place["namespace"] = os.readlink(_NAMESPACE)  # noqa: PTH115
    return place


def _identity(known: object) -> ProcessIdentity | None:
    return cast(ProcessIdentity, known) if entries.fits(known, ProcessIdentity) else None


def elsewhere(known: object) -> str:
    """Where a process is, or was, that cannot be seen from here: "on lab-2", "in another container
    of this computer"; empty where it could be seen. One that this computer ran before it was
    started anew is gone."""
    of, mine = _identity(known), here()
    if of is None or not of.get("boot"):  # of an earlier version, which knew this computer alone
        return ""
    if of["boot"] == mine["boot"]:
        apart = of.get("namespace") != mine.get("namespace")
        return f"in another container of this computer ({of.get('host', '')})" if apart else ""
    outside = {of.get("namespace"), mine.get("namespace")} == {_FIRST_NAMESPACE}
    same = mine["machine"] and of.get("machine") == mine["machine"]
    restarted = same and of.get("host") == mine["host"] and outside
    return "" if restarted else f"on {of.get('host') or 'another computer'}"


def same_computer(known: object) -> bool:
    """Whether an identity is of this computer since it was last started."""
    of = _identity(known)
    return of is not None and of.get("boot", "") == here()["boot"]


def process(known: object) -> psutil.Process | None:
    """The process of an identity, None where it is gone or cannot be seen from here."""
    of = _identity(known)
    if of is None or elsewhere(of) or (of.get("boot") and not same_computer(of)):
        return None
    try:
        found, now = psutil.Process(of["pid"]), identity(of["pid"])
        alive = found.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError, OverflowError):
        return None
    same = abs(now["since_boot"] - of.get("since_boot", math.nan)) < TICK
    if not of.get("boot"):
        same |= abs(now["create_time"] - of["create_time"]) < CLOCK_DRIFT
    return found if alive and same else None


def _first_line(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace").strip()
    except OSError:
        return ""


def detached(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    """Starts ``python -m dermxai jobs`` with a command in a session of its own, so that it outlives
    this process; returns its number."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "dermxai", "jobs", *command],
            cwd=paths.PROJECT,
            env=os.environ | {"DERMXAI_HOME": str(paths.home())} | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # a child that ends stays a zombie until it is waited for
    threading.Thread(target=started.wait, daemon=True, name=f"wait-{started.pid}").start()
    return started.pid
