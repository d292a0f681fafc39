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
from typing import Any

import psutil

from dermxai.core import disk, entries, paths
from dermxai.core.entries import UnusableError

CLOCK_DRIFT = 5.0  # seconds; start times are told from the clock, which is corrected now and then
TICK = 0.01  # seconds, in which the system counts from its start to that of a process
MOST_BYTES = 8_000_000  # of a record
PROCESS = {
    "pid": int,
    "create_time": float,
    "since_boot?": float,
    "boot?": str,
    "namespace?": str,
    "host?": str,
    "machine?": str,
}
"""An identity, see `identity` and `entries.check_shape`."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_MACHINE = Path("/etc/machine-id")
_FIRST_NAMESPACE = "pid:[4026531836]"  # that of the computer itself; containers have others


def write(path: Path, content: Mapping[str, Any]) -> None:
    with disk.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read(path: Path, shape: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of a file that is whole whenever it is there; empty where it is not, belongs to
    somebody who keeps it to himself, or is something else: damaged, as when the power failed.

    Args:
        shape: what it is to hold, see `entries.check_shape`.
    """
    try:
        content: dict[str, Any] = entries.read_json(path, shape or {}, MOST_BYTES)
    except UnusableError:
        return {}
    return content


def identity(pid: int) -> dict[str, Any]:
    """What tells a process from a later one of the same number, also when the clock is set, and
    from those of other computers and containers."""
    created = psutil.Process(pid).create_time()
    times = {"create_time": created, "since_boot": created - psutil.boot_time()}
    return {"pid": pid, **times, **here()}


@cache
def here() -> dict[str, str]:
    """Where the numbers of processes that this process sees are valid: the start of this computer,
    its namespace of processes (each container has one), and what people call it."""
    told = {"boot": _first_line(_BOOT), "machine": _first_line(_MACHINE)}
    with suppress(OSError):
        told["namespace"] = os.readlink(_NAMESPACE)  # noqa: PTH115
    return {**told, "host": platform.node()}


def elsewhere(known: Mapping[str, Any] | None) -> str:
    """Where a process is, or was, that cannot be seen from here: "on lab-2", "in another container
    of this computer"; empty where it could be seen. One that this computer ran before it was
    started anew is gone."""
    if (
        not known or not entries.fits(known, PROCESS) or not known.get("boot")
    ):  # of an earlier version, which knew this computer alone
        return ""
    mine = here()
    if known["boot"] == mine["boot"]:
        apart = known.get("namespace") != mine.get("namespace")
        return f"in another container of this computer ({known.get('host', '')})" if apart else ""
    outside = {known.get("namespace"), mine.get("namespace")} == {_FIRST_NAMESPACE}
    same = mine["machine"] and known.get("machine") == mine["machine"]
    restarted = same and known.get("host") == mine["host"] and outside
    return "" if restarted else f"on {known.get('host') or 'another computer'}"


def same_computer(known: Mapping[str, Any] | None) -> bool:
    """Whether an identity is of this computer since it was last started."""
    return known is not None and known.get("boot", "") == here()["boot"]


def process(known: Mapping[str, Any] | None) -> psutil.Process | None:
    """The process of an identity, None where it is gone or cannot be seen from here."""
    if not known or not entries.fits(known, PROCESS) or elsewhere(known):
        return None
    if known.get("boot") and not same_computer(known):
        return None
    try:
        found, now = psutil.Process(known["pid"]), identity(known["pid"])
        alive = found.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError, OverflowError):
        return None
    same = abs(now["since_boot"] - known.get("since_boot", math.nan)) < TICK
    if not known.get("boot"):
        same |= abs(now["create_time"] - known["create_time"]) < CLOCK_DRIFT
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
