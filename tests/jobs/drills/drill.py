"""A kind of job for tests: counts, keeps count on the disk, and misbehaves as asked."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"
STEP = 0.02  # seconds


def title(arguments: Mapping[str, Any]) -> str:
    return f"Drill {Path(arguments['folder']).name}"


def run(
    report: Report,
    *,
    folder: str,
    steps: int = 100,
    mode: str = "count",
    device: str | None = None,
    devices: int | None = None,
    output: str | None = None,
) -> dict[str, Any]:
    """
    Args:
        folder: for the count and for what the drill saw; a file "enough" there ends it.
        mode: "count"; "load", which reports nothing; "deaf", which does not hear signals either;
            "fill", which fills the disk.
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    (home / f"{time.time_ns()}.began").write_text(gpus)
    counted = home / "count"
    first = int(counted.read_text()) if counted.exists() else 0
    try:
        if mode == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if mode in ("load", "deaf"):
            report("loading", 0, 0)
            time.sleep(600)
        for step in range(first, steps):
            if (home / "enough").exists():
                break
            report("work", step, steps, {"loss": 1 / (step + 1)})
            time.sleep(STEP)
            partial = counted.with_suffix(".part")
            partial.write_text(str(step + 1))
            partial.replace(counted)
            if mode == "fill":
                with (home / "large").open("ab") as file:
                    file.write(bytes(1 << 20))
    finally:
        (home / f"{time.time_ns()}.ended").touch()
    return {"first": first, "gpus": gpus}
