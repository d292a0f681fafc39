import numpy as np
import pytest

from dermxai.data.splits import split_by_patient
from dermxai.errors import InputError
from dermxai.report.evaluated import evaluated
from tests.generated import rewrite, trained_here


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
    assert "best epoch" in measured.notes[0]
