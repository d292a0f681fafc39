"""A submission that fails leaves nothing behind; what is written, is written whole."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.jobs import State, list_jobs, resume, submit
from dermxai.jobs.files import tickets_folder
from dermxai.jobs.launchers import local
from dermxai.jobs.records import process, read
from tests.jobs.conftest import Drill, Until

Replacing = Callable[[Path], AbstractContextManager[Path]]


def filling(after: int) -> Replacing:
    """Files are written until so many have been, then the disk is full."""
    replacing, written = disk.replacing, []

    def replace(path: Path) -> AbstractContextManager[Path]:
        written.append(path)
        if len(written) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return replacing(path)

    return replace


def left() -> set[str]:
    """What there is of jobs, but for locks and the folders of tickets."""
    found = (path for path in paths.jobs().rglob("*") if path.suffix != ".lock")
    return {path.name for path in found if path.is_file() or path.parent == paths.jobs()} - {
        ".tickets"
    }


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of the supervisors that were started."""
    numbers: list[int] = []
    detached = local.detached

    def noted(*arguments: object) -> int:
        numbers.append(detached(*arguments))  # type: ignore[arg-type]
        return numbers[-1]

    monkeypatch.setattr(local, "detached", noted)
    yield numbers


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_full_disk_at_submission_leaves_nothing(
    after: int, drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    """Full at the description, at the ticket, or when its processes are noted."""
    with monkeypatch.context() as patched:
        patched.setattr(disk, "replacing", filling(after))
        with pytest.raises(OSError, match="No space left"):
            drill()
    assert left() == set()
    assert list_jobs() == []
    assert len(started) == (after == 2)
    until(lambda: not any(psutil.pid_exists(number) for number in started))
    job = drill(steps=1)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log


def test_a_full_disk_at_resumption_leaves_the_job_as_it_was(
    drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = drill(steps=100_000)
    until(lambda: job.progress is not None and job.progress.step > 1)
    found = local.worker(job, 1)
    assert found is not None
    found.kill()
    until(lambda: job.state is State.INTERRUPTED)
    with monkeypatch.context() as patched:
        patched.setattr(disk, "replacing", filling(1))
        with pytest.raises(OSError, match="No space left"):
            resume(job)
    assert job.attempt == 1
    assert job.state is State.INTERRUPTED
    assert not list(tickets_folder("device").iterdir())


def test_a_job_whose_two_processes_were_killed_says_so(drill: Drill, until: Until) -> None:
    job = drill(steps=100_000)
    until(lambda: job.progress is not None and job.progress.step > 1)
    supervisor, work = process(read(job.files.submit(1))["supervisor"]), local.worker(job, 1)
    assert supervisor is not None
    assert work is not None
    supervisor.kill()
    work.kill()
    until(lambda: not job.state.live)
    assert job.state is State.INTERRUPTED
    assert "ended by SIGKILL" in job.reason and "resume it" in job.reason


def test_a_path_that_is_not_utf8_is_refused(workspace: Path) -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        submit("infer", {"checkpoint": "/c", "dataset": os.fsdecode(b"/d/caf\xe9")})
    assert not left()
