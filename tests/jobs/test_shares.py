"""The work of a job in several real processes, and what is the same about it."""

import io
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import State, shares, submit
from dermxai.jobs.files import JobFiles
from dermxai.jobs.kinds import check_arguments, find_kind
from dermxai.jobs.kinds.infer import INFER
from dermxai.jobs.launchers import local
from dermxai.jobs.launchers.local import worker
from dermxai.jobs.records import read, write
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run
from tests.jobs.conftest import Until
from tests.nightly import nightly

IMAGES = 600  # three shards


def quiet(*_: object) -> None:
    """Is told how far the work is."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    generated_run(tmp_path / "data", images=IMAGES, heads={"final": 1})
    return tmp_path / "data" / "dataset.csv"


def content(run: Path) -> dict[str, bytes]:
    files = RunFiles(run)
    kept = (files.logits, files.pooled, files.pictures, files.fingerprints)
    samples = pd.read_parquet(files.samples).to_csv().encode()
    return {path.name: path.read_bytes() for path in kept} | {"samples": samples}


def test_a_run_by_several_processes_is_the_same_to_the_last_bit_also_when_one_is_killed(
    tiny_checkpoint: Path, table: Path, until: Until
) -> None:
    arguments: dict[str, Any] = {"checkpoint": str(tiny_checkpoint), "dataset": str(table)}
    alone = Path(find_kind("infer").run(quiet, **arguments)["run"])
    expected = content(alone)
    shutil.rmtree(alone)
    job = submit("infer", arguments | {"shares": 2})
    found: list[psutil.Process] = []

    def sharing() -> bool:
        leader = worker(job, 1)
        found[:] = leader.children() if leader else []
        return len(found) == 2 or not job.state.live

    until(sharing)
    assert job.state is State.RUNNING, job.log
    os.kill(found[0].pid, signal.SIGKILL)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert Path(job.result["run"]) == alone
    assert content(alone) == expected
    assert len(open_run(alone)) == IMAGES
    assert "1 of 2 processes that share the work ended early" in job.log
    assert not (alone / "shards").exists() and not RunFiles(alone).sharing.exists()


@nightly
def test_who_shares_ends_with_the_job(tiny_checkpoint: Path, table: Path, until: Until) -> None:
    """However that ends."""
    arguments = {"checkpoint": str(tiny_checkpoint), "dataset": str(table), "shares": 2}
    job = submit("infer", arguments)
    found: list[psutil.Process] = []

    def sharing() -> bool:
        leader = worker(job, 1)
        found[:] = leader.children() if leader else []
        return len(found) == 2 or not job.state.live

    until(sharing)
    leader = worker(job, 1)
    assert leader is not None
    leader.kill()
    until(lambda: not any(_alive(process) for process in found))
    until(lambda: not job.state.live)
    assert job.state is State.INTERRUPTED


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@nightly
@pytest.mark.parametrize("common", [False, True], ids=["each its scale", "one scale"])
def test_maps_by_several_processes_are_the_same_files(
    common: bool, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    generated_run(tmp_path / "data", images=5, heads={"final": 1}, files=5)
    arguments = {
        "checkpoint": str(tiny_checkpoint),
        "images": [str(tmp_path / "data" / "dataset.csv")],
        "common_scale": common,
        "device": "cpu",
    }
    for name, of in (("alone", 1), ("shared", 2)):
        shutil.rmtree(paths.home() / "attributions", ignore_errors=True)
        find_kind("explain").run(quiet, **arguments, output=str(tmp_path / name), shares=of)
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("alone", "shared")
    )
    assert len(one) == 15
    assert one == other


def test_a_share_of_maps_does_its_own_images_alone(tiny_checkpoint: Path, tmp_path: Path) -> None:
    generated_run(tmp_path / "data", images=5, heads={"final": 1}, files=5)
    arguments = {
        "checkpoint": str(tiny_checkpoint),
        "images": [str(tmp_path / "data" / "dataset.csv")],
        "output": str(tmp_path / "maps"),
    }
    find_kind("explain").share(quiet, 1, 2, "", **arguments)
    made = {path.name.partition(".")[0] for path in (tmp_path / "maps").glob("*.npz")}
    assert made == {"image_00001", "image_00003"}


@pytest.mark.parametrize("number", [0, -1, 5000])
@pytest.mark.parametrize("kind", ["infer", "explain"])
def test_a_number_of_shares_that_cannot_be_is_refused(kind: str, number: int) -> None:
    own = {"dataset": "d"} if kind == "infer" else {"images": ["i"], "output": "o"}
    asked = {"checkpoint": "c", **own}
    check_arguments(find_kind(kind), asked | {"shares": 1024})
    with pytest.raises(InputError, match=r"shares is .*; expected a whole number from 1 to 1024"):
        check_arguments(find_kind(kind), asked | {"shares": number})


def test_shares_have_as_many_gpus_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    monkeypatch.setattr(local, "detached", lambda *_: os.getpid())
    for number, wanted in ((1, 1), (2, 2), (8, 2)):
        asked = {"checkpoint": "/c", "dataset": f"/d{number}", "shares": number}
        assert read(submit("infer", asked).files.submit(1))["slots"] == wanted


def test_each_share_sees_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Process:
        returncode, stdout = 0, io.StringIO()

        def __init__(self, *_: object, env: dict[str, str], **__: object) -> None:
            seen.append(env["CUDA_VISIBLE_DEVICES"])
            assert shares.SPREAD not in env
            self.stdin = open(os.devnull, "w")  # noqa: PTH123, SIM115

        def poll(self) -> int:
            return 0

        wait = poll

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    monkeypatch.setattr(shares.subprocess, "Popen", Process)
    shares.together("infer", INFER.arguments(checkpoint="c", dataset="d"), 3, "t", quiet)
    assert seen == ["GPU-a", "GPU-b", "GPU-a"]
    monkeypatch.setenv(shares.SHARED, "1")
    shares.together("infer", INFER.arguments(checkpoint="c", dataset="d"), 3, "t", quiet)
    assert len(seen) == 3, "an array has done it"


def test_how_far_an_array_is_is_told_together(workspace: Path) -> None:
    files = JobFiles(paths.jobs() / "one")
    arguments = {"checkpoint": "/data/mine", "dataset": "/data/lite"}
    spec = {"kind": "infer", "arguments": arguments, "title": "", "lane": "device"}
    write(files.spec, spec | {"submitted": 1.0})
    supervisor = {"supervisor": {"pid": 0}}
    write(files.submit(1), supervisor | {"shares": 4})
    from dermxai.jobs import open_job

    assert open_job(files.root).progress is None
    now = time.time()
    for index, step in enumerate((30, 50)):
        noted = {"phase": "images", "step": step, "total": 100, "first": 0, "figures": {}}
        write(files.share(1, index), noted | {"began": now - 10, "updated": now})
    progress = open_job(files.root).progress
    assert progress is not None
    assert (progress.phase, progress.step, progress.total) == ("images", 80, 400)
