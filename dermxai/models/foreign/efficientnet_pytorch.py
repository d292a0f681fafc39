"""State dicts of the package efficientnet_pytorch, and of efficientnet_lite_pytorch."""

import re
from collections.abc import Mapping

from torch import Tensor

from dermxai.models.foreign.blocks import by_width

PREFERRED = ("tf_efficientnet",)
"""Both programs pad as TensorFlow does."""
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
_OUTSIDE |= {"_fc": "classifier"}
_INSIDE = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_WITHOUT_EXPANSION = _INSIDE | {"_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)$")


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Tensors by timm's names; None where they are not of this kind."""
    if "_conv_stem.weight" not in tensors or "_blocks.0._project_conv.weight" not in tensors:
        return None
    places = by_width(tensors, r"_blocks\.(\d+)\._project_conv\.weight$")
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        layer, _, rest = name.partition(".")
        if match := _BLOCK.match(name):
            index, part, value = match.groups()
            expands = f"_blocks.{index}._expand_conv.weight" in tensors
            names = _INSIDE if expands else _WITHOUT_EXPANSION
            place = places.get(int(index), index)
            found[f"blocks.{place}.{names.get(part, part)}.{value}"] = tensor
        else:
            found[f"{_OUTSIDE[layer]}.{rest}" if layer in _OUTSIDE else name] = tensor
    return found
