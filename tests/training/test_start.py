from pathlib import Path

import torch

from dermxai.models import load_classifier
from dermxai.taxonomy import CODES
from dermxai.training.module import starting_network
from dermxai.training.recipe import Recipe
from tests.conftest import TINY


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
