"""A kind of job for tests: counts, keeps count on the disk, and misbehaves as asked."""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named

STEP = 0.02  # seconds


class Arguments(Settings):
    folder: str = setting(
        ..., 'For the count and for what the drill saw; a file "enough" there ends it.'
    )
    steps: int = setting(100, "To count to.")
    mode: str = setting(
        "count",
        '"count"; "load", which reports nothing; "deaf", which does not hear signals either; '
        '"fill", which fills the disk.',
    )
    device: str | None = setting(None, "As torch names it.")
    devices: int | None = setting(None, "GPUs.")
    output: str | None = setting(None, "Where it pretends to write.")


@dataclass(frozen=True, kw_only=True)
class Drill(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, Any]) -> str:
        return f"Drill {named(arguments, 'folder')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, Any]:
        steps, mode = arguments.steps, arguments.mode
        home = Path(arguments.folder)
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
                # Its own: the tasks of an array count at the same time.
                partial = counted.with_suffix(f".{os.getpid()}.part")
                partial.write_text(str(step + 1))
                partial.replace(counted)
                if mode == "fill":
                    with (home / "large").open("ab") as file:
                        file.write(bytes(1 << 20))
        finally:
            (home / f"{time.time_ns()}.ended").touch()
        return {"first": first, "gpus": gpus}


DRILL = Drill(name="drill", lane="device", arguments=Arguments)
