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


def test_evaluate_at_an_operating_point(command: Command, run: Run) -> None:
    """Chosen on validation patients, applied to those of the test split."""
    patients = np.arange(60) // 2
    split = np.array(["train", "validation", "test"])[patients % 3]
    rewrite(run, patient_id=[f"p{i}" for i in patients], split=split)
    arguments = ("evaluate", "generated", "--split", "test", "--rule", "sensitivity")
    code, out, err = command(*arguments, "--target", "0.8", "--prevalence", "0.05", "--json")
    assert code == 0, err
    said = json.loads(out)["decision"]
    assert (said["rule"], said["criterion"], said["target"]) == (
        "operating_point",
        "sensitivity",
        0.8,
    )
    assert said["chosen_on"] == {"split": "validation", "images": 20, "units": 10}
    assert said["of_these_measured"] == 0
    here = run.samples["label"][split == "validation"].to_numpy()
    values = run.probabilities[split == "validation"]
    for k, each in enumerate(said["thresholds"]):
        member = here == run.classes[k]
        if each["reason"] is None:
            chosen = values[:, k] >= each["threshold"]
            assert chosen[member].mean() == pytest.approx(each["sensitivity"])
            assert each["sensitivity"] >= 0.8
        else:
            assert each["reason"] == "no_positives" and not member.any()
    measured = {row["measure"] for row in said["measures"]}
    assert {"ppv_at_prevalence", "partial_auc", "mcc"} <= measured
    code, out, _ = command(*arguments)
    assert "operating point of each class (fixed sensitivity 90.0 %), chosen on 20" in out
    _, out, _ = command("evaluate", "generated")
    assert "Decision rule: argmax" in out and "operating point" not in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rule", "best"), "The decision rule 'best' came"),
        (("--rule", "youden", "--target", "0.9"), "has none"),
        (("--target", "0.9"), "The target 0.9 came for argmax"),
        (("--rule", "sensitivity", "--target", "1.5"), "The target 1.5 came"),
        (("--prevalence", "1"), "A prevalence of 1.0 came"),
        (("--rule", "youden"), "has no validation images"),
    ],
)
def test_decisions_that_cannot_be_made(command: Command, run: Run, options, said) -> None:
    rewrite(run, split="test")
    code, out, err = command("evaluate", "generated", *options)
    assert (code, out) == (2, "") and said in err


def test_calibration_at_a_temperature_of_validation_patients(command: Command, run: Run) -> None:
    patients = np.arange(60) // 2
    split = np.array(["validation", "test"])[patients % 2]
    rewrite(run, patient_id=[f"p{i}" for i in patients], split=split)
    _, out, _ = command("evaluate", "generated", "--split", "test", "--json")
    said = json.loads(out)["calibration"]
    assert (said["temperature"]["images"], said["temperature"]["shared"]) == (30, 0)
    test = run.index(run.samples["sample_id"][split == "test"])
    own = run.probabilities[test, [run.classes.index(code) for code in run.samples["label"][test]]]
    plain, scaled = said["measures"]
    assert plain["log_loss"] == pytest.approx(-np.log(own).mean())
    assert scaled["brier"] != plain["brier"]
    assert sum(row["images"] for row in said["reliability"]) == 30
    _, out, _ = command("evaluate", "generated", "--split", "test")
    assert "fitted on 30 validation images of 15 patients" in out
    rewrite(run, split="test")
    _, out, _ = command("evaluate", "generated", "--json")
    said = json.loads(out)["calibration"]
    assert said["temperature"] is None and "no validation images" in said["no_temperature"]
    assert len(said["measures"]) == 1
    code, _, err = command("evaluate", "generated")
    assert code == 0 and not err


def test_without_labels_nothing_is_measured(command: Command, run: Run) -> None:
    rewrite(run, label=None)
    for options in ((), ("--json",), ("--rule", "youden")):
        code, _, err = command("evaluate", "generated", *options)
        assert "Traceback" not in err
        assert code == (2 if "youden" in options else 0)


def test_merged_classes_and_patients(command: Command, run: Run) -> None:
    options = ("--merge", "EAD+SD", "--per", "patient", "--combine", "maximum")
    code, out, err = command("evaluate", "generated", *options, "--json")
    said = json.loads(out)
    assert code == 0, err
    assert said["regrouping"] == {
        "merges": [["EAD", "SD"]],
        "per": "patient",
        "combine": "maximum",
    }
    assert said["counts"]["images"] == run.samples["patient_id"].nunique()
    assert "EAD∪SD" in said["classes"] and len(said["classes"]) == len(run.classes) - 1
    assert {row["class"] for row in said["decision"]["measures"]} == {*said["classes"], ""}
    code, _, err = command("evaluate", "generated", "--merge", "EAD+nothing")
    assert code == 2 and "no class 'nothing'" in err


def halved(run: Run) -> Run:
    """Every second patient is a validation patient, the others are measured."""
    patients = np.arange(60) // 2
    split = np.array(["validation", "test"])[patients % 2]
    return rewrite(run, patient_id=[f"p{i}" for i in patients], split=split)


def test_both_rules_prediction_sets_and_curves(command: Command, run: Run) -> None:
    halved(run)
    arguments = ("evaluate", "generated", "--split", "test", "--rule", "youden")
    options = ("--set-coverage", "0.8", "--exactly", "EAD+SD", "--exactly", "MN", "--bands")
    code, out, err = command(*arguments, *options, "--json")
    assert code == 0, err
    said = json.loads(out)
    assert (
        said["rules"][-1]["argmax_false_negatives"] == said["rules"][-1]["argmax_false_positives"]
    )
    sets = said["prediction_sets"]
    assert sets["coverage_asked_for"] == 0.8 and not sets["class_conditional"]
    assert set(sets["exactly"]) == {"EAD+SD", "MN"} and sets["overall"]["images"] == 30
    assert set(said["curves"]["bands"]) == set(said["classes"])
    assert set(said["curves"]["net_benefit"]) == set(said["common"])
    risk = said["curves"]["abstention"]["curve"]["risk"][-1]
    assert risk == pytest.approx(1 - said["overall"]["top1_accuracy"]["value"])
    code, out, _ = command(*arguments, "--class-conditional")
    assert code == 0 and "Both decision rules: argmax | operating point" in out
    assert "Prediction sets" in out and "for each class; fitted on 30 validation images" in out
    assert "Abstention, area under" in out and "Net benefit" in out
    _, out, _ = command("evaluate", "generated", "--split", "test", "--json")
    said = json.loads(out)
    assert said["rules"] is None and said["curves"]["bands"] == {}
    assert list(said["prediction_sets"]["exactly"]) == ["EAD+SD"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--set-coverage", "1"), "A coverage of 1.0 came"),
        (("--set-coverage", "nan"), "A coverage of nan came"),
        (("--exactly", "EAD+nothing"), "no class 'nothing'"),
    ],
)
def test_prediction_sets_that_cannot_be_made(command: Command, run: Run, options, told) -> None:
    code, out, err = command("evaluate", "generated", *options)
    assert (code, out) == (2, "") and told in err


def test_without_validation_images_there_are_no_prediction_sets(command: Command, run: Run) -> None:
    rewrite(run, split="test")
    code, out, _ = command("evaluate", "generated", "--json")
    said = json.loads(out)
    assert code == 0 and said["prediction_sets"] is None
    assert "no validation images, on which prediction sets are fitted" in said["no_prediction_sets"]
    _, out, _ = command("evaluate", "generated")
    assert "on which prediction sets are fitted" in out
