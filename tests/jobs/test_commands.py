"""What the command line makes of a job's arguments."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dermxai import paths
from dermxai.errors import InputError
from dermxai.jobs import State, commands, find_job, list_jobs
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.records import write
from tests.generated import generated_run


def jobs(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "dermxai", "jobs", *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env=os.environ | {"DERMXAI_HOME": str(paths.home())},
    ).stdout


def test_arguments_are_texts_numbers_and_parts() -> None:
    texts = {
        "dataset": "here",
        "output": "/there",
        "recipe.epochs": "5",
        "recipe.architecture": "efficientnet_b0",
        "devices": "2",
        "device": "cpu",
    }
    given = commands._arguments(find_kind("train"), texts)
    assert given["dataset"] == str(Path("here").absolute())
    assert given["output"] == "/there"
    assert given["recipe"] == {"epochs": 5, "architecture": "efficientnet_b0"}
    assert (given["devices"], given["device"]) == (2, "cpu")
    with pytest.raises(InputError, match="recipe has a value and a part"):
        commands._arguments(find_kind("train"), {"recipe": "paper", "recipe.epochs": "5"})


def test_a_checkpoint_and_a_run_are_known_by_name(workspace: Path) -> None:
    generated_run(paths.runs() / "some", images=3)
    given = commands._arguments(find_kind("project"), {"run": "some"})
    assert given["run"] == str(paths.runs() / "some")
    embedded = commands._arguments(find_kind("infer"), {"checkpoint": "atlas-b4-heads"})
    assert embedded["checkpoint"] == str(paths.EMBEDDED_CHECKPOINTS / "atlas-b4-heads")


def test_submitted_followed_and_deleted() -> None:
    generated_run(paths.runs() / "some", images=40)
    job_id = jobs("submit", "project", "run=some", "method=pca").strip()
    jobs("logs", job_id, "--follow")
    assert find_job(job_id).state is State.SUCCEEDED
    said = json.loads(jobs("show", job_id, "--json"))
    assert (said["where"], said["arguments"]["method"]) == ("local", "pca")
    jobs("delete", job_id)
    assert list_jobs() == []


def test_an_undefined_figure_is_null(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Macro AUC is undefined where validation holds one class only."""
    root = paths.jobs() / "one"
    spec = {"kind": "train", "arguments": {}, "title": "", "lane": "device", "submitted": 1.7e9}
    write(paths.JobFiles(root).spec, spec)
    write(paths.JobFiles(root).submit(1), {})
    figures = {"loss": 0.5, "macro_auc": math.nan}
    noted = {"phase": "training", "step": 1, "total": 2, "first": 1, "began": 1.0, "updated": 1.0}
    write(paths.JobFiles(root).progress(1), {**noted, "figures": figures})
    commands.list_(json=True)
    (listed,) = json.loads(capsys.readouterr().out)
    commands.show("one", json=True)
    shown = json.loads(capsys.readouterr().out)
    assert listed == shown
    assert shown["progress"]["figures"] == {"loss": 0.5, "macro_auc": None}
    assert shown["progress"]["eta"] is None
