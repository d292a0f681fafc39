"""What may be learnt from, and what a checkpoint says of it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import Dataset, load_dataset, selection
from dermxai.data.selection import Selection
from dermxai.models import load_classifier, read_info
from dermxai.models.feature_similarity import Space, TrainingFeatures
from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import open_training_images
from dermxai.training.data.examples import examples_of
from dermxai.training.fit import fit
from dermxai.training.loop.plan import Plan
from dermxai.training.recipe import Recipe
from dermxai.training.record.training_images import keep_features

RECIPE = Recipe(
    architecture="test_efficientnet", size=32, epochs=1, batch_size=16, colour_constancy="none"
)


def with_column(folder: Path, name: str, values: list[str | None], tmp_path: Path) -> Dataset:
    """The squares of ``two_colours`` with a further column: a value for each of 20 patients."""
    table = pd.read_csv(folder / "samples.csv")
    table["path"] = [str(folder / path) for path in table["path"]]
    table[name] = np.repeat(np.array(values, dtype=object), 3)
    table.to_csv(tmp_path / "squares.csv", index=False)
    return load_dataset(tmp_path / "squares.csv")


def learnt(dataset: Dataset) -> set[int]:
    """Patients whose images are trained or validated on."""
    table = examples_of(dataset, RECIPE).table
    kept = table[table["split"].isin(["train", "validation"])]
    return {int(name[1:]) for name in kept["patient_id"]}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("set", ["ham10000"] * 14 + ["isic2018_task3_test"] * 6, range(14)),
        ("set", ["train"] * 14 + ["external"] * 6, range(14)),
        ("partition", ["training"] * 14 + ["holdout"] * 6, range(14)),
        ("set", ["train"] * 8 + ["tuning"] * 4 + ["Handyscope"] * 4 + ["test"] * 4, range(12)),
        ("set", ["train"] * 12 + ["clinic B"] * 4 + [None] * 4, range(12)),
        ("set", [None] * 14 + ["Test"] * 6, range(14)),
        ("set", ["Canon"] * 10 + ["Nikon"] * 10, range(20)),
        ("is_test", [0] * 14 + [1] * 6, range(14)),
    ],
)
def test_nothing_is_learnt_from_what_may_be_a_test(
    two_colours: Path, tmp_path: Path, name: str, values: list[str | None], expected: range
) -> None:
    assert learnt(with_column(two_colours, name, values, tmp_path)) == set(expected)


def test_where_only_tests_and_unknown_words_are_there_nothing_is_learnt(
    two_colours: Path, tmp_path: Path
) -> None:
    dataset = with_column(two_colours, "set", ["clinic B"] * 14 + ["test"] * 6, tmp_path)
    with pytest.raises(InputError, match=r"No labelled image is left.*clinic B \(42\), test \(18"):
        examples_of(dataset, RECIPE)


def test_the_model_card_says_what_was_left_out_and_started_from(
    two_colours: Path, tmp_path: Path
) -> None:
    values = ["train"] * 8 + ["val"] * 4 + ["Handyscope"] * 4 + ["test"] * 4
    dataset = with_column(two_colours, "set", values, tmp_path)
    first = fit(dataset, RECIPE, tmp_path / "first")
    told = " ".join(read_info(first).data["notes"])
    assert "'Handyscope' (12). Left out of training and validation" in told
    assert "12 test images left out of training and validation." in told
    assert "'Handyscope' (12)" in (first / "README.md").read_text()
    kept = open_training_images(first)
    assert kept.whole and kept.tells("patient_id") and not kept.tells("lesion_id")
    assert kept.pictures.shape == (60, 32)
    assert b"p19" not in (first / "division.parquet").read_bytes()

    values = ["test"] * 8 + ["val"] * 4 + ["train"] * 8
    other = with_column(two_colours, "set", values, tmp_path)
    second = fit(other, RECIPE.replaced(start_from=str(first)), tmp_path / "second")
    patients = pd.Series([f"p{number}" for number in range(20)])
    both = open_training_images(second).rows_of_owners("patient_id", patients) >= 0
    assert both.tolist() == [True] * 8 + [False] * 4 + [True] * 8


def test_features_of_what_was_learnt_are_those_of_the_network_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, rows = np.random.default_rng(0), []
    for index in range(300):
        pixels = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        split = "validation" if index < 10 else "train"
        rows.append({"path": f"{index}.png", "label": "ab"[index % 2], "split": split})
    folder = tmp_path / "noise.csv"
    pd.DataFrame(rows).to_csv(folder, index=False)

    def beside_those_of_another(plan: Plan, fingerprints: Mapping[str, str]) -> None:
        nothing = np.zeros((1, 1), np.float32)
        another = TrainingFeatures("another", np.array(["x"]), Space(nothing[0], nothing), nothing)
        another.write(CheckpointFiles(plan.output).training_features)
        keep_features(plan, fingerprints)

    monkeypatch.setattr("dermxai.training.fit.keep_features", beside_those_of_another)
    checkpoint = fit(load_dataset(folder), RECIPE, tmp_path / "network")
    kept = TrainingFeatures.read(
        CheckpointFiles(checkpoint).training_features, load_classifier(checkpoint).hash
    )
    assert kept is not None and len(kept.images) == 290


def test_images_of_a_selection_alone_or_all_but_these_play_a_part(
    two_colours: Path, tmp_path: Path
) -> None:
    dataset = load_dataset(two_colours)
    ids = [str(each) for each in dataset.samples["sample_id"]]
    first = selection.keep(Selection.of("first", ids[:45]))
    odd = selection.keep(Selection.of("odd", [*ids[::9], "of another dataset"]))
    expected = set(ids[:45]) - set(ids[::9])
    recipe = RECIPE.replaced(only=first, leave_out=odd)
    assert set(examples_of(dataset, recipe).sample_ids) == expected
    folder = fit(dataset, recipe, tmp_path / "chosen", device="cpu")
    told = open_training_images(folder)
    assert told is not None and len(told.table) == len(expected)
    info = read_info(folder)
    assert info.recipe["leave_out"] == odd and info.data["fingerprint"] == dataset.fingerprint
    assert any(f"40 of {len(ids)} labelled images play a part" in n for n in info.data["notes"])
    for other in (RECIPE, RECIPE.replaced(only=first)):
        with pytest.raises(InputError, match="another recipe"):
            fit(dataset, other.replaced(epochs=1), folder, device="cpu")


def test_selections_that_are_no_longer_kept_stop_a_training(
    two_colours: Path, tmp_path: Path
) -> None:
    dataset = load_dataset(two_colours)
    with pytest.raises(InputError, match=r"leave_out names the selection 0{16}, which is not kept"):
        fit(dataset, RECIPE.replaced(leave_out="0" * 16), tmp_path / "none", device="cpu")
    assert not (tmp_path / "none").exists()
    nobody = selection.keep(Selection.of("nobody", ["nobody"]))
    with pytest.raises(InputError, match="0 labelled classes"):
        examples_of(dataset, RECIPE.replaced(only=nobody))
    with pytest.raises(InputError, match="expected the key of a selection"):
        RECIPE.replaced(only="../../etc")
