import numpy as np
import pandas as pd
import pytest

from dermxai.data.splits import split_by_patient
from dermxai.errors import InputError
from dermxai.runs import Run, open_run
from tests.generated import generated_run, rewrite, trained

SHARES = {"train": 0.8, "validation": 0.2}


@pytest.fixture
def run(tmp_path) -> Run:
    return generated_run(tmp_path / "run", images=300, heads={"final": 8})


def trained_by(run: Run, split: "pd.Series") -> Run:
    training = split.index[split == "train"]
    counts = run.samples["label"][training].value_counts().to_dict()
    trained(
        run,
        fingerprint=run.manifest["dataset"]["fingerprint"],
        training_images_by_class=counts,
    )
    return open_run(run.root)


def test_the_split_column_is_the_split(run: Run) -> None:
    known = trained_by(run, run.samples["split"])
    assert known.split.tolist() == run.samples["split"].tolist()
    np.testing.assert_array_equal(known.trained_on, run.samples["split"] == "train")


@pytest.mark.parametrize("seed", [0, 3])
def test_without_a_column_it_is_the_division_of_the_training(run: Run, seed: int) -> None:
    bare = rewrite(run, split=None)
    divided = split_by_patient(bare.samples, SHARES, seed)
    counts = bare.samples["label"][divided == "train"].value_counts().to_dict()
    trained(
        bare,
        recipe={"seed": seed},
        fingerprint=bare.manifest["dataset"]["fingerprint"],
        training_images_by_class=counts,
    )
    known = open_run(bare.root)
    assert known.split.tolist() == divided.tolist()
    assert set(known.in_split("validation")) == set(np.flatnonzero(divided == "validation"))
    np.testing.assert_array_equal(known.trained_on, divided == "train")


def test_images_without_a_label_were_not_trained_on(run: Run) -> None:
    label = run.samples["label"].where(np.arange(300) % 3 > 0)
    bare = rewrite(run, split=None, label=label)
    known = trained_by(bare, split_by_patient(bare.samples[label.notna()], SHARES))
    assert known.split.isna().tolist() == label.isna().tolist()
    assert not known.trained_on[label.isna()].any() and known.trained_on.any()


def test_another_dataset_was_not_trained_on_and_gets_no_splits(run: Run) -> None:
    bare = rewrite(run, split=None)
    trained(bare, fingerprint="another", training_images_by_class={"EAD": 3})
    known = open_run(bare.root)
    assert known.split is None and not known.trained_on.any()
    with pytest.raises(InputError, match="its splits: none"):
        known.in_split("validation")


def test_a_checkpoint_that_is_gone_or_tells_nothing_leaves_it_unknown(run: Run) -> None:
    bare = rewrite(run, split=None)
    assert bare.info is bare.trained_on is bare.split is None
    trained(bare)
    known = open_run(bare.root)
    assert known.trained_on is known.split is None
    uncounted = trained_by(bare, pd.Series("validation", index=bare.samples.index))
    assert uncounted.trained_on is uncounted.split is None
