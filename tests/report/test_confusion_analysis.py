import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.report import confusion_analysis, tables
from dermxai.report.evaluated import evaluated
from dermxai.report.html import pair_page
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from tests.generated import rewrite, trained, trained_here
from tests.verification import verified


def test_errors_and_their_votes_are_those_of_the_run(analysed):
    made = analysed()
    run, way = made.run, made.ways[0]
    wrong = (run.samples["label"] == "EAD") & (run.predicted == "SD")
    right = (run.samples["label"] == "EAD") & (run.predicted == "EAD")
    votes = run.logits[..., 1] - run.logits[..., 0]
    np.testing.assert_allclose(way.errors.votes, votes[wrong].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(way.right.votes, votes[right].mean(axis=0), rtol=1e-5)
    moved = votes[wrong].mean(axis=0) - votes[right].mean(axis=0)
    np.testing.assert_allclose(way.difference.votes, moved, rtol=1e-5)
    assert way.apart.images == (wrong.sum(), right.sum())
    assert way.clustering.errors == wrong.sum() == made.pair.cell("EAD", "SD")["images"]
    assert way.reason == ""


def test_a_split_is_studied_alone(analysed, confused_run):
    run = confused_run()
    made = analysed(run, split="test")
    ids = set(run.samples["sample_id"][run.samples["split"] == "test"])
    assert set(made.pair.errors["sample_id"]) <= ids
    assert made.ways[0].errors.images == made.pair.cell("EAD", "SD")["images"]
    with pytest.raises(InputError, match="no split 'none'"):
        analysed(run, split="none")


def test_the_same_seen_from_the_other_class(analysed, confused_run):
    run = confused_run()
    one, other = analysed(run), analysed(run, "SD", "EAD")
    np.testing.assert_array_equal(one.ways[0].errors.votes, other.ways[1].errors.votes)
    pd.testing.assert_frame_equal(one.suspects, other.suspects)
    pd.testing.assert_frame_equal(one.pair.merged, other.pair.merged)


def test_training_counts_come_from_the_checkpoint(analysed, confused_run):
    run = confused_run()
    trained(
        run,
        name="Other images",
        fingerprint="other",
        training_images_by_class={"EAD": 30, "SD": 10, "Pso": 60},
    )
    made = analysed(run)
    assert made.balance["training_images"].tolist() == [30, 10]
    assert made.balance["training_images_share"].tolist() == [0.3, 0.1]
    assert made.balance["training_patients"].isna().all()
    assert made.training == "Training data: Other images."
    assert made.notes[0].startswith("The model was trained on another dataset (Other images); ")
    labels, patients = run.samples["label"], run.samples["patient_id"]
    assert made.balance["images"].tolist() == [(labels == c).sum() for c in ("EAD", "SD")]
    of_class = [labels == code for code in sorted(set(labels))]
    pair = [labels == code for code in ("EAD", "SD")]
    everyone = sum(patients[which].nunique() for which in of_class)
    verified(
        "Balance: shares of images and patients",
        "counted",
        made.balance[["images_share", "patients_share"]].to_numpy(float),
        [[which.mean(), patients[which].nunique() / everyone] for which in pair],
        tolerance=1e-12,
    )
    assert made.balance["patients"].tolist() == [
        patients[labels == c].nunique() for c in ("EAD", "SD")
    ]


def test_or_from_the_datasets_training_split(analysed, confused_run):
    run = confused_run()
    made = analysed(run, split="test")
    train = run.samples[run.samples["split"] == "train"]
    assert made.balance["training_images"].tolist() == [
        (train["label"] == c).sum() for c in ("EAD", "SD")
    ]
    assert "does not say what it was trained on" in made.training
    assert "is not known" in made.notes[0]
    bare = rewrite(run, split=None)
    assert analysed(bare).balance["training_images"].isna().all()


def test_labels_are_sought_among_images_that_the_model_was_not_trained_on(analysed, confused_run):
    run = confused_run()
    train = run.samples["split"] == "train"
    run = trained_here(run, run.samples["split"])
    made = analysed(run)
    assert f"trained on {train.sum()} of these 200 images" in made.notes[0]
    assert made.unseen == 200 - train.sum()
    suspects = run.samples.set_index("sample_id").loc[made.suspects["sample_id"]]
    assert len(suspects) and (suspects["split"] != "train").all()
    assert f"among the {made.unseen} images" in tables.searched(made)
    held_out = analysed(run, split="test")
    assert "none of these images" in held_out.notes[0] and tables.searched(held_out) == ""


def test_what_the_images_were_for_is_told_once(confused_run):
    run = confused_run()
    run = rewrite(run, label=run.samples["label"].where(run.samples.index % 9 > 0))
    run = trained_here(run, run.samples["split"])
    chosen_on = confusion_analysis(
        run, evaluated(run, "validation"), "EAD", "SD", split="validation"
    )
    assert chosen_on.notes[0].startswith("The model was trained on none of these images, told by ")
    assert chosen_on.notes[1].startswith("The kept epoch of the model's training was chosen on")
    assert chosen_on.notes[2].endswith("without a label: left out.") and len(chosen_on.notes) == 3
    everything = confusion_analysis(run, evaluated(run), "EAD", "SD")
    assert sum("was trained on" in note for note in everything.notes) == 1


def test_without_labels_or_errors_the_reasons_are_said(analysed, confused_run):
    unlabelled = analysed(images=30, labelled=False)
    assert tables.no_suspects(unlabelled) == ""
    assert tables.searched(unlabelled).startswith("Not searched: EAD and SD;")
    assert {way.reason for way in unlabelled.ways} == {
        "No image here has a label that the model knows."
    }
    run = confused_run()
    logits = np.zeros_like(run.logits)
    labels = run.samples["label"].map({"EAD": 0, "SD": 1, "Pso": 2})
    logits[np.arange(len(run)), :, labels] = 1
    np.save(RunFiles(run.root).logits, logits)
    perfect = analysed(open_run(run.root))
    assert all(way.reason.startswith("None of the ") for way in perfect.ways)
    assert perfect.pair.errors.empty and perfect.suspects.empty
    assert tables.no_suspects(perfect) == "No label of EAD or SD looks wrong to the model."
    assert tables.searched(perfect) == ""
    assert all(tables.votes(way).empty and not tables.driver(way) for way in perfect.ways)
    absent = analysed(rewrite(run, label="Pso"))
    assert absent.ways[0].reason == "No image here is labelled EAD."


def test_of_a_network_of_one_head_nothing_is_left_out(analysed):
    made = analysed(heads={"final": 8})
    table = tables.votes(made.ways[0])
    assert list(table.columns) == ["Head", "Vote", "Over right"]
    assert "without this head" not in pair_page(made)
    assert made.as_json()["votes"][0]["errors"]["flips"] == []


def test_json_is_plain_and_complete(analysed):
    made = analysed()
    text = json.dumps(made.as_json(), allow_nan=False)
    content = json.loads(text)
    assert len(content["errors"]) == len(made.pair.errors)
    assert content["votes"][0]["errors"]["votes"] == made.ways[0].errors.votes.tolist()
    assert content["merged"]["top1_accuracy"]["gain"] > 0
    assert content["intervals"]["independent"] == "patients"


@pytest.mark.parametrize("noun", ["patient", "lesion", "image"])
def test_units_have_the_names_of_what_they_are(confused_run, noun):
    run = confused_run()
    if noun != "patient":
        lesions = run.samples["patient_id"] if noun == "lesion" else None
        run = rewrite(run, patient_id=None, lesion_id=lesions)
    content = confusion_analysis(run, evaluated(run), "EAD", "SD").as_json()
    clustering = content["votes"][0]["clustering"]
    names = run.samples[f"{noun}_id" if noun != "image" else "sample_id"]
    assert clustering["most"] in {f"{noun} {name}" for name in names}
    assert content["intervals"]["independent"] == f"{noun}s"
    assert clustering["units"] > 0 and "patients" not in clustering
    assert all("units" in row and "patients" not in row for row in content["ways"])


def test_tables_say_what_the_study_holds(analysed):
    made = analysed()
    ways = tables.ways(made)
    cell = made.pair.cell("EAD", "SD")
    assert f"{cell['images']} of {cell['of']}" in ways["Images"].tolist()
    votes = tables.votes(made.ways[0])
    assert votes["Head"].tolist() == [*made.run.heads, "Sum"]
    assert made.ways[0].difference.driver in tables.driver(made.ways[0])
    apart = tables.distinguishing(made.ways[0])
    assert len(apart) == len(made.ways[0].apart.table)
    assert "patients" in tables.clustering(made.ways[0], "patients")


def test_a_gain_is_in_points_and_may_be_a_loss(analysed):
    made = analysed()
    loss = {"gain": -0.004, "gain_low": -0.012, "gain_high": 0.003}
    told = tables.merged(
        replace(made, pair=replace(made.pair, merged=made.pair.merged.assign(**loss)))
    )
    assert told["Gain"].tolist() == ["−0.4 pp (−1.2 to +0.3)"] * 2


@pytest.mark.parametrize(("first", "second"), [("mel", "SD"), ("SD", "SD")])
def test_a_pair_is_two_of_the_models_classes(analysed, first, second):
    with pytest.raises(InputError, match=r"choose two of EAD|came twice"):
        analysed(first=first, second=second)
