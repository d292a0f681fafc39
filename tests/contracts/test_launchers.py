"""What every launcher must hold to."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from dermxai.core import paths
from dermxai.jobs.files import JobFiles
from dermxai.jobs.job import Job, State, find_job
from dermxai.jobs.launchers import LAUNCHERS, Launcher, Status
from dermxai.jobs.records import write

SAID: tuple[Any, ...] = (
    *({}, [], None, {"supervisor": None}, {"supervisor": {"pid": "x"}}, {"slurm": 5}),
    *({"supervisor": {"pid": 1}, "slurm": ""}, {"slurm": "x" * 999, "array": "\0"}),
)


@pytest.fixture(params=LAUNCHERS.all().values(), ids=list(LAUNCHERS.all()))
def launcher(request: pytest.FixtureRequest) -> Launcher:
    made: Launcher = request.param
    return made


def job_of(launcher: Launcher, said: Any) -> Job:
    spec = {"kind": "k", "arguments": {}, "title": "", "lane": "device", "submitted": 0.0}
    files = JobFiles(paths.jobs() / "one")
    write(files.spec, spec | {"where": launcher.name})
    write(files.submit(1), said)
    return find_job("one")


def test_all_are_used() -> None:
    assert LAUNCHERS.left_out() == ()
    assert {"local", "slurm"} <= set(LAUNCHERS.all())


def test_it_says_where_and_whether_it_can_be_used(launcher: Launcher, workspace: Path) -> None:
    reason = launcher.available()
    assert reason == "" or reason.endswith(".")
    size = launcher.size()
    assert set(size) <= {"devices", "nodes"} and all(value >= 1 for value in size.values())


@pytest.mark.parametrize("said", SAID, ids=repr)
def test_whatever_was_noted_its_status_is_of_known_values(
    launcher: Launcher, workspace: Path, said: Any
) -> None:
    job = job_of(launcher, said)
    status = launcher.status(job, 1)
    assert isinstance(status, Status) and status.state in {"queued", "running", None}
    assert isinstance(status.reason, str) and isinstance(launcher.log(job, 1), Path)
    assert job.state in set(State)


def test_the_states_of_a_launcher_are_states_of_jobs() -> None:
    (asked,) = (each for each in fields(Status) if each.name == "state")
    words, nothing = get_args(get_type_hints(Status)[asked.name])
    assert all(State(word).live for word in get_args(words)) and nothing is type(None)


@dataclass(frozen=True, kw_only=True)
class Nowhere(Launcher):
    def launch(self, job: Job, attempt: int) -> dict[str, Any]:
        raise NotImplementedError

    def withdraw(self, said: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def status(self, job: Job, attempt: int) -> Status:
        return Status(None)

    def stop(self, job: Job, attempt: int, grace: float) -> None:
        raise NotImplementedError

    def log(self, job: Job, attempt: int) -> Path:
        return job.root


class Fewer(Nowhere):
    def status(self, job: Job) -> Status:  # type: ignore[override]
        return Status(None)


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Nowhere(name="nowhere", title=""), "title is '': string should have at least 1"),
        (Nowhere(name="No where", title="x"), "name is 'No where': string should match"),
        (Nowhere(name="local", title="x"), "There is another launcher 'local'."),
        (Fewer(name="fewer", title="x"), "status takes self, job; expected self, job, attempt."),
    ],
)
def test_a_wrong_one_is_found_as_it_is_loaded(made: Launcher, fault: str) -> None:
    assert any(fault in each for each in LAUNCHERS.faults_of(made, LAUNCHERS.all()))
    assert list(LAUNCHERS.faults_of(Nowhere(name="nowhere", title="x"), LAUNCHERS.all())) == []
