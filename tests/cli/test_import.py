"""``import`` and ``import-embeddings`` at the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import one_line

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def predictions(images: Path, tmp_path: Path) -> Path:
    file = tmp_path / "of-others.csv"
    file.write_text("picture,prob_nv,prob_bcc\nphotos/a.jpg,0.75,0.25\nb,0.5,0.5\n", "utf-8")
    return file


def test_predictions_become_a_run_that_all_verbs_read(
    command: Command, images: Path, predictions: Path
) -> None:
    options = ("--column", "label=what", "--column", "path=file")
    code, out, err = command("import", predictions, images, *options, "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["predictions"]["name"] == "of-others.csv" and "checkpoint" not in said
    assert "Imported from of-others.csv as probabilities (softmax): nv → MN, bcc → BCC" in err
    code, out, _ = command("import", predictions, images, *options)
    assert code == 0 and out.strip() == said["run"]
    code, out, err = command("evaluate", said["id"], "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["origin"]["imported"] is True and told["counts"]["evaluated"] == 2
    code, out, err = command("import", predictions, images, *options, "--as", "logits", "--json")
    assert code == 0 and json.loads(out)["id"] != said["id"]
    code, _, err = command("faithfulness", said["id"])
    assert code == 2 and "imported from of-others.csv, without a network" in err


def test_what_nobody_can_tell_is_one_line(
    command: Command, images: Path, predictions: Path, tmp_path: Path
) -> None:
    for options, said in {
        ("--as", "odds"): "Unknown kind of number 'odds'",
        ("--activation", "tanh"): "Unknown activation 'tanh'",
        ("--ids", "nothing"): "has no column 'nothing'; it has picture, prob_nv",
        ("--folds", "nothing"): "has no column 'nothing'",
        ("--classes", "nv"): "expected two or more, each once",
    }.items():
        code, out, err = command("import", predictions, images, *options)
        assert (code, out) == (2, "") and one_line(err) and said in err, (options, err)
    code, _, err = command("import", tmp_path / "gone.csv", images)
    assert code == 2 and one_line(err) and "gone.csv" in err


def test_embeddings_become_a_space_of_a_run(
    command: Command, images: Path, predictions: Path, tmp_path: Path
) -> None:
    _, out, _ = command("import", predictions, images, "--json")
    run = json.loads(out)["id"]
    np.savez(tmp_path / "monet.npz", ids=np.array(["b.png", "a"]), embeddings=np.eye(2, 3))
    code, out, err = command("import-embeddings", run, tmp_path / "monet.npz", "--json")
    assert code == 0, err
    assert json.loads(out)["space"] == "monet" and json.loads(out)["dimensions"] == 3
    code, out, err = command("project", run, "--method", "pca", "--space", "monet", "--json")
    assert code == 0 and json.loads(out)["space"] == "monet", err
    code, _, err = command("project", run, "--method", "pca", "--space", "dino")
    assert code == 2 and one_line(err) and "choose from monet, scores" in err
