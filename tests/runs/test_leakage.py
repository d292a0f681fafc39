import json

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.data.splits import split_by_patient
from dermxai.models.files import CheckpointFiles
from dermxai.report.leakage import describe_leakage
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run, rewrite, trained, trained_here


@pytest.fixture
def run(tmp_path) -> Run:
    return generated_run(tmp_path / "run", images=300, heads={"final": 8})


def test_the_split_column_is_the_split(run: Run) -> None:
    divided = split_by_patient(run.samples, {"train": 0.5, "validation": 0.5})
    known = trained_here(run, divided)
    assert known.split.tolist() == run.samples["split"].tolist()
    np.testing.assert_array_equal(known.trained_on, divided == "train")


def test_without_a_column_it_is_the_split_of_the_training(run: Run) -> None:
    bare = rewrite(run, split=None)
    divided = split_by_patient(bare.samples, {"train": 0.8, "validation": 0.2})
    known = trained_here(bare, divided)
    assert known.split.tolist() == divided.tolist()
    assert set(known.in_split("validation")) == set(np.flatnonzero(divided == "validation"))
    np.testing.assert_array_equal(known.trained_on, divided == "train")


def test_images_that_took_no_part_have_no_split_and_were_not_trained_on(run: Run) -> None:
    bare = rewrite(run, split=None)
    divided = split_by_patient(bare.samples.iloc[::3], {"train": 0.8, "validation": 0.2})
    known = trained_here(bare, divided)
    apart = np.arange(300) % 3 > 0
    assert known.split.isna().tolist() == apart.tolist()
    assert not known.trained_on[apart].any() and known.trained_on.any()


def test_images_are_known_again_in_another_dataset_which_gets_no_splits(run: Run) -> None:
    bare = rewrite(run, split=None)
    known = trained(bare, run.samples["split"][:100], fingerprint="another")
    assert known.trained_on.sum() == (run.samples["split"][:100] == "train").sum()
    assert known.split is None
    with pytest.raises(InputError, match="its splits: none"):
        known.in_split("validation")


def test_a_checkpoint_that_is_gone_or_tells_nothing_leaves_it_unknown(run: Run) -> None:
    bare = rewrite(run, split=None)
    assert bare.info is bare.trained_on is bare.split is None
    everything = np.arange(300)
    assert describe_leakage(bare, everything).startswith("Whether the model was trained")
    silent = trained(bare)
    assert silent.trained_on is silent.split is None
    of_another = trained(bare, fingerprint="another")
    assert of_another.trained_on is of_another.split is None
    assert "on any of these images is not known" in describe_leakage(of_another, everything)
    of_this = trained(bare, fingerprint=run.manifest["dataset"]["fingerprint"])
    assert of_this.trained_on is of_this.split is None
    assert "on which is not known" in describe_leakage(of_this, everything)
    damaged = CheckpointFiles(bare.root / "checkpoint").training_images
    damaged.write_bytes(b"no table")
    assert open_run(bare.root).training_split is None


def test_another_checkpoint_in_its_folder_is_not_taken_for_it(run: Run) -> None:
    split = run.samples["split"]
    known = trained_here(run, split)
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    content["checkpoint"]["training"] = known.info.training
    manifest.write_text(json.dumps(content))
    assert open_run(run.root).trained_on.any()
    replaced = trained(run, split, fingerprint="another")
    assert replaced.info is replaced.trained_on is None
    assert describe_leakage(replaced, np.arange(300)).startswith("Whether the model was trained")
