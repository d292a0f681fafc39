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

from dermxai.cli import app, jobs, main, reader_studies
from dermxai.core import paths
from dermxai.core.formatting import interval_basis
from dermxai.explain.faithfulness import results
from dermxai.explain.faithfulness.results import open_results
from dermxai.metrics.basis import basis
from dermxai.runs import open_run
from tests.exported import check_json
from tests.generated import generated_run, rewrite, trained_here
from tests.readers.studies import drawn, written

WITH_INTERVALS = {
    *("causes", "compare", "evaluate", "faithfulness", "quality", "remedy", "report"),
    *("subgroups", "shift"),
}
WITHOUT = {
    *("demo", "plugins", "infer", "import", "import-embeddings", "explain", "methods", "project"),
    *("fetch", "maps", "doctor", "withdraw", "labels"),
    "image-quality",
}
OF_JOBS = {"submit", "list", "show"}
OF_READERS = {"list", "show", "codes", "analyse", "power", "published"}


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
    assert offering(reader_studies.app) == OF_READERS
    files = list((paths.PROJECT / "dermxai" / "cli").glob("*.py"))
    assert len(files) > len(WITH_INTERVALS | WITHOUT)
    for file in files:
        if file.name == "reader_studies.py":  # a table of answers, of which nothing is estimated
            continue
        text = file.read_text("utf-8").lower()
        assert "csv" not in text.replace("csv/tsv", ""), f"{file} writes a table"


def test_a_reader_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answers = written(tmp_path, drawn(1))
    said = json.loads(printed(capsys, "readers", "analyse", answers, "--device", "net", "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients") > 10
    asked = ("--difference", "0.1", "--readers", 4, "--cases", 48, "--device", "net", "--json")
    said = json.loads(printed(capsys, "readers", "power", answers, *asked))
    assert said["intervals"] == basis("drawn studies")
    said = json.loads(printed(capsys, "readers", "published", "--json"))
    assert said["intervals"] == basis("cases")


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
    said = json.loads(printed(capsys, "report", "generated", "--pairs", "0", "--json"))
    assert check_json(said, "patients") > 100
    assert f"{interval_basis(basis('patients'))}: Wilson" in printed(
        capsys, "evaluate", "generated"
    )


def test_subgroups(capsys: pytest.CaptureFixture[str]) -> None:
    generated_run(paths.runs() / "generated", images=120, classes=("MN", "BCC"))
    said = json.loads(printed(capsys, "subgroups", "generated", "--by", "sex", "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients") > 3
    shown = printed(capsys, "subgroups", "generated", "--by", "sex", "--per", "patient")
    assert interval_basis(basis("patients")) in shown and "female" in shown
    for part in ("worst_slices", "error_tree"):
        assert said[part]["intervals"] == basis("patients")
    assert "Worst slices" in shown and "Error tree" in shown


def test_the_shift_of_a_split_and_image_quality(capsys: pytest.CaptureFixture[str]) -> None:
    generated_run(paths.runs() / "generated", images=200, classes=("MN", "BCC"), heads={"final": 4})
    said = json.loads(printed(capsys, "shift", "generated", "--json"))
    assert said["intervals"] == basis("patients") and 0 < said["features"]["p"] <= 1
    assert interval_basis(basis("patients")) in printed(capsys, "shift", "generated")
    measured = json.loads(printed(capsys, "image-quality", "generated", "--json"))
    assert len(measured["images"]) == 200 and "sharpness" in measured["images"][0]
    assert "Median" in printed(capsys, "image-quality", "generated")


def test_the_causes_of_a_pair(capsys: pytest.CaptureFixture[str]) -> None:
    run = generated_run(paths.runs() / "generated", images=150, classes=("MN", "BCC"))
    said = json.loads(printed(capsys, "causes", "generated", "MN", "BCC", "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients") > 4
    assert [each["cause"] for each in said["causes"]] == [
        *("border", "head", "features", "labels", "image", "shortcut", "balance", "data")
    ]
    assert said["origin" if "origin" in said else "run"]
    shown = printed(capsys, "causes", "generated", "MN", "BCC")
    assert all(line in shown for line in said["conclusion"])
    assert len(said["conclusion"]) > 1
    assert run.root.joinpath("causes").is_dir()


def test_a_stack_of_remedies(capsys: pytest.CaptureFixture[str]) -> None:
    generated_run(paths.runs() / "generated", images=400, heads={"final": 4})
    line = ("remedy", "generated", "--stack", "logit_offset")
    said = json.loads(printed(capsys, *line, "--json"))
    assert said["intervals"] == basis("patients") and check_json(said, "patients")
    assert interval_basis(basis("patients")) in printed(capsys, *line)


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
    assert interval_basis(basis("patients")) in shown and few in shown
    old = replace(open_results(open_run(run)), outdated=("grad_cam",))
    monkeypatch.setattr(results, "open_results", lambda *_: old)
    said = json.loads(printed(capsys, "quality", run, *which, "--json"))
    assert said["outdated"] == ["grad_cam"] and "an older version" in said["notes"][0]
    assert said["notes"][0] in printed(capsys, "quality", run, *which)
