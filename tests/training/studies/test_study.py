import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import Cancelled, InputError
from dermxai.core.formatting import interval_basis
from dermxai.data import load_dataset
from dermxai.data.transforms import Preprocessing
from dermxai.metrics.basis import basis
from dermxai.training.files import StudyFiles
from dermxai.training.recipe import Recipe
from dermxai.training.studies import study as studying
from dermxai.training.studies.comparison import measured
from dermxai.training.studies.study import study
from tests.exported import check_json

RECIPE = Recipe(
    architecture="test_efficientnet", size=32, epochs=1, batch_size=16, colour_constancy="none"
)


def test_every_image_is_tested_once_for_each_seed_and_a_stopped_study_goes_on(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dataset, out = load_dataset(two_colours), tmp_path / "s"
    options = {"folds": 2, "seeds": 2, "baselines": ["test_efficientnet"]}

    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["member"] == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        study(dataset, RECIPE, out, cancel, "cpu", **options)
    files = StudyFiles(out)
    first = files.scores("test_efficientnet+heads", 0, 0)
    written = first.stat().st_mtime_ns
    steps: list[float] = []
    study(dataset, RECIPE, out, lambda p, d, t, f: steps.append(d / t), "cpu", **options)
    assert first.stat().st_mtime_ns == written
    assert steps[-1] == 1
    content = json.loads(files.about.read_text())
    members = pd.read_csv(files.table)
    assert len(members) == 8 == len(content["members"])
    assert [row["network"] for row in content["table"]] == [
        "test_efficientnet+heads", "test_efficientnet",
    ]  # fmt: skip
    patients = dataset.samples["patient_id"].to_numpy()
    for seed in (0, 1):
        tested = []
        for fold in (0, 1):
            with np.load(files.scores("test_efficientnet", seed, fold)) as scores:
                tested.append(scores["rows"])
        assert sorted(np.concatenate(tested)) == list(range(60))
        assert not set(patients[tested[0]]) & set(patients[tested[1]])
    assert "±" in files.card.read_text()
    (compared,) = content["differences"]
    assert compared["low"] <= compared["balanced_accuracy"] <= compared["high"]
    assert check_json(content, "patients") == 2 and content["intervals"] == basis("patients")
    assert f"{interval_basis(basis('patients'))}." in files.card.read_text().splitlines()


def test_a_study_whose_data_lost_a_file_meanwhile_keeps_its_folds(
    two_colours: Path, tmp_path: Path
):
    folder, out = tmp_path / "data", tmp_path / "s"
    shutil.copytree(two_colours, folder)

    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["member"] == 2:
            raise Cancelled

    straight = study(load_dataset(folder), RECIPE, tmp_path / "straight", folds=2)
    with pytest.raises(Cancelled):
        study(load_dataset(folder), RECIPE, out, cancel, folds=2)
    (folder / "7.png").unlink()
    study(load_dataset(folder), RECIPE, out, folds=2)
    kept, expected = (pd.read_csv(StudyFiles(at).table) for at in (out, straight))
    pd.testing.assert_frame_equal(kept, expected)
    assert not StudyFiles(out).data.exists()


def test_a_fold_of_which_no_image_can_be_read_measures_nothing(tiny_checkpoint: Path):
    images, none = np.zeros((1, 64, 64, 3), np.uint8), np.empty(0, np.int64)
    scores = studying.scores_of(tiny_checkpoint, images, none, Preprocessing(size=64), "cpu")
    assert scores.shape == (0, 14)
    assert np.isnan(list(measured(scores, none).values())).all()


def test_what_cannot_be_compared_is_refused_before_anything_is_trained(
    two_colours: Path, tmp_path: Path
):
    dataset = load_dataset(two_colours)
    with pytest.raises(InputError, match="folds"):
        study(dataset, RECIPE, tmp_path / "s", folds=1)
    own = Recipe(weights="mine.pth")
    with pytest.raises(InputError, match="resnet101"):
        study(dataset, own, tmp_path / "s", folds=2, baselines=["resnet101"])
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("baseline", "complaint"),
    [("no_network", "no_network"), ("inception_v3", "inception_v3 cannot learn from 2 images")],
)
def test_a_network_that_cannot_learn_is_refused_before_any_is_trained(
    baseline: str, complaint: str, two_colours: Path, tmp_path: Path
):
    dataset, out = load_dataset(two_colours), tmp_path / "s"
    with pytest.raises(InputError, match=complaint):
        study(dataset, RECIPE, out, folds=2, baselines=[baseline])
    assert not list(out.glob("[!.]*"))
    study(dataset, RECIPE, out, folds=2)
    assert len(pd.read_csv(StudyFiles(out).table)) == 2


def test_a_study_is_extended_and_what_has_ended_is_not_trained_again(
    two_colours: Path, tmp_path: Path
):
    dataset, files = load_dataset(two_colours), StudyFiles(tmp_path / "s")
    study(dataset, RECIPE, files.root, folds=2)
    first = pd.read_csv(files.table)
    ended = {at: at.stat().st_mtime_ns for at in files.root.glob("*/seed-*/fold-*/*.*")}
    assert {at.name for at in ended} >= {"model.json", "weights.safetensors", "test.npz"}
    more = {"seeds": 2, "baselines": ["test_resnet"]}
    study(dataset, RECIPE, files.root, folds=2, **more)
    assert {at: at.stat().st_mtime_ns for at in ended} == ended
    members = pd.read_csv(files.table)
    assert len(members) == 8
    pd.testing.assert_frame_equal(members.head(2), first, check_dtype=False)


def test_another_recipe_or_number_of_folds_is_another_study(two_colours: Path, tmp_path: Path):
    dataset, out = load_dataset(two_colours), tmp_path / "s"
    study(dataset, RECIPE, out, folds=2)
    before = {at: at.read_bytes() for at in out.rglob("[!.]*") if at.is_file()}
    with pytest.raises(InputError, match="another recipe"):
        study(dataset, RECIPE.replaced(learning_rate=1e-3), out, folds=2)
    with pytest.raises(InputError, match="another number of folds"):
        study(dataset, RECIPE, out, folds=3)
    with pytest.raises(InputError, match="another data set"):
        study(replace(dataset, fingerprint="another"), RECIPE, out, folds=2)
    assert {at: at.read_bytes() for at in out.rglob("[!.]*") if at.is_file()} == before


def test_a_study_is_not_written_over_a_checkpoint(
    two_colours: Path, tiny_checkpoint: Path, tmp_path: Path
):
    out = tmp_path / "s"
    shutil.copytree(tiny_checkpoint, out)
    with pytest.raises(InputError, match="holds something else"):
        study(load_dataset(two_colours), RECIPE, out, folds=2)
    for file in tiny_checkpoint.iterdir():
        assert (out / file.name).read_bytes() == file.read_bytes()
    assert not StudyFiles(out).begun.exists()
