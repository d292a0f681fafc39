"""Runs whose networks were trained alike: mean ± SD over seeds and splits."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core import paths
from dermxai.models.files import CheckpointFiles
from dermxai.report.comparison import compared, trainings_table, write
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.cli.test_compare import changed
from tests.generated import generated_run, trained


def made(name: str, recipe: dict[str, object] | None, noise: int) -> Run:
    """Predictions of a network of its own; every second one at random where ``noise``."""
    run = trained(generated_run(paths.runs() / name, 150))
    if noise:
        logits = np.load(RunFiles(run.root).logits)
        drawn = np.random.default_rng(noise).standard_normal(logits[::2].shape)
        logits[::2] = drawn
        np.save(RunFiles(run.root).logits, logits)
    file = CheckpointFiles(Path(run.checkpoint["path"])).model
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | ({"recipe": recipe} if recipe else {})))
    return changed(open_run(run.root), id=name[0] * 16, checkpoint__name=name)


def test_trainings_of_one_recipe_have_a_mean_and_a_deviation(tmp_path: Path) -> None:
    same = {"epochs": 4, "stage 2": {"size": 300}}
    runs = [
        made("a", same | {"seed": 0, "split": "one", "stage 2": {"size": 300, "seed": 1}}, 1),
        made("b", same | {"seed": 1, "split": "two", "stage 2": {"size": 300, "seed": 2}}, 2),
        made("c", same | {"seed": 2, "epochs": 5}, 3),
        made("d", None, 0),
    ]
    found = compared(runs)
    assert found.trained_alike == {"a": ("a", "b")}
    told = found.as_json()["trained_alike"]
    assert told["models"] == {"a": ["a", "b"]}
    (top1,) = [row for row in told["measures"] if row["measure"] == "top1_accuracy"]
    values = [(run.predicted == run.samples["label"]).mean() for run in runs[:2]]
    assert top1["mean"] == pytest.approx(np.mean(values)) and top1["trainings"] == 2
    assert top1["sd"] == pytest.approx(np.std(values, ddof=1)) and top1["sd"] > 0
    (row,) = trainings_table(found).to_dict("records")
    shown = f"{100 * np.mean(values):.1f} ± {100 * np.std(values, ddof=1):.1f}"
    assert row["Top-1 accuracy"] == shown and row["Trained alike"] == "a, b"
    assert "AUC" in trainings_table(found, "EAD")
    files = {file.name: file for file in write(found, tmp_path)}
    rows = pd.read_csv(files["trainings.csv"])
    assert set(rows["model"]) == {"a"} and {"mean", "sd", "split"} <= set(rows)
    assert "Mean ± SD" not in files["tables.tex"].read_text("utf-8")  # ± as LaTeX has it
    assert r"Mean $\pm$ SD of trainings" in files["tables.tex"].read_text("utf-8")


def test_models_that_do_not_tell_their_recipe_are_no_group(tmp_path: Path) -> None:
    found = compared([made("a", None, 1), made("b", None, 2)])
    assert found.trained_alike == {} and trainings_table(found).empty
    assert "trainings.csv" not in {file.name for file in write(found, tmp_path)}
