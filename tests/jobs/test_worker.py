import errno
import json
import os
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from dermxai.core import paths
from dermxai.core.errors import DivergenceError, InputError
from dermxai.jobs import State, resume, worker
from dermxai.jobs.files import JobFiles
from dermxai.jobs.job import Job, find_job
from dermxai.jobs.records import identity, write


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr("signal.signal", lambda *_: None)


def make(name: str = "one", submitted: float = 0.0) -> Job:
    spec = {"kind": "k", "arguments": {"n": 3}, "title": "", "lane": "lane"}
    write(JobFiles(paths.jobs() / name).spec, spec | {"submitted": submitted})
    write(JobFiles(paths.jobs() / name).submit(1), {"supervisor": identity(os.getpid())})
    return find_job(name)


def kind(run: Callable[..., Any]) -> Callable[[str], Any]:
    return lambda name: SimpleNamespace(run=run)


def test_what_a_kind_returns_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "find_kind", kind(lambda report, n: {"n": n}))
    job = make()
    assert worker.work(job, 1) is State.SUCCEEDED
    assert job.state is State.SUCCEEDED
    assert job.result == {"n": 3}


def test_bad_input_is_one_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(report: object, n: int) -> None:
        raise InputError("No such thing.")

    monkeypatch.setattr(worker, "find_kind", kind(run))
    job = make()
    assert worker.work(job, 1) is State.FAILED
    assert job.error == "No such thing."
    assert capfd.readouterr() == ("", "")


def test_an_unexpected_error_is_named_and_its_traceback_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "find_kind", kind(lambda report, n: 1 / 0))
    job = make()
    assert worker.work(job, 1) is State.FAILED
    assert job.error == "ZeroDivisionError: division by zero"
    assert "Traceback" in capfd.readouterr().err


def test_time_left_that_the_work_tells_is_shown_and_no_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make()
    seen = []

    def run(report: Callable[..., None], n: int) -> None:
        report("work", 0, n, {"loss": 2.0})
        report("work", n, n, {"loss": 1.0, "left": 28.0})
        seen.append(job.progress)

    monkeypatch.setattr(worker, "find_kind", kind(run))
    assert worker.work(job, 1) is State.SUCCEEDED
    (progress,) = seen
    assert progress.eta == pytest.approx(28, abs=3), "its pace says 0"
    assert progress.figures == {"loss": 1.0}
    assert "left" not in job.files.figures(1).read_text()


def test_a_report_ends_cancelled_work(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make()

    def run(report: Callable[..., None], n: int) -> None:
        report("work", 1, n)
        job.files.cancel(1).touch()
        report("work", 2, n)
        pytest.fail("the report should have ended it")

    monkeypatch.setattr(worker, "find_kind", kind(run))
    assert worker.work(job, 1) is State.CANCELLED
    assert job.state is State.CANCELLED


def test_an_interruption_that_nobody_asked_for_can_be_resumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(report: object, n: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "find_kind", kind(run))
    job = make()
    assert worker.work(job, 1) is State.INTERRUPTED
    assert not job.files.result(1).exists()


def test_a_training_that_diverged_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(report: object, n: int) -> None:
        raise DivergenceError("The loss became nan; lower learning_rate.")

    monkeypatch.setattr(worker, "find_kind", kind(run))
    job = make()
    assert worker.work(job, 1) is State.FAILED
    assert not job.resumable
    with pytest.raises(InputError, match="would fail again"):
        resume(job)


def test_a_full_disk_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(report: object, n: int) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "weights")
        except OSError as error:
            raise RuntimeError("could not save") from error

    monkeypatch.setattr(worker, "find_kind", kind(run))
    job = make()
    assert worker.work(job, 1) is State.FAILED
    assert "disk is full" in job.error
    assert "weights" in job.error
    assert capfd.readouterr() == ("", "")
    assert not job.files.reserve(1).exists()


def test_only_the_first_process_of_several_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(report: Callable[..., None], n: int) -> None:
        report("work", 1, n, {"loss": 1.0})

    monkeypatch.setattr(worker, "find_kind", kind(run))
    monkeypatch.setenv("SLURM_PROCID", "1")
    job = make()
    assert worker.work(job, 1) is State.SUCCEEDED
    assert {path.name for path in job.root.iterdir()} == {"spec.json", "submit-1.json"}


def test_notes_are_few_and_the_last_one_is_kept() -> None:
    job = make()
    notes = worker.Notes(job, 1)
    written = set()
    for step in range(101):
        notes("work", step, 100, {"loss": 1 / (step + 1)})
        written.add(json.loads(job.files.progress(1).read_text())["step"])
    assert job.progress is not None
    assert job.progress.step == 100
    assert job.progress.figures == {"loss": 1 / 101}
    assert len(written) < 50
    (kept,) = job.files.figures(1).read_text().splitlines()
    assert json.loads(kept)["loss"] == 1.0


def test_a_new_phase_is_noted_at_once() -> None:
    job = make()
    notes = worker.Notes(job, 1)
    notes("first", 5, 10)
    notes("second", 7, 10)
    noted = json.loads(job.files.progress(1).read_text())
    assert (noted["phase"], noted["first"]) == ("second", 7)


def test_a_clock_that_is_set_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make()
    notes = worker.Notes(job, 1)
    notes("work", 1, 100, {"loss": 1.0})
    clock, passed = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: clock() - 3600)
    monkeypatch.setattr(time, "monotonic", lambda: passed() + 10)
    notes("work", 2, 100, {"loss": 0.5})
    progress = job.progress
    assert progress is not None
    assert (progress.step, progress.elapsed) == (2, pytest.approx(10, abs=1))
    assert len(job.files.figures(1).read_text().splitlines()) == 2
