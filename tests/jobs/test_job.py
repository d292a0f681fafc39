import json
import math
import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import State, find_job, list_jobs, open_job
from dermxai.jobs.files import JobFiles
from dermxai.jobs.job import Job
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.records import identity, process, write
from tests.odd import ordinary

HERE = identity(os.getpid())
GONE = {"pid": os.getpid(), "create_time": 0.0}  # this number belonged to another process once


def make(name: str = "one", submitted: float | None = None) -> Job:
    spec = {
        "kind": "project",
        "arguments": {"run": "somewhere"},
        "title": "Feature map",
        "lane": "processor",
        "submitted": time.time() if submitted is None else submitted,
    }
    write(JobFiles(paths.jobs() / name).spec, spec)
    return find_job(name)


def note(job: Job, **changes: Any) -> None:
    content = {
        "phase": "images",
        "step": 30,
        "total": 100,
        "first": 10,
        "began": 1000.0,
        "updated": 1010.0,
        "figures": {},
    }
    write(job.files.progress(job.attempt), content | changes)


def test_a_job_just_submitted_is_queued() -> None:
    assert make().state is State.QUEUED


def test_a_job_that_nobody_launched_is_interrupted() -> None:
    assert make(submitted=time.time() - 60).state is State.INTERRUPTED


def test_a_living_process_waits_then_runs() -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": HERE})
    assert job.state is State.QUEUED
    write(job.files.supervisor(1), {"worker": HERE})
    note(job)
    assert job.state is State.RUNNING
    assert job.state.live


def test_a_process_is_known_again_when_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    known = identity(os.getpid())
    boot_time = psutil.boot_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot_time() - 3600)
    created = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) - 3600)
    assert process(known)
    assert not process(known | {"since_boot": known["since_boot"] + 1})


def test_a_process_that_is_gone_without_a_result_is_interrupted() -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    note(job)
    assert job.state is State.INTERRUPTED
    assert not job.state.live


def test_a_process_that_is_gone_after_a_request_to_stop_is_cancelled() -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    job.files.cancel(1).touch()
    assert job.state is State.CANCELLED


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_a_result_says_how_it_ended(state: State) -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    write(job.files.result(1), {"state": state, "value": {"run": "there"}, "error": "why"})
    assert job.state is state
    assert job.result == {"run": "there"}
    assert job.error == "why"


@pytest.mark.parametrize(
    "result", ["", '{"state": "succ', "[]", "{}", '{"state": "exploded"}', '{"state": null}']
)
def test_a_damaged_result_is_none(result: str) -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    job.files.result(1).write_text(result)
    assert job.state is State.INTERRUPTED
    assert job.resumable
    assert (job.result, job.error) == ({}, "")
    assert "SIGKILL" in job.reason
    write(job.files.submit(1), {"supervisor": HERE})
    assert job.state is State.QUEUED


def test_the_newest_attempt_counts() -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    write(job.files.result(1), {"state": State.FAILED, "error": "why"})
    write(job.files.submit(2), {"supervisor": HERE})
    assert job.attempt == 2
    assert job.state is State.QUEUED
    assert job.error == ""
    assert job.progress is None


def test_progress_tells_the_time_left_at_the_pace_so_far() -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    note(job)
    progress = job.progress
    assert progress is not None
    assert (progress.step, progress.total, progress.fraction) == (30, 100, 0.3)
    assert progress.elapsed == 10
    assert progress.eta == pytest.approx(70 * 10 / 20)


@pytest.mark.parametrize("changes", [{"step": 10}, {"total": 0}])
def test_time_left_is_nan_where_it_cannot_be_told(changes: dict[str, int]) -> None:
    job = make()
    write(job.files.submit(1), {"supervisor": GONE})
    note(job, **changes)
    assert job.progress is not None
    assert math.isnan(job.progress.eta)


def test_jobs_are_listed_newest_first() -> None:
    assert list_jobs() == []
    old, new = make("b", submitted=1.0), make("a", submitted=2.0)
    (paths.jobs() / "no job").mkdir()
    assert [job.id for job in list_jobs()] == [new.id, old.id]


@pytest.mark.parametrize(
    "spec", ["", '{"kind": "tr', "[]", "{}", '{"kind": "train"}', '{"colour": "red"}', "\xff"]
)
def test_a_damaged_folder_is_no_job_and_the_others_are_listed(spec: str) -> None:
    job = make()
    damaged = JobFiles(paths.jobs() / "two")
    damaged.root.mkdir()
    damaged.spec.write_text(spec, "latin-1")
    assert list_jobs() == [job]
    with pytest.raises(InputError, match=r"spec\.json is missing, damaged or of another version"):
        open_job(damaged.root)
    with pytest.raises(InputError, match="'two'"):
        find_job("two")


def test_a_job_of_another_version_is_left_out(workspace: Path) -> None:
    job = make()
    spec = json.loads(job.files.spec.read_text())
    write(JobFiles(paths.jobs() / "newer").spec, spec | {"colour": "red"})
    assert list_jobs() == [job]


def test_a_job_kept_as_quality_opens_as_faithfulness_and_its_folder_stays_as_it_was() -> None:
    """Verbs, jobs and notices called it so before version 0.2."""
    spec = {
        "kind": "quality",
        "arguments": {"run": "somewhere", "images": 12},
        "title": "Quality of maps (12 images)",
        "lane": "device",
        "submitted": time.time(),
    }
    files = JobFiles(paths.jobs() / "20260101-000000-quality-abc")
    write(files.spec, spec)
    write(files.submit(1), {})
    write(files.result(1), {"state": State.SUCCEEDED, "value": {"results": "all"}})
    kept = files.spec.read_bytes()
    job = find_job(files.root.name)
    assert (job.kind, job.title) == ("faithfulness", "Quality of maps (12 images)")
    assert (job.state, job.arguments["images"]) == (State.SUCCEEDED, 12)
    assert job.result == {"results": "all"}
    assert files.spec.read_bytes() == kept
    assert list_jobs() == [job] and find_kind(spec["kind"]) is find_kind("faithfulness")
    write(files.spec, spec | {"arguments": {"run": "somewhere", "images": "twelve"}})
    with pytest.raises(InputError, match="images"):
        open_job(files.root)


@pytest.mark.parametrize("changes", [{"submitted": "now"}, {"arguments": []}, {"where": None}])
def test_a_job_whose_spec_is_of_another_kind_is_left_out(changes: dict[str, Any]) -> None:
    job = make()
    spec = json.loads(job.files.spec.read_text())
    write(JobFiles(paths.jobs() / "changed").spec, spec | changes)
    assert list_jobs() == [job]


@pytest.mark.parametrize("whole", [True, False])
def test_a_job_of_somebody_who_keeps_it_to_himself_is_left_out(whole: bool) -> None:
    job, other = make("one"), make("two")
    (other.root if whole else other.files.spec).chmod(0)
    with ordinary():
        assert list_jobs() == [job]
    other.root.chmod(0o700)


def test_unknown_jobs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"spec\.json"):
        open_job(tmp_path)
    with pytest.raises(InputError, match="'nobody'"):
        find_job("nobody")


def test_a_spec_is_what_was_asked(workspace: Path) -> None:
    job = make()
    assert json.loads(job.files.spec.read_text())["arguments"] == job.arguments
    assert job.root.is_relative_to(workspace)
