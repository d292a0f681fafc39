import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from dermxai.core.errors import DivergenceError, InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier, read_info
from dermxai.models.files import CheckpointFiles
from dermxai.runs import infer
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.loop.losses import loss_of_votes
from dermxai.training.recipe import Recipe

RECIPE = Recipe(
    architecture="test_efficientnet",
    size=32,
    epochs=4,
    batch_size=8,
    learning_rate=5e-3,
    ema_decay=0.5,
    colour_constancy="none",
)


def test_learns_and_leaves_a_checkpoint(two_colours: Path, tmp_path: Path):
    seen = []
    folder = fit(
        load_dataset(two_colours), RECIPE, tmp_path / "m", lambda *report: seen.append(report)
    )
    info = read_info(folder)
    assert info.classes == ("MN", "Hem")
    assert info.metrics["validation"]["accuracy"] > 0.9
    assert info.data["training_images"] + info.data["validation_images"] == 60
    assert load_classifier(folder).info.recipe["epochs"] == RECIPE.epochs
    assert len(pd.read_csv(TrainingFiles(folder).history)) == RECIPE.epochs
    assert {phase for phase, *_ in seen} == {"images", "training"}
    assert seen[-1][1] == seen[-1][2]
    assert not TrainingFiles(folder).state.exists()
    card = (folder / "README.md").read_text()
    assert "not for diagnosis" in card


def test_the_checkpoint_knows_its_images_without_naming_them(two_colours: Path, tmp_path: Path):
    data = load_dataset(two_colours)
    folder = fit(data, RECIPE.replaced(epochs=1), tmp_path / "m")
    info, names = read_info(folder).data, data.samples["sample_id"]
    for each in (folder, TrainingFiles(folder).last):
        kept = CheckpointFiles(each).training_images.read_bytes()
        assert not any(str(name).encode() in kept for name in names)
        run = infer(load_classifier(each), data)
        assert run.trained_on.sum() == info["training_images"]
        assert len(run.in_split("validation")) == info["validation_images"]
    train = run.samples["path"][run.trained_on].iloc[0]
    (tmp_path / "other").mkdir()
    shutil.copyfile(train, tmp_path / "other" / f"again{Path(train).suffix}")
    again = infer(load_classifier(folder), load_dataset(tmp_path / "other"))
    assert again.trained_on.tolist() == [True] and again.split is None


def test_the_log_tells_what_is_trained_and_each_epoch(
    two_colours: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "dermxai")
    folder = fit(load_dataset(two_colours), RECIPE.replaced(epochs=2), tmp_path / "m")
    begun, *epochs = caplog.messages
    seen = read_info(folder).data
    assert begun.startswith("m: test_efficientnet+heads at 32 pixels on ")
    assert f"from {seen['training_images']} images of" in begun
    assert [line.partition(":")[0] for line in epochs] == ["Epoch 1 of 2", "Epoch 2 of 2", "Kept"]
    assert epochs[2] == "Kept: epoch 1, by macro AUC."
    history = pd.read_csv(TrainingFiles(folder).history)
    assert f"validation loss {history['validation_loss'][1]:.3f}" in epochs[1]
    assert epochs[0].endswith("the best so far")


def test_a_folder_holds_one_training_at_a_time(two_colours: Path, tmp_path: Path):
    """Though each is what resuming the other would be."""
    data, refused = load_dataset(two_colours), []

    def inside(*_: object) -> None:
        with pytest.raises(InputError, match="at work in") as said:
            fit(data, RECIPE, tmp_path / "m")
        refused.append(said)

    fit(data, RECIPE, tmp_path / "m", inside)
    assert refused


def test_a_loss_that_is_not_finite_stops_with_advice_and_keeps_the_best(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps = 0

    def diverging(logits: torch.Tensor, *rest: object, **options: object) -> torch.Tensor:
        nonlocal steps
        steps += 1
        return loss_of_votes(logits, *rest, **options) * (float("nan") if steps > 9 else 1.0)

    monkeypatch.setattr("dermxai.training.loop.module.loss_of_votes", diverging)
    with pytest.raises(DivergenceError, match="lower learning_rate"):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    for kept in (tmp_path / "m", tmp_path / "m" / "last"):
        assert load_classifier(kept).info.metrics["validation"]["epoch"] == 1
