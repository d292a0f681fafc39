import json

import numpy as np
import pytest

from dermxai.runs import Run
from tests.cli.conftest import Command
from tests.generated import rewrite, trained_here


def test_evaluate_prints_a_table_and_every_number_as_json(command: Command, run: Run) -> None:
    code, out, _ = command("evaluate", run.root)
    assert code == 0
    assert "Top-1 accuracy" in out
    assert all(f"\n{name}" in out for name in run.classes)
    code, out, _ = command("evaluate", run.id, "--json")
    assert code == 2, "the id of a generated run is not its folder's name"
    code, out, _ = command("evaluate", "generated", "--json")
    said = json.loads(out)
    truth = run.samples["label"].to_numpy()
    assert said["overall"]["top1_accuracy"]["value"] == pytest.approx(
        (run.predicted == truth).mean()
    )
    assert np.sum(said["confusion"]) == 60


def test_evaluate_of_a_split(command: Command, run: Run) -> None:
    _, out, _ = command("evaluate", "generated", "--split", "test", "--json")
    assert json.loads(out)["counts"]["images"] == len(run.in_split("test"))


def test_evaluate_tells_what_leaks_from_training_and_leaves_it_out(
    command: Command, run: Run
) -> None:
    bare = rewrite(run, patient_id=None)
    split = bare.samples["split"].where(bare.samples.index >= 6, "train")
    split = split.where(bare.samples.index < 6, "validation")
    trained_here(bare, split)
    code, out, _ = command("evaluate", "generated")
    assert code == 0 and "trained on 6 of these 60 images" in out
    assert "Leakage premium: 6 of 60 evaluated images were seen in training." in out
    _, out, _ = command("evaluate", "generated", "--without-leaks", "--json")
    said = json.loads(out)
    assert said["counts"]["images"] == 54 and said["leakage"]["counts"] == {"file": 6}
    measure = said["leakage"]["premium"]["overall"]["top1_accuracy"]
    assert measure["without"] == said["overall"]["top1_accuracy"]["value"]
    assert measure["difference"] == pytest.approx(measure["value"] - measure["without"])
