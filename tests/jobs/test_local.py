"""Real processes."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, cancel, list_jobs, resume, submit
from dermxai.jobs.launchers.local import worker
from dermxai.runs import open_run
from tests.generated import generated_run
from tests.jobs.conftest import Until


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A table of 3,000 images that share four small files: a few seconds of work."""
    generated_run(tmp_path / "data", images=3000, heads={"final": 1})
    return tmp_path / "data" / "dataset.csv"


def shards(job: Job) -> dict[str, int]:
    found = paths.runs().glob("*/shards/*.npz")
    return {path.name: path.stat().st_mtime_ns for path in found}


def test_killed_it_is_interrupted_and_resumes_with_what_it_had(
    tiny_checkpoint: Path, dataset: Path, until: Until
) -> None:
    arguments = {"checkpoint": str(tiny_checkpoint), "dataset": str(dataset)}
    job = submit("infer", arguments)
    assert submit("infer", arguments).id == job.id
    until(lambda: len(shards(job)) > 2)
    assert job.state is State.RUNNING
    process = worker(job, 1)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not job.state.live)
    assert job.state is State.INTERRUPTED
    before = shards(job)

    resume(job)
    until(lambda: len(shards(job)) > len(before))
    after = shards(job)
    assert {name: after[name] for name in before} == before
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert job.attempt == 2
    assert "attempt 2." in job.log and "Succeeded." in job.log
    assert len(open_run(job.result["run"])) == 3000
    with pytest.raises(InputError, match="succeeded"):
        resume(job)


def test_a_cancelled_job_is_gone_and_its_work_kept(
    tiny_checkpoint: Path, dataset: Path, until: Until
) -> None:
    job = submit("infer", {"checkpoint": str(tiny_checkpoint), "dataset": str(dataset)})
    until(lambda: shards(job))
    process = worker(job, 1)
    assert process is not None
    cancel(job)
    assert job.state is State.CANCELLED
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert shards(job)
    assert submit("infer", dict(job.arguments)).id != job.id


@pytest.mark.parametrize(
    ("kind", "arguments", "complaint"),
    [
        ("nonsense", {}, "demo"),
        ("infer", {"dataset": "somewhere"}, "checkpoint"),
        ("project", {"run": "somewhere", "colour": "red"}, "colour"),
        ("infer", {"checkpoint": "a", "dataset": "b", "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    kind: str, arguments: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        submit(kind, arguments)
    assert list_jobs() == []


def test_bad_input_fails_the_job_with_its_sentence(until: Until) -> None:
    job = submit("project", {"run": "/nowhere"})
    until(lambda: not job.state.live)
    assert job.state is State.FAILED
    assert "holds no run.json" in job.error
