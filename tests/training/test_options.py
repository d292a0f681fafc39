"""Each option trains, and does what it says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.data.transforms import IMAGENET_MEAN, Preprocessing
from dermxai.models import load_classifier, read_info
from dermxai.training.data.examples import draw_weights, examples_of, log_priors, loss_weights
from dermxai.training.data.loading import (
    Batches,
    batches_an_epoch,
    forward_passes_a_step,
    steps_an_epoch,
)
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit, preprocessing_of
from dermxai.training.initial_network import initial_network
from dermxai.training.loop.module import Training, moving_average
from dermxai.training.recipe import Recipe

RECIPE = Recipe(
    architecture="test_efficientnet", size=32, epochs=2, batch_size=16, colour_constancy="none"
)


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "bfloat16", "deterministic": True},
        {"mixup": 0.2, "cutmix": 1.0, "class_weights": 1.0, "logit_adjustment": 1.0},
        {"accumulate": 2, "ema_decay": 0.0, "balance": 0.0},
        {"architecture": "test_resnet", "auxiliary": False, "optimiser": "sgd", "unfreeze": True},
    ],
    ids=" ".join,
)
def test_trains_with(settings: dict[str, object], two_colours: Path, tmp_path: Path):
    folder = fit(load_dataset(two_colours), RECIPE.replaced(**settings), tmp_path / "m")
    assert np.isfinite(pd.read_csv(TrainingFiles(folder).history)["loss"]).all()
    assert {*settings.items()} <= {*load_classifier(folder / "last").info.recipe.items()}


def test_patience_ends_a_training_that_does_not_get_better(two_colours: Path, tmp_path: Path):
    stuck = RECIPE.replaced(epochs=9, patience=1, learning_rate=1e-6, ema_decay=0.0, drop_rate=0.0)
    folder = fit(load_dataset(two_colours), stuck.replaced(optimiser="sgd"), tmp_path / "m")
    assert len(pd.read_csv(TrainingFiles(folder).history)) < 9


def test_merged_classes_are_one_and_the_watched_pair_is_followed(two_colours: Path, tmp_path: Path):
    dataset = load_dataset(two_colours)
    labels = ["SD", "EAD", "Pso", "LP"] * 15
    four = replace(dataset, samples=dataset.samples.assign(label=labels))
    folder = fit(four, RECIPE.replaced(merge="EAD+SD", watch="Pso/LP", epochs=1), tmp_path / "m")
    assert set(read_info(folder).classes) == {"EAD+SD", "Pso", "LP"}
    columns = pd.read_csv(TrainingFiles(folder).history).columns
    assert {"confusion:Pso→LP", "confusion:LP→Pso", "sensitivity:EAD+SD"} <= set(columns)
    with pytest.raises(InputError, match=r"merge is 'MN\+SD'"):
        examples_of(four, RECIPE.replaced(merge="MN+SD"))
    with pytest.raises(InputError, match="no class 'MN'"):
        examples_of(four, RECIPE.replaced(watch="MN/LP"))


def test_test_patients_stay_out_of_a_new_split(two_colours: Path):
    dataset = load_dataset(two_colours)
    split = pd.Series("train", index=dataset.samples.index)
    split[:6], split[6:12] = "validation", "test"
    divided = replace(dataset, samples=dataset.samples.assign(split=split))
    table = examples_of(divided, RECIPE.replaced(split="patient")).table
    assert list(table.index[table["split"] == "test"]) == list(range(6, 12))
    assert table.groupby("patient_id")["split"].nunique().max() == 1


def test_an_epoch_without_balance_sees_no_image_twice():
    rows, labels = np.arange(100), np.repeat([0, 1], 50)
    batches = Batches(rows, labels, Recipe(balance=0.0, batch_size=16))
    first = np.concatenate(list(batches))
    assert len(first) == 96 == len(set(first))
    batches.set_epoch(1)
    assert not np.array_equal(np.concatenate(list(batches)), first)
    shares = [Batches(rows, labels, Recipe(balance=0.0, batch_size=16), rank, 2) for rank in (0, 1)]
    assert not {*np.concatenate(list(shares[0]))} & {*np.concatenate(list(shares[1]))}


def test_steps_rest_on_as_many_batches_as_were_asked_for():
    for images, accumulate, batches, steps in ((100, 4, 4, 1), (100, 5, 5, 1), (40, 4, 2, 1)):
        recipe = Recipe(batch_size=16, accumulate=accumulate)
        assert (batches_an_epoch(images, recipe), steps_an_epoch(images, recipe)) == (
            batches,
            steps,
        )


@pytest.mark.parametrize(("settings", "batches"), [({"accumulate": 8}, 3), ({"batch_size": 64}, 1)])
def test_an_epoch_of_few_batches_is_one_step_that_changes_the_weights(
    settings: dict[str, int], batches: int, two_colours: Path, tmp_path: Path
):
    recipe, out = RECIPE.replaced(ema_decay=0.0, **settings), tmp_path / "m"
    weights = [initial_network(recipe, ("MN", "Hem")).heads[0].weight]

    def keep(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 2 and len(weights) == 1:
            weights.append(load_classifier(out / "last").network.heads[0].weight)

    fit(load_dataset(two_colours), recipe, out, keep)
    weights.append(load_classifier(out / "last").network.heads[0].weight)
    start, first, second = weights
    assert not torch.equal(start, first)
    assert not torch.equal(first, second)
    images = read_info(out).data["training_images"]
    assert forward_passes_a_step(images, recipe) == batches_an_epoch(images, recipe) == batches
    assert steps_an_epoch(images, recipe) == 1


def test_more_passes_a_step_than_batches_are_those_there_are(two_colours: Path, tmp_path: Path):
    exact = RECIPE.replaced(accumulate=3, optimiser="sgd", max_gradient_norm=0.0, epochs=1)
    one, other = (
        fit(load_dataset(two_colours), exact.replaced(accumulate=passes), tmp_path / f"{passes}")
        for passes in (3, 100)
    )
    first, second = (load_classifier(at / "last").network.heads[0].weight for at in (one, other))
    assert torch.equal(first, second)


def test_what_tensorboard_shows(two_colours: Path, tmp_path: Path):
    recipe = RECIPE.replaced(watch="MN/Hem")
    folder = fit(load_dataset(two_colours), recipe, tmp_path / "m")
    events = EventAccumulator(str(TrainingFiles(folder).tensorboard)).Reload()
    tags = set(events.Tags()["scalars"])
    history = pd.read_csv(TrainingFiles(folder).history)
    same = {
        "loss": "loss",
        "learning_rate": "learning_rate",
        "balanced_accuracy": "balanced_accuracy",
        "sensitivity/MN": "sensitivity:MN",
        "confusion/MN predicted as Hem": "confusion:MN→Hem",
        "confusion/Hem predicted as MN": "confusion:Hem→MN",
    }
    assert {*same, "loss_by_step"} <= tags
    for tag, column in same.items():
        logged = [event.value for event in events.Scalars(tag)]
        np.testing.assert_allclose(logged, history[column], rtol=1e-5, err_msg=tag)


def test_the_card_says_what_was_learnt_from_and_what_a_split_lacks(
    two_colours: Path, tmp_path: Path
):
    dataset = load_dataset(two_colours)
    samples = dataset.samples
    split = np.where(samples["patient_id"].isin(["p0", "p1"]), "train", "validation")
    label = np.where(samples["sample_id"] == "s30", "BCC", samples["label"])
    lopsided = replace(dataset, samples=samples.assign(split=split, label=label))
    folder = fit(lopsided, RECIPE.replaced(epochs=1, batch_size=2), tmp_path / "m")
    info = read_info(folder)
    assert info.data["training_patients_by_class"] == {"MN": 2, "Hem": 2}
    assert info.data["notes"] == [
        "More images are validated on (54) than learnt from (6).",
        "No training image of BCC: never learnt.",
    ]
    card = (folder / "README.md").read_text()
    assert "- No training image of BCC: never learnt." in card
    assert "MN 3, Hem 3" in card


def test_few_steps_leave_little_of_the_random_weights_in_the_average():
    update, average = moving_average(0.999), [torch.ones(1)]
    for step in range(30):
        update(average, [torch.zeros(1)], torch.tensor(step))
    assert average[0].item() < 1e-3
    before = torch.ones(1)
    update([before], [torch.zeros(1)], torch.tensor(100_000))
    assert before.item() == pytest.approx(0.999)


def test_long_gradients_are_shortened_unless_the_recipe_says_never(
    two_colours: Path, tmp_path: Path
):
    data = load_dataset(two_colours)
    weights = {}
    for norm in (0.0, 1e-6, 1000.0):
        recipe = RECIPE.replaced(
            max_gradient_norm=norm, epochs=1, optimiser="sgd", weight_decay=0.0
        )
        folder = fit(data, recipe, tmp_path / f"{norm}") / "last"
        weights[norm] = load_classifier(folder).network.heads[0].weight
    assert torch.equal(weights[0.0], weights[1000.0])
    assert not torch.equal(weights[0.0], weights[1e-6])


def test_balance_evens_out_the_classes():
    labels = np.array([0] * 90 + [1] * 10)
    for balance, share in ((0.0, 0.1), (1.0, 0.5)):
        weights = draw_weights(labels, balance)
        assert weights[labels == 1].sum() / weights.sum() == pytest.approx(share)
        assert np.exp(log_priors(labels, 2, balance)[1]) == pytest.approx(share)
        counted = loss_weights(labels, 2, balance, 0.0)[labels]
        assert counted.mean() == pytest.approx(1)
        assert counted[labels == 1].sum() / counted.sum() == pytest.approx(share)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_classes_count_alike_however_often_they_are_drawn(balance: float):
    labels = np.array([0] * 90 + [1] * 10)
    drawn = np.exp(log_priors(labels, 2, balance))
    assert drawn * loss_weights(labels, 2, 1.0, balance) == pytest.approx([0.5, 0.5])


def test_images_are_normalised_as_published_weights_want_them(tiny_checkpoint: Path) -> None:
    published = preprocessing_of(Recipe(architecture="inception_v3", weights="imagenet"))
    assert published.mean == published.std == (0.5, 0.5, 0.5)
    assert preprocessing_of(Recipe()).mean == IMAGENET_MEAN
    own = preprocessing_of(Recipe(start_from=str(tiny_checkpoint), size=32))
    assert (own.mean, own.size) == (IMAGENET_MEAN, 32)


@pytest.mark.parametrize(
    "architecture",
    ["inception_v3", "tf_efficientnet_lite0", "xception41", "tf_efficientnetv2_s", "dpn68"],
)
def test_one_rule_normalises_wherever_the_weights_come_from(architecture: str) -> None:
    with torch.device("meta"):
        network = timm.create_model(architecture)
    timms = timm.data.resolve_model_data_config(network)
    for weights in ("", "imagenet", "weights.pth"):
        recipe = Recipe(architecture=architecture, weights=weights)
        own = preprocessing_of(recipe)
        assert (own.mean, own.std) == (timms["mean"], timms["std"])
        assert own.mean != IMAGENET_MEAN
        told = preprocessing_of(recipe.replaced(mean="0.7, 0.6,0.5"))
        assert (told.mean, told.std) == ((0.7, 0.6, 0.5), own.std)


def test_the_momentum_that_was_asked_for_is_used() -> None:
    recipe = Recipe(architecture="test_efficientnet", optimiser="sgd", momentum=0.5, epochs=1)
    module = Training(recipe, ("EAD", "SD"), Preprocessing(size=32), np.array([0, 1]), steps=10)
    configured = module.configure_optimizers()
    optimiser, scheduled = configured["optimizer"], configured["lr_scheduler"]
    for _ in range(9):
        optimiser.step()
        scheduled["scheduler"].step()
        assert optimiser.param_groups[0]["momentum"] == 0.5


@pytest.mark.parametrize("steps", [1, 2, 6])
def test_a_training_of_few_steps_does_not_begin_at_the_end_of_its_cycle(steps: int) -> None:
    recipe = Recipe(architecture="test_efficientnet", epochs=1)
    module = Training(recipe, ("EAD", "SD"), Preprocessing(size=32), np.array([0, 1]), steps)
    configured = module.configure_optimizers()
    optimiser, scheduled = configured["optimizer"], configured["lr_scheduler"]
    rates = []
    for _ in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduled["scheduler"].step()
    assert rates[0] == pytest.approx(recipe.learning_rate / 25)
    assert all(rate > recipe.learning_rate * 0.9 for rate in rates[1:2])
    assert rates[1:] == sorted(rates[1:], reverse=True)


@pytest.mark.parametrize(
    "device",
    [
        "cpu:0",
        "cuda:one",
        "tpu",
        pytest.param(
            "mps", marks=pytest.mark.skipif(torch.backends.mps.is_available(), reason="has one")
        ),
    ],
)
def test_a_device_that_is_not_here_is_refused(device: str, two_colours: Path, tmp_path: Path):
    with pytest.raises(InputError, match=f"no device '{device}' here; expected cpu"):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m", device=device)
    assert not (tmp_path / "m").exists()
