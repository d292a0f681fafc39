import socket
import time
from pathlib import Path

import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.taxonomy import CODES
from dermxai.training import starting
from dermxai.training.recipe import Recipe
from dermxai.training.starting import starting_network
from tests.conftest import TINY

SMALL = Recipe(architecture=TINY, size=64)


def test_a_checkpoint_brings_its_heads_for_its_own_classes_only(tiny_checkpoint: Path) -> None:
    given = load_classifier(tiny_checkpoint).network.state_dict()
    recipe = Recipe(architecture=TINY, size=64, start_from=str(tiny_checkpoint))
    same = starting_network(recipe, CODES).state_dict()
    assert all(torch.equal(same[name], tensor) for name, tensor in given.items())
    for classes in (("MN", "BCC"), tuple(reversed(CODES))):
        other = starting_network(recipe, classes).state_dict()
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
    taken = starting_network(plain, CODES)
    assert len(taken.heads) == 1
    assert all(torch.equal(taken.backbone.state_dict()[name], given[name]) for name in given)


def test_a_local_file_of_weights_is_taken_up(tmp_path: Path) -> None:
    import timm

    torch.manual_seed(5)
    backbone = timm.create_model("test_efficientnet")
    torch.save(backbone.state_dict(), tmp_path / "w.pth")
    recipe = SMALL.replaced(weights=str(tmp_path / "w.pth"))
    own = starting_network(recipe, ("EAD", "SD")).backbone.state_dict()
    assert all(torch.equal(own[name], backbone.state_dict()[name]) for name in own)
    with pytest.raises(InputError, match="no file"):
        starting_network(SMALL.replaced(weights=str(tmp_path / "none.pth")), ("EAD", "SD"))


def test_without_a_network_imagenet_weights_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """And at once: the client of the server that has them does not begin its many tries."""
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        monkeypatch.setattr(starting.constants, "ENDPOINT", address)
        waited: list[float] = []
        monkeypatch.setattr(time, "sleep", waited.append)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(starting.constants, "HF_HUB_CACHE", str(tmp_path))
        with pytest.raises(InputError, match="set weights to its path"):
            starting_network(SMALL.replaced(weights="imagenet"), ("EAD", "SD"))
    assert not waited
    assert not starting.constants.HF_HUB_OFFLINE
