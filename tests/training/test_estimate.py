import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.training import estimate as module
from dermxai.training.estimate import estimate, estimate_study
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe

RECIPE = Recipe(architecture="test_efficientnet", size=32, epochs=4, batch_size=8)


def test_counts_and_grows_with_what_is_asked(two_colours: Path):
    dataset = load_dataset(two_colours)
    small = estimate(dataset, RECIPE, "cpu")
    assert small.training_images + small.validation_images == 60
    assert small.steps == 4 * (small.training_images // 8)
    assert small.seconds > small.seconds_per_step * small.steps * 0.9
    large = estimate(dataset, RECIPE.replaced(batch_size=16, size=64), "cpu")
    assert large.memory_bytes > 2 * small.memory_bytes
    accumulated = estimate(dataset, RECIPE.replaced(accumulate=2), "cpu")
    assert accumulated.steps == small.steps / 2
    assert accumulated.memory_bytes == small.memory_bytes


def test_memory_of_weights_gradients_and_adam_is_in_it(two_colours: Path):
    """With two small images nearly all is what a weight needs: itself, its gradient, two moments,
    the average."""
    got = estimate(load_dataset(two_colours), RECIPE.replaced(batch_size=2), "cpu")
    from dermxai.models.multi_head import MultiHeadNetwork

    weights = sum(p.nbytes for p in MultiHeadNetwork("test_efficientnet", 2, True).parameters())
    assert 5 * weights < got.memory_bytes < 5 * weights + 4e6


@pytest.mark.parametrize("device", ["foo", "cuda:99"])
def test_a_device_that_cannot_be_used_is_a_sentence(two_colours: Path, device: str):
    with pytest.raises(InputError, match=f"The device '{device}' cannot be used"):
        estimate(load_dataset(two_colours), RECIPE, device)


def test_a_study_is_each_network_times_folds_and_seeds(two_colours: Path):
    dataset = load_dataset(two_colours)
    one = estimate_study(dataset, RECIPE, "cpu", folds=3)
    asked = {"folds": 3, "seeds": 2, "baselines": ["test_efficientnet", "resnet10t"]}
    several = estimate_study(dataset, RECIPE, "cpu", **asked)
    assert (one.trainings, several.trainings) == (3, 18)
    assert several.steps == 6 * one.steps, "as many images a fold, whatever the network"
    assert one.training_images < estimate(dataset, RECIPE, "cpu").training_images
    assert several.memory_bytes > one.memory_bytes, "a ResNet is larger"
    assert several.seconds > several.decoding
    with pytest.raises(InputError, match="1 folds"):
        estimate_study(dataset, RECIPE, "cpu", folds=1)


def test_several_devices_share_the_steps(two_colours: Path):
    dataset = load_dataset(two_colours)
    recipe = RECIPE.replaced(batch_size=4)
    one, two = (estimate(dataset, recipe, "cpu", devices).steps for devices in (1, 2))
    assert two == one / 2


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"weights": "/nowhere.pth"}, "no file /nowhere.pth"),
        ({"architecture": "nonsense"}, "nonsense"),
        ({"start_from": "tiny", "architecture": "efficientnet_b0"}, "do not fit"),
        ({"merge": "MN+Hem"}, "class"),
        ({"batch_size": 1}, "batch_size of at least 2"),
        ({"architecture": "inception_v3", "auxiliary": False}, "take a larger size"),
    ],
)
def test_what_the_training_refuses_is_refused(
    changes: dict[str, Any],
    complaint: str,
    two_colours: Path,
    tiny_checkpoint: Path,
    tmp_path: Path,
):
    if "start_from" in changes:
        changes = {**changes, "start_from": str(tiny_checkpoint)}
    dataset, recipe = load_dataset(two_colours), RECIPE.replaced(**changes)
    with pytest.raises(InputError, match=complaint):
        fit(dataset, recipe, tmp_path / "m", device="cpu")
    with pytest.raises(InputError, match=complaint):
        estimate(dataset, recipe, "cpu")


def test_what_this_computer_cannot_hold_is_said_in_a_sentence(
    two_colours: Path, monkeypatch: pytest.MonkeyPatch
):
    got = estimate(load_dataset(two_colours), RECIPE, "cpu")
    assert got.warning == ""
    little = SimpleNamespace(total=got.memory_bytes // 2)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)
    warning = estimate(load_dataset(two_colours), RECIPE, "cpu").warning
    assert re.fullmatch(
        r"It needs \d\.\d GB of memory and there are \d\.\d GB: halve .*\.", warning
    )
    assert module.warning(3 * 2**30, 3 * 2**30) == ""
    assert "3.5 GB of memory and there are 3.0 GB" in module.warning(7 * 2**29, 3 * 2**30)


def test_a_step_that_a_gpu_cannot_hold_is_refused_with_advice(
    two_colours: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(module, "_step", full)
    with pytest.raises(InputError, match=r"more than the .* GB of the GPU; halve batch_size"):
        estimate(load_dataset(two_colours), RECIPE, "cpu")
