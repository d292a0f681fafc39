"""What is asked of a cluster, without one."""

import os
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job
from dermxai.jobs.files import slurm_settings_file
from dermxai.jobs.launchers import slurm
from dermxai.jobs.slurm_settings import SlurmSettings, read_settings
from tests.odd import KINDS, ordinary


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "empty"])
def test_settings_that_are_something_else(workspace: Path, kind: str) -> None:
    workspace.mkdir()
    KINDS[kind](slurm_settings_file())
    with ordinary(), pytest.raises(InputError, match=r"slurm\.toml"):
        read_settings()


def test_settings_in_another_encoding_and_deep_ones(workspace: Path) -> None:
    workspace.mkdir()
    slurm_settings_file().write_bytes('partition = "kölner"'.encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8; expected TOML in UTF-8"):
        read_settings()
    slurm_settings_file().write_text("gpus = " + "[" * 50_000)
    with pytest.raises(InputError, match="is not TOML"):
        read_settings()
    assert os.path.lexists(slurm_settings_file())


@pytest.mark.parametrize(
    ("sbatch", "submitit", "words"),
    [(None, None, "no sbatch"), ("/bin/sbatch", None, "pip install submitit"),
     ("/bin/sbatch", object(), "")],
)  # fmt: skip
def test_what_is_missing_to_submit_is_told(
    sbatch: str | None, submitit: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm.shutil, "which", lambda name: sbatch)
    monkeypatch.setattr(slurm, "find_spec", lambda name: submitit)
    assert words in slurm.SLURM.available() and bool(slurm.SLURM.available()) == bool(words)


@pytest.mark.parametrize(
    ("offered", "gpus"),
    [
        ("(null)", 0),
        ("gpu:2", 2),
        ("gpu:a100:4(S:0-1)", 4),
        ("gpu:a100:2(S:0),gpu:t4:1(S:1),mps:400", 3),
        ("nic:8,gpu:h200:8", 8),
        ("", 0),
    ],
)
def test_gpus_of_a_node_as_sinfo_writes_them(offered: str, gpus: int) -> None:
    assert slurm._gpus(offered) == gpus


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (slurm._Answer(True, "(null)\ngpu:2(S:0)\n"), True),
        (slurm._Answer(True, "gpu:2\ngpu:a100:9\n"), False),
        (slurm._Answer(False, ""), False),  # who does not answer is asked by sbatch
    ],
)
def test_more_gpus_than_a_node_has_are_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, answer: slurm._Answer, refused: bool
) -> None:
    asked: list[list[str]] = []

    def ask(command: list[str]) -> slurm._Answer:
        asked.append(command)
        return answer

    monkeypatch.setattr(slurm, "_ask", ask)
    settings = SlurmSettings(partition="gpu", gpus=9)
    arguments = {"dataset": "/d", "output": "/o", "devices": 9, "nodes": 1}
    job = Job(paths.jobs() / "x", "train", arguments, "Training", "device", 0.0, "slurm")
    if refused:
        with pytest.raises(InputError, match=r"gpus is 9 .* gpu have at most 2"):
            slurm._check_gpus(job, settings)
    else:
        slurm._check_gpus(job, settings)
    assert asked[0][-2:] == ["-p", "gpu"]
