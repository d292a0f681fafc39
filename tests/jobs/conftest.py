"""Jobs in real processes, of a kind that is made for it."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dermxai.core import components, paths
from dermxai.jobs import Job, cancel, kinds, list_jobs, submit
from dermxai.jobs.records import read

DRILLS = Path(__file__).parent / "drills"
PATIENCE = 300.0

Drill = Callable[..., Job]
Until = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def _nothing_left(workspace: Path) -> Iterator[None]:
    yield
    for job in list_jobs():
        supervisor = read(job.files.submit(job.attempt)).get("supervisor") or {}
        pretended = supervisor.get("pid", os.getpid()) == os.getpid()
        if job.where == "slurm" or not pretended:
            cancel(job, grace=0.2)


@pytest.fixture
def until() -> Until:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    return wait


@pytest.fixture
def drill(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Job]]:
    """Submits a drill of this name."""
    path = [str(DRILLS), str(paths.PROJECT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(DRILLS)])
    components.forget()

    def start(name: str = "one", where: str = "local", token: str = "", **arguments: object) -> Job:
        folder = str(tmp_path / name)
        return submit("drill", {"folder": folder, **arguments}, where=where, token=token)

    yield start
    components.forget()
