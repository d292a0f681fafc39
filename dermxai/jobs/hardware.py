"""What a job uses of its machine, sampled while it works."""

import csv
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from dermxai.jobs import gpus

INTERVAL = 5.0  # seconds
COLUMNS = ("time", "processors", "memory", "gpu", "gpu_memory")
"""Seconds since the epoch; processors kept busy; bytes; percent and bytes, summed over the job's
GPUs, empty where there is none."""


@contextmanager
def sampled(path: Path, *, wanted: bool = True) -> Iterator[None]:
    """Appends a row to a CSV file every few seconds while the block runs."""
    done = threading.Event()
    thread = threading.Thread(target=_sample, args=(path, done), daemon=True, name="hardware")
    if wanted:
        thread.start()
    try:
        yield
    finally:
        done.set()


def _sample(path: Path, done: threading.Event) -> None:
    before, since = _processor_seconds(), time.monotonic()
    with suppress(OSError):  # a full disk is for the work itself to tell
        path.parent.mkdir(exist_ok=True)
        while not done.wait(INTERVAL):
            now, at = _processor_seconds(), time.monotonic()
            busy = max(0.0, now - before) / (at - since)
            before, since = now, at
            mine = os.environ.get(gpus.VISIBLE)
            on_gpus = gpus.use(mine) if mine else None
            row = (f"{time.time():.1f}", f"{busy:.2f}", _memory(), *(on_gpus or ("", "")))
            new = not path.exists()
            with path.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([COLUMNS, row] if new else [row])


def _processor_seconds() -> float:
    """Of this process and of those that it has started."""
    spent = 0.0
    for process in _family():
        with suppress(psutil.Error):
            times = process.cpu_times()
            spent += times.user + times.system
    return spent


def _memory() -> int:
    taken = 0
    for process in _family():
        with suppress(psutil.Error):
            taken += process.memory_info().rss
    return taken


def _family() -> list[psutil.Process]:
    this = psutil.Process()
    return [this, *this.children(recursive=True)]
