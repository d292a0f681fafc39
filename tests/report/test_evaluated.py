import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data.splits import groups, split_by_patient
from dermxai.report.evaluated import evaluated, leaks_json, premium
from tests.generated import rewrite, trained, trained_here


def test_a_split_is_measured_alone(confused_run):
    run = confused_run()
    measured = evaluated(run, "test")
    rows = run.samples["split"] == "test"
    assert measured.sample_ids.tolist() == run.samples["sample_id"][rows].tolist()
    right = np.mean(run.predicted[rows] == run.samples["label"][rows])
    assert measured.overall.set_index("measure")["value"]["top1_accuracy"] == pytest.approx(right)
    with pytest.raises(InputError, match="no split 'holdout'"):
        evaluated(run, "holdout")


def test_images_that_the_model_was_trained_on_are_told(confused_run):
    run = confused_run()
    known = trained_here(run, run.samples["split"])
    train = (run.samples["split"] == "train").sum()
    assert f"was trained on {train} of these 200 images" in evaluated(known).notes[0]
    told, *others = evaluated(known, "test").notes
    assert told.startswith("The model was trained on none of these images, told by files")
    assert "chosen" not in " ".join(others)


def test_the_split_of_the_training_tells_what_its_validation_was_for(confused_run):
    bare = rewrite(confused_run(), split=None)
    known = trained_here(bare, split_by_patient(bare.samples, {"train": 0.8, "validation": 0.2}))
    measured = evaluated(known, "validation")
    assert measured.counts.images == (~known.trained_on).sum() > 0
    assert "kept epoch" in measured.notes[1]


@pytest.mark.parametrize("split", [None, "test"])
def test_units_are_what_a_split_keeps_together(confused_run, split):
    """Also where an image of another split tells whose a lesion is."""
    run = confused_run()
    number = np.arange(len(run))
    patients = run.samples["patient_id"].where(number % 3 > 0).where(number > 20)
    lesions = run.samples["patient_id"].where(number % 7 > 0)
    run = rewrite(run, patient_id=patients, lesion_id=lesions, split=["train", "test"] * 100)
    found = evaluated(run, split)
    together = groups(run.samples)[run.in_split(split)]
    pairs = set(zip(found.unit_of, together, strict=True))
    assert len(pairs) == together.nunique() == len(set(found.unit_of)) == found.counts.units


def test_a_checkpoint_of_this_data_that_does_not_tell_its_images_is_told(confused_run):
    run = confused_run()
    known = trained(run, fingerprint=run.manifest["dataset"]["fingerprint"])
    assert "on which is not known" in evaluated(known).notes[0]
    silent = trained(run)
    assert evaluated(silent).notes[0].startswith("Whether the model was trained on these images")
    other = trained(run, fingerprint="another", name="clinic A")
    assert "another dataset (clinic A); whether on any of these" in evaluated(other).notes[0]


def test_images_that_leak_can_be_left_out_and_what_they_add_is_told(confused_run):
    run = confused_run()
    some = np.arange(len(run)) % 5 == 0
    split = pd.Series(np.where(some, "train", "validation"))
    known = trained(rewrite(run, split=None, patient_id=None), split)
    whole, without = evaluated(known), evaluated(known, leaks=False)
    assert without.counts.images == (~some).sum() == 160
    assert "40 images that leak from training: left out." in without.notes
    found = premium(known, None, whole)
    assert (found.seen, found.unseen) == (40, 160)
    row = found.table.set_index("measure").loc["top1_accuracy"]
    right = np.asarray(known.predicted == known.samples["label"])
    assert row["difference"] == pytest.approx(right.mean() - right[~some].mean())
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    told = leaks_json(known, None, found, "patients")
    assert told["counts"] == {"file": 40} and told["images"][1]["kind"] == "file"
    assert leaks_json(run, None, None, "patients") is None, "of a run that does not tell its files"


def test_a_split_that_is_not_understood_is_told(confused_run):
    odd = rewrite(confused_run(), split=["train", "somewhere"] * 100)
    assert any("'somewhere' (100)" in note for note in evaluated(odd).notes)
