"""Every interval that the command line prints for programs tells what it rests on."""

import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.cli import app, jobs, main
from dermxai.core import paths
from dermxai.explain.faithfulness import results
from dermxai.explain.faithfulness.results import open_results
from dermxai.metrics.basis import basis, in_words
from dermxai.runs import open_run
from tests.exported import check_json
from tests.generated import generated_run, rewrite, trained_here

WITH_INTERVALS = {"evaluate", "faithfulness", "quality", "report"}
WITHOUT = {"demo", "plugins", "infer", "explain", "methods", "project", "doctor", "withdraw"}
OF_JOBS = {"submit", "list", "show"}


def offering(app: object) -> set[str]:
    """Commands that print JSON."""
    return {
        command.name or command.callback.__name__.strip("_")
        for command in app.registered_commands
        if "json" in inspect.signature(command.callback).parameters
    }


def printed(capsys: pytest.CaptureFixture[str], *line: object) -> str:
    capsys.readouterr()
    sys.argv = ["dermxai", *map(str, line)]
    assert main() == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])


def test_every_command_is_looked_at() -> None:
    assert offering(app.app) == WITH_INTERVALS | WITHOUT
    assert offering(jobs.app) == OF_JOBS
    files = list((paths.PROJECT / "dermxai" / "cli").glob("*.py"))
    assert len(files) > len(WITH_INTERVALS | WITHOUT)
    for file in files:
        text = file.read_text("utf-8").lower()
        assert "csv" not in text.replace("csv/tsv", ""), f"{file} writes a table"


def test_measures_the_premium_and_a_pair(capsys: pytest.CaptureFixture[str]) -> None:
    run = generated_run(paths.runs() / "generated", images=120)
    split = pd.Series(np.where(run.samples.index < 60, "train", "validation"))
    trained_here(rewrite(run, split=split), split)
    said = json.loads(printed(capsys, "evaluate", "generated", "--json"))
    assert said["intervals"] == said["leakage"]["premium"]["intervals"] == basis("patients")
    assert check_json(said, "patients") > 60
    assert check_json(said["leakage"], "patients") > 10
    said = json.loads(printed(capsys, "report", "generated", "--pair", "MN", "BCC", "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients")
    assert f"{in_words('patients')}: Wilson" in printed(capsys, "evaluate", "generated")


def test_a_study_of_maps(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tiny_checkpoint: Path,
) -> None:
    """What the page says of it, too: how few patients there are, and what is out of date."""
    rng, rows = np.random.default_rng(0), []
    for index in range(6):
        pixels = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        rows.append(f"{index},{index}.png,MN,p{index}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["sample_id,path,label,patient_id", *rows]))
    run = printed(capsys, "infer", tiny_checkpoint, table).strip()
    which = ("--images", 6, "--methods", "grad_cam", "--measures", "deletion_blur")
    said = json.loads(printed(capsys, "quality", run, *which, "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients")
    assert (said["outdated"], said["problems"]) == ([], [])
    (few,) = said["notes"]
    assert few.startswith("No verdict on Deletion (blur): fewer than")
    shown = printed(capsys, "quality", run, *which)
    assert in_words("patients") in shown and few in shown
    old = replace(open_results(open_run(run)), outdated=("grad_cam",))
    monkeypatch.setattr(results, "open_results", lambda *_: old)
    said = json.loads(printed(capsys, "quality", run, *which, "--json"))
    assert said["outdated"] == ["grad_cam"] and "an older version" in said["notes"][0]
    assert said["notes"][0] in printed(capsys, "quality", run, *which)
