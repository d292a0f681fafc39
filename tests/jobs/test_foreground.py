import os
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from dermxai.core.errors import InputError
from dermxai.jobs import foreground, queue
from dermxai.jobs.gpus import VISIBLE, gpus
from dermxai.jobs.kinds.explain import EXPLAIN
from dermxai.jobs.kinds.project import PROJECT


@pytest.fixture(autouse=True)
def two_gpus(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    monkeypatch.delenv(VISIBLE, raising=False)
    for name in foreground._STARTED_BY_OTHERS:
        monkeypatch.delenv(name, raising=False)


def silent(*_: Any) -> None:
    """Reports and sentences are not what these tests look at."""


def seen_by(kind: Any, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> tuple[str, bool]:
    """The GPUs that a kind of job sees in the foreground, and whether a job could take both."""
    seen: list[tuple[str, bool]] = []

    def run(self: object, report: Any, **given: Any) -> str:
        taken = queue.take(gpus() if VISIBLE not in os.environ else ["0", "1"], 2)
        for descriptor in (taken or {}).values():
            os.close(descriptor)
        seen.append((os.environ.get(VISIBLE, "all"), taken is not None))
        return "done"

    monkeypatch.setattr(type(kind), "run", run)
    assert foreground.work(kind.name, arguments, silent, silent) == "done"
    assert VISIBLE not in os.environ
    return seen[0]


def test_work_keeps_jobs_off_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by(EXPLAIN, monkeypatch) == ("0", False)
    assert queue.take(gpus(), 2), "given back at the end"


def test_several_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by(EXPLAIN, monkeypatch, devices=2) == ("0,1", False)


def test_a_gpu_that_a_job_uses_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held = queue.take(["0"], 1)
    assert held
    assert seen_by(EXPLAIN, monkeypatch) == ("1", False)


@pytest.mark.parametrize("arguments", [{"device": "cpu"}, {"device": "cuda:1"}])
def test_a_device_by_name_waits_for_nobody(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seen_by(EXPLAIN, monkeypatch, **arguments) == ("all", True)


def test_work_that_needs_no_gpu_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by(PROJECT, monkeypatch) == ("all", True)


@pytest.mark.parametrize("name", foreground._STARTED_BY_OTHERS)
def test_an_allocation_has_its_gpus_already(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert seen_by(EXPLAIN, monkeypatch) == ("all", True)


def test_it_waits_while_jobs_use_all(monkeypatch: pytest.MonkeyPatch) -> None:
    held = queue.take(gpus(), 2)
    assert held
    waiting = Event()
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        waiting.set()

    monkeypatch.setattr(type(EXPLAIN), "run", lambda self, report: os.environ[VISIBLE])
    found: list[str] = []
    thread = Thread(target=lambda: found.append(foreground.work("explain", {}, silent, say)))
    thread.start()
    assert waiting.wait(30)
    os.close(held["1"])
    thread.join(30)
    assert found == ["1"]
    assert len(said) == 1
    assert "no job uses" in said[0]


def test_gpus_are_given_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, report: Any) -> None:
        raise InputError("no such checkpoint")

    monkeypatch.setattr(type(EXPLAIN), "run", fails)
    with pytest.raises(InputError):
        foreground.work("explain", {}, silent, silent)
    assert queue.take(gpus(), 2)
