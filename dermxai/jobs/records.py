"""The small files of a job's folder, and the processes that they name."""

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from dermxai import disk, paths

CLOCK_DRIFT = 5.0  # seconds; start times are told from the clock, which is corrected now and then
TICK = 0.01  # seconds, in which the system counts from its start to that of a process


def write(path: Path, content: Mapping[str, Any]) -> None:
    with disk.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """The content of a file that is whole whenever it is there; empty where it is not, belongs to
    somebody who keeps it to himself, or was damaged, as when the power failed."""
    try:
        content = json.loads(paths.readable(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, PermissionError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def identity(pid: int) -> dict[str, float]:
    """What tells a process from a later one of the same number, also when the clock is set."""
    created = psutil.Process(pid).create_time()
    return {"pid": pid, "create_time": created, "since_boot": created - psutil.boot_time()}


def process(known: Mapping[str, Any] | None) -> psutil.Process | None:
    """The process of an identity, None where it is gone."""
    if not known:
        return None
    try:
        found, now = psutil.Process(int(known["pid"])), identity(int(known["pid"]))
        alive = found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    same = abs(now["create_time"] - known["create_time"]) < CLOCK_DRIFT
    same |= abs(now["since_boot"] - known.get("since_boot", math.nan)) < TICK
    return found if alive and same else None


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
