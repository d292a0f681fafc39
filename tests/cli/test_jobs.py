import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dermxai.cli import jobs as commands
from dermxai.core import paths
from dermxai.jobs import State, find_job, list_jobs, submit
from dermxai.jobs.files import JobFiles
from dermxai.jobs.records import write
from tests.cli.conftest import Command
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


def test_submitted_followed_and_deleted() -> None:
    generated_run(paths.runs() / "some", images=40)
    job_id = jobs("submit", "project", "run=some", "method=pca").strip()
    jobs("logs", job_id, "--follow")
    assert find_job(job_id).state is State.SUCCEEDED
    said = json.loads(jobs("show", job_id, "--json"))
    assert (said["where"], said["arguments"]["method"]) == ("local", "pca")
    jobs("delete", job_id)
    assert list_jobs() == []


def test_jobs_are_listed_shown_and_logged(command: Command) -> None:
    assert command("jobs", "list") == (0, "", "")
    job = submit("project", {"run": "/nowhere"})
    while job.state.live:
        time.sleep(0.05)
    _, out, err = command("jobs", "list")
    assert job.id in out
    assert "failed" in out
    assert err == f"{job.id}: {job.reason}\n"
    _, out, _ = command("jobs", "show", job.id, "--json")
    said = json.loads(out)
    assert said["state"] == State.FAILED
    assert "run.json" in said["reason"]
    assert f"Failed. {said['reason']}" in command("jobs", "logs", job.id)[1]
    assert command("jobs", "cancel", job.id) == (0, "failed\n", "")
    assert [found.id for found in list_jobs()] == [job.id]


def test_an_undefined_figure_is_null(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Macro AUC is undefined where validation holds one class only."""
    root = paths.jobs() / "one"
    spec = {"kind": "train", "arguments": {"dataset": "/d", "output": "/o"}}
    spec |= {"title": "", "lane": "device", "submitted": 1.7e9}
    write(JobFiles(root).spec, spec)
    write(JobFiles(root).submit(1), {})
    figures = {"loss": 0.5, "macro_auc": math.nan}
    noted = {"phase": "training", "step": 1, "total": 2, "first": 1, "began": 1.0, "updated": 1.0}
    write(JobFiles(root).progress(1), {**noted, "figures": figures})
    commands.list_(json=True)
    (listed,) = json.loads(capsys.readouterr().out)
    commands.show("one", json=True)
    shown = json.loads(capsys.readouterr().out)
    assert listed == shown
    assert shown["progress"]["figures"] == {"loss": 0.5, "macro_auc": None}
    assert shown["progress"]["eta"] is None
