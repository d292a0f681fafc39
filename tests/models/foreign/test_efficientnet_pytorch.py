"""Names of efficientnet_pytorch, drawn from timm's network: there and back again."""

import timm
import torch
from torch import Tensor

from dermxai.models.foreign.networks import find_backbone


def theirs(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's tensors under the names of efficientnet_pytorch, whose blocks are numbered through."""
    places = sorted({tuple(map(int, n.split(".")[1:3])) for n in state if n.startswith("blocks.")})
    outside = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    outside |= {"classifier": "_fc"}
    inside = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv"}
    inside |= {"bn2": "_bn1", "conv_pwl": "_project_conv", "bn3": "_bn2"}
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    squeeze = {"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
    found = {}
    for name, tensor in state.items():
        module, _, value = name.rpartition(".")
        if name.startswith("blocks."):
            _, stage, block, part = module.split(".", 3)
            names = (inside if f"blocks.{stage}.{block}.bn3.bias" in state else first) | squeeze
            index = places.index((int(stage), int(block)))
            found[f"_blocks.{index}.{names[part]}.{value}"] = tensor
        else:
            found[f"{outside[module]}.{value}"] = tensor
    return found


def test_each_tensor_finds_its_place():
    for architecture in ("tf_efficientnet_b0", "tf_efficientnet_b3", "tf_efficientnet_lite0"):
        state = timm.create_model(architecture, num_classes=4).state_dict()
        found = find_backbone(theirs(dict(state)))
        assert found is not None
        assert found.architectures[0] == architecture
        back = {**found.tensors, **found.rest}
        assert back.keys() == state.keys()
        assert all(torch.equal(back[name], tensor) for name, tensor in state.items())
        assert found.program == "efficientnet_pytorch"
