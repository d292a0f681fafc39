import numpy as np
import pytest

from dermxai.data.splits import groups, split_by_patient
from dermxai.errors import InputError
from dermxai.report.evaluated import evaluated
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
    told = " ".join(evaluated(known, "test").notes)
    assert "trained" not in told and "chosen" not in told


def test_the_split_of_the_training_tells_what_its_validation_was_for(confused_run):
    bare = rewrite(confused_run(), split=None)
    known = trained_here(bare, split_by_patient(bare.samples, {"train": 0.8, "validation": 0.2}))
    measured = evaluated(known, "validation")
    assert measured.counts.images == (~known.trained_on).sum() > 0
    assert "kept epoch" in measured.notes[0]


@pytest.mark.parametrize("split", [None, "test"])
def test_units_are_what_a_division_keeps_together(confused_run, split):
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
    assert not any("trained" in note for note in evaluated(silent).notes)
