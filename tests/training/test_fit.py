from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from dermxai.data import load_dataset
from dermxai.errors import InputError
from dermxai.models import load_classifier, read_info
from dermxai.paths import CheckpointFiles
from dermxai.training.fit import fit, sampling_weights
from dermxai.training.learner import loss_of_votes
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


@pytest.fixture(scope="module")
def two_colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reddish and brownish squares of 20 patients: learnt within a few steps."""
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    rows = []
    for index in range(60):
        label = "Hem" if index % 2 else "MN"
        colour = (60, 40, 190) if label == "Hem" else (40, 70, 110)  # BGR
        image = np.clip(rng.normal(colour, 12, (40, 44, 3)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), image)
        rows.append(
            {"sample_id": f"s{index}", "path": f"{index}.png", "label": label,
             "patient_id": f"p{index // 3}"}
        )  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "samples.csv", index=False)
    return folder


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
    assert len(pd.read_csv(CheckpointFiles(folder).history)) == RECIPE.epochs
    assert {phase for phase, *_ in seen} == {"images", "training"}
    assert seen[-1][1] == seen[-1][2]
    assert not CheckpointFiles(folder).training_state.exists()
    card = CheckpointFiles(folder).card.read_text()
    assert "not for diagnosis" in card


class InterruptionError(Exception):
    pass


def test_an_interrupted_training_ends_as_an_uninterrupted_one(two_colours: Path, tmp_path: Path):
    dataset = load_dataset(two_colours)

    def interrupt(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 3:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        fit(dataset, RECIPE, tmp_path / "resumed", interrupt)
    fit(dataset, RECIPE, tmp_path / "resumed")
    fit(dataset, RECIPE, tmp_path / "straight")
    resumed, straight = (load_classifier(tmp_path / name) for name in ("resumed", "straight"))
    for name, tensor in straight.network.state_dict().items():
        torch.testing.assert_close(
            resumed.network.state_dict()[name], tensor, rtol=0, atol=0, msg=name
        )


def test_another_recipe_does_not_continue_an_interrupted_training(two_colours, tmp_path: Path):
    dataset = load_dataset(two_colours)

    def interrupt(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 2:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        fit(dataset, RECIPE, tmp_path / "m", interrupt)
    with pytest.raises(InputError, match="another recipe"):
        fit(dataset, replace(RECIPE, seed=1), tmp_path / "m")


def test_a_loss_that_is_not_finite_stops_with_advice_and_keeps_the_best(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps = 0

    def diverging(logits: torch.Tensor, labels: torch.Tensor, recipe: Recipe) -> torch.Tensor:
        nonlocal steps
        steps += 1
        return loss_of_votes(logits, labels, recipe) * (float("nan") if steps > 9 else 1.0)

    monkeypatch.setattr("dermxai.training.learner.loss_of_votes", diverging)
    with pytest.raises(InputError, match="lower the learning rate"):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert load_classifier(tmp_path / "m").info.metrics["validation"]["epoch"] == 1


def test_starts_from_a_checkpoint_and_leaves_its_first_blocks_alone(
    two_colours: Path, tmp_path: Path
):
    dataset = load_dataset(two_colours)
    first = fit(dataset, replace(RECIPE, epochs=1), tmp_path / "first")
    further = replace(RECIPE, epochs=1, start_from=str(first), frozen_blocks=2)
    second = fit(dataset, further, tmp_path / "second")
    before, after = (load_classifier(at).network.state_dict() for at in (first, second))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    kept = ("backbone.conv_stem.", "backbone.bn1.", "backbone.blocks.0.", "backbone.blocks.1.")
    assert not [name for name in changed if name.startswith(kept)]
    assert [name for name in changed if name.startswith("backbone.blocks.2.")]


def test_too_many_frozen_blocks(two_colours: Path, tmp_path: Path):
    with pytest.raises(InputError, match="blocks; 9 cannot"):
        fit(load_dataset(two_colours), replace(RECIPE, frozen_blocks=9), tmp_path / "m")


def test_balance_evens_out_the_classes():
    labels = torch.tensor([0] * 90 + [1] * 10)
    for balance, share in ((0.0, 0.1), (1.0, 0.5)):
        weights = sampling_weights(labels, balance)
        assert float(weights[labels == 1].sum() / weights.sum()) == pytest.approx(share)


def test_loss_is_the_sums_plus_the_heads_mean():
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 3, 4), torch.tensor([0, 1, 2, 3, 0])
    recipe = Recipe(head_loss=0.3, label_smoothing=0.0)
    entropy = torch.nn.functional.cross_entropy
    expected = (
        entropy(logits.sum(1), labels)
        + 0.3 * sum(entropy(logits[:, head], labels) for head in range(3)) / 3
    )
    torch.testing.assert_close(loss_of_votes(logits, labels, recipe), expected)


def test_image_side_grows_to_its_full_size():
    recipe = Recipe(size=160, start_size=96, epochs=10)
    sizes = [recipe.size_at(epoch) for epoch in range(10)]
    assert sizes[0] == 96 and sizes[-1] == 160 and sizes == sorted(sizes)
    assert all(size % 32 == 0 for size in sizes)
    assert {Recipe(size=150, epochs=3).size_at(epoch) for epoch in range(3)} == {150}


@pytest.mark.parametrize(
    "settings", [{"epochs": 0}, {"learning_rate": -1.0}, {"colour_constancy": "sepia"}]
)
def test_settings_out_of_bounds_are_refused(settings: dict[str, object]):
    with pytest.raises(InputError, match=next(iter(settings))):
        Recipe(**settings)
