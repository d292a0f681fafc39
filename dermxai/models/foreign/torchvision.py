"""State dicts of torchvision's networks whose names differ from timm's.

ResNet, ResNeXt, DenseNet and Inception have the same names in both.
"""

import re
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from dermxai.models.foreign.blocks import by_width, with_epsilon

Tensors = Mapping[str, Tensor]


def renamed(tensors: Tensors) -> dict[str, Tensor] | None:
    """Tensors by timm's names; None where they are of none of these networks."""
    for marks, rename in _NETWORKS.items():
        if all(mark in tensors for mark in marks):
            return rename(tensors)
    return None


def _substituted(tensors: Tensors, *rules: tuple[str, str]) -> dict[str, Tensor]:
    """Each name by the first rule that its beginning matches."""
    return {_by_first(name, rules): tensor for name, tensor in tensors.items()}


def _by_first(name: str, rules: Iterable[tuple[str, str]]) -> str:
    for pattern, place in rules:
        changed, matched = re.subn(f"^{pattern}", place, name)
        if matched:
            return changed
    return name


def _last_feature(tensors: Tensors) -> int:
    return max(int(match[1]) for name in tensors if (match := re.match(r"features\.(\d+)\.", name)))


def _ends(tensors: Tensors, classifier: int) -> tuple[tuple[str, str], ...]:
    last = _last_feature(tensors)
    return (
        (r"features\.0\.0\.", "conv_stem."),
        (r"features\.0\.1\.", "bn1."),
        (rf"features\.{last}\.0\.", "conv_head."),
        (rf"features\.{last}\.1\.", "bn2."),
        (rf"classifier\.{classifier}\.", "classifier."),
    )


def _efficientnet(tensors: Tensors) -> dict[str, Tensor]:
    rules = []
    for stage, block in sorted(
        {
            (int(match[1]), int(match[2]))
            for name in tensors
            if (match := re.match(r"features\.(\d+)\.(\d+)\.block\.", name))
        }
    ):
        here = rf"features\.{stage}\.{block}\.block\."
        there = f"blocks.{stage - 1}.{block}."
        inside = f"features.{stage}.{block}.block"
        if f"{inside}.2.fc1.weight" in tensors:
            parts = _INVERTED
        elif f"{inside}.1.fc1.weight" in tensors:
            parts = _SEPARABLE
        elif f"{inside}.1.0.weight" in tensors:
            parts = {"0.0": "conv_exp", "0.1": "bn1", "1.0": "conv_pwl", "1.1": "bn2"}
        else:
            parts = {"0.0": "conv", "0.1": "bn1"}
        rules += _parts(here, there, parts)
    found = _substituted(tensors, *rules, *_ends(tensors, 1))
    # torchvision: 1e-3 in B5 to B7 and in all of the second version
    fused = tensors["features.1.0.block.0.0.weight"].shape[1] > 1
    wide = fused or found["conv_head.weight"].shape[0] >= 2048
    return with_epsilon(found, trained=1e-3) if wide else found


_SQUEEZE = {"fc1": "se.conv_reduce", "fc2": "se.conv_expand"}
_INVERTED = {"0.0": "conv_pw", "0.1": "bn1", "1.0": "conv_dw", "1.1": "bn2"}
_INVERTED |= {f"2.{name}": place for name, place in _SQUEEZE.items()}
_INVERTED |= {"3.0": "conv_pwl", "3.1": "bn3"}
_SEPARABLE = {"0.0": "conv_dw", "0.1": "bn1"}
_SEPARABLE |= {f"1.{name}": place for name, place in _SQUEEZE.items()}
_SEPARABLE |= {"2.0": "conv_pw", "2.1": "bn2"}


def _parts(here: str, there: str, parts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(here + re.escape(f"{name}."), f"{there}{part}.") for name, part in parts.items()]


def _mobilenet_v2(tensors: Tensors) -> dict[str, Tensor]:
    places = by_width(tensors, r"features\.(\d+)\.conv\.(?:2\.weight|1\.weight)$")
    rules = []
    for index, place in places.items():
        parts = {"0.0": "conv_pw", "0.1": "bn1", "1.0": "conv_dw", "1.1": "bn2"}
        parts |= {"2": "conv_pwl", "3": "bn3"}
        if f"features.{index}.conv.3.weight" not in tensors:
            parts = {"0.0": "conv_dw", "0.1": "bn1", "1": "conv_pw", "2": "bn2"}
        rules += _parts(rf"features\.{index}\.conv\.", f"blocks.{place}.", parts)
    return _substituted(tensors, *rules, *_ends(tensors, 1))


def _mobilenet_v3(tensors: Tensors) -> dict[str, Tensor]:
    last = _last_feature(tensors)
    kinds = {}
    outputs: dict[str, Tensor] = {}
    for index in range(1, last):
        inside = f"features.{index}.block"
        squeezes = [k for k in range(4) if f"{inside}.{k}.fc1.weight" in tensors]
        expands = tensors[f"{inside}.0.0.weight"].shape[1] != 1
        depthwise = int(expands)
        project = depthwise + 1 + len(squeezes)
        parts = {"0.0": "conv_pw", "0.1": "bn1"} if expands else {}
        norms = ("bn2", "bn3") if expands else ("bn1", "bn2")
        parts |= {f"{depthwise}.0": "conv_dw", f"{depthwise}.1": norms[0]}
        parts |= {f"{k}.{name}": part for k in squeezes for name, part in _SQUEEZE.items()}
        parts |= {f"{project}.0": "conv_pwl" if expands else "conv_pw", f"{project}.1": norms[1]}
        kinds[index] = parts
        outputs[f"{index}.weight"] = tensors[f"{inside}.{project}.0.weight"]
    places = by_width(outputs, r"(\d+)\.weight$")
    rules = []
    for index, parts in kinds.items():
        rules += _parts(rf"features\.{index}\.block\.", f"blocks.{places[index]}.", parts)
    end = 1 + max(int(place.split(".")[0]) for place in places.values())
    found = _substituted(
        tensors,
        *rules,
        (rf"features\.{last}\.0\.", f"blocks.{end}.0.conv."),
        (rf"features\.{last}\.1\.", f"blocks.{end}.0.bn1."),
        (r"features\.0\.0\.", "conv_stem."),
        (r"features\.0\.1\.", "bn1."),
        (r"classifier\.0\.", "conv_head."),
        (r"classifier\.3\.", "classifier."),
    )
    found["conv_head.weight"] = found["conv_head.weight"][:, :, None, None]
    return with_epsilon(found, trained=1e-3)


def _convnext(tensors: Tensors) -> dict[str, Tensor]:
    rules = []
    for stage in range(4):
        here, there = rf"features\.{2 * stage + 1}\.(\d+)\.", rf"stages.{stage}.blocks.\1."
        parts = {"0": "conv_dw", "2": "norm", "3": "mlp.fc1", "5": "mlp.fc2"}
        rules += [(rf"{here}block\.{k}\.", f"{there}{part}.") for k, part in parts.items()]
        rules.append((f"{here}layer_scale$", f"{there}gamma"))
        rules.append((rf"features\.{2 * stage}\.([01])\.", rf"stages.{stage}.downsample.\1."))
    rules[:0] = [(r"features\.0\.([01])\.", r"stem.\1.")]
    found = _substituted(
        tensors, *rules, (r"classifier\.0\.", "head.norm."), (r"classifier\.2\.", "head.fc.")
    )
    return {
        name: tensor.flatten() if name.endswith(".gamma") else tensor
        for name, tensor in found.items()
    }


def _vision_transformer(tensors: Tensors) -> dict[str, Tensor]:
    here, there = r"encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."
    return _substituted(
        tensors,
        ("class_token$", "cls_token"),
        (r"conv_proj\.", "patch_embed.proj."),
        (r"encoder\.pos_embedding$", "pos_embed"),
        (rf"{here}ln_1\.", f"{there}norm1."),
        (rf"{here}ln_2\.", f"{there}norm2."),
        (rf"{here}self_attention\.in_proj_", f"{there}attn.qkv."),
        (rf"{here}self_attention\.out_proj\.", f"{there}attn.proj."),
        (rf"{here}mlp\.(?:0|linear_1)\.", f"{there}mlp.fc1."),
        (rf"{here}mlp\.(?:3|linear_2)\.", f"{there}mlp.fc2."),
        (r"encoder\.ln\.", "norm."),
        (r"heads\.head\.", "head."),
    )


def _swin(tensors: Tensors) -> dict[str, Tensor]:
    rules = [(r"features\.0\.0\.", "patch_embed.proj."), (r"features\.0\.2\.", "patch_embed.norm.")]
    for stage in range(4):
        here, there = rf"features\.{2 * stage + 1}\.(\d+)\.", rf"layers.{stage}.blocks.\1."
        rules += [
            (rf"{here}mlp\.0\.", f"{there}mlp.fc1."),
            (rf"{here}mlp\.3\.", f"{there}mlp.fc2."),
        ]
        rules += [(here, there), (rf"features\.{2 * stage}\.", f"layers.{stage}.downsample.")]
    found = _substituted(tensors, *rules, (r"head\.", "head.fc."))
    return {n: t for n, t in found.items() if not n.endswith("relative_position_index")}


def _swin_v2(tensors: Tensors) -> dict[str, Tensor]:
    """timm keeps the bias of queries and of values only: that of keys is 0 in both."""
    found: dict[str, Tensor] = {}
    for name, tensor in _swin(tensors).items():
        if name.endswith("attn.qkv.bias"):
            attention = name.removesuffix("qkv.bias")
            query, _, value = tensor.chunk(3)
            found |= {f"{attention}q_bias": query, f"{attention}v_bias": value}
        elif not name.endswith("relative_coords_table"):
            found[name] = tensor
    return found


def _maxvit(tensors: Tensors) -> dict[str, Tensor]:
    rules = [
        (r"stem\.0\.0\.", "stem.conv1."),
        (r"stem\.0\.1\.", "stem.norm1."),
        (r"stem\.1\.0\.", "stem.conv2."),
    ]
    here, there = r"blocks\.(\d+)\.layers\.(\d+)\.layers\.", r"stages.\1.blocks.\2."
    rules += [
        (f"{here}MBconv{re.escape(f'.{name}.')}", f"{there}conv.{part}.")
        for name, part in _MAXVIT_CONVOLUTION.items()
    ]
    rules += [
        (f"{here}{attention}{re.escape(f'.{name}')}", f"{there}{block}.{part}")
        for attention, block in (
            ("window_attention", "attn_block"),
            ("grid_attention", "attn_grid"),
        )
        for name, part in _MAXVIT_ATTENTION.items()
    ]
    rules += [
        (r"classifier\.2\.", "head.norm."),
        (r"classifier\.3\.", "head.pre_logits.fc."),
        (r"classifier\.5\.", "head.fc."),
    ]
    found = _substituted(tensors, *rules)
    for name, tensor in found.items():
        if ".attn.qkv." in name:  # timm divides by the width of a head, torchvision by all of them
            query, key, value = tensor.chunk(3)
            key = key * (_MAXVIT_HEAD / len(key)) ** 0.5
            found[name] = torch.cat([query, key, value])
    found["stem.conv1.bias"] = torch.zeros(len(found["stem.conv1.weight"]))
    return {n: t for n, t in found.items() if not n.endswith("relative_position_index")}


_MAXVIT_HEAD = 32
_MAXVIT_BLOCKS = {"window_attention": "attn_block", "grid_attention": "attn_grid"}
_MAXVIT_CONVOLUTION = {
    "proj.1": "shortcut.expand",
    "layers.pre_norm": "pre_norm",
    "layers.conv_a.0": "conv1_1x1",
    "layers.conv_a.1": "norm1",
    "layers.conv_b.0": "conv2_kxk",
    "layers.conv_b.1": "norm2",
    "layers.squeeze_excitation": "se",
    "layers.conv_c": "conv3_1x1",
}
_MAXVIT_ATTENTION = {
    "attn_layer.0.": "norm1.",
    "attn_layer.1.to_qkv.": "attn.qkv.",
    "attn_layer.1.merge.": "attn.proj.",
    "attn_layer.1.relative_position_bias_table": "attn.rel_pos.relative_position_bias_table",
    "attn_layer.1.relative_position_index": "attn.rel_pos.relative_position_index",
    "mlp_layer.0.": "norm2.",
    "mlp_layer.1.": "mlp.fc1.",
    "mlp_layer.3.": "mlp.fc2.",
}


def _vgg(tensors: Tensors) -> dict[str, Tensor]:
    found = _substituted(
        tensors,
        (r"classifier\.0\.", "pre_logits.fc1."),
        (r"classifier\.3\.", "pre_logits.fc2."),
        (r"classifier\.6\.", "head.fc."),
    )
    for name, side in (("pre_logits.fc1.weight", 7), ("pre_logits.fc2.weight", 1)):
        found[name] = found[name].reshape(len(found[name]), -1, side, side)
    return found


def _regnet(tensors: Tensors) -> dict[str, Tensor]:
    moved = {_regnet_block(name): tensor for name, tensor in tensors.items()}
    block = r"(s\d+\.b\d+)\."
    rules = [
        (rf"{block}f\.{letter}\.{k}\.", rf"\1.conv{number}.{part}.")
        for number, letter in enumerate("abc", 1)
        for k, part in enumerate(("conv", "bn"))
    ]
    return _substituted(
        moved,
        *rules,
        (rf"{block}f\.se\.", r"\1.se."),
        (rf"{block}proj\.0\.", r"\1.downsample.conv."),
        (rf"{block}proj\.1\.", r"\1.downsample.bn."),
        (r"stem\.0\.", "stem.conv."),
        (r"stem\.1\.", "stem.bn."),
        (r"fc\.", "head.fc."),
    )


def _regnet_block(name: str) -> str:
    match = re.match(r"trunk_output\.block(\d+)\.block\d+-(\d+)\.(.*)", name)
    return f"s{match[1]}.b{int(match[2]) + 1}.{match[3]}" if match else name


def _old_densenet(tensors: Tensors) -> dict[str, Tensor]:
    return _substituted(tensors, (r"(.*\.denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2."))


_RESNET = {0: "conv1", 1: "bn1", 4: "layer1", 5: "layer2", 6: "layer3", 7: "layer4"}


def _resnet_in_sequence(tensors: Tensors) -> dict[str, Tensor]:
    """``nn.Sequential(*list(resnet.children())[:-1])``, which numbers the layers."""
    return _substituted(tensors, *((rf"{k}\.", f"{name}.") for k, name in _RESNET.items()))


_NETWORKS: Mapping[tuple[str, ...], Callable[[Tensors], dict[str, Tensor]]] = {
    ("features.0.0.weight", "features.1.0.block.0.0.weight"): _efficientnet,
    ("features.0.0.weight", "features.1.conv.0.0.weight"): _mobilenet_v2,
    ("features.0.0.weight", "features.1.block.0.0.weight"): _mobilenet_v3,
    ("features.0.0.weight", "features.1.0.layer_scale"): _convnext,
    ("features.0.0.weight", "features.1.0.attn.logit_scale"): _swin_v2,
    ("features.0.0.weight", "features.1.0.attn.qkv.weight"): _swin,
    ("stem.0.0.weight", "blocks.0.layers.0.layers.MBconv.proj.1.weight"): _maxvit,
    ("class_token", "conv_proj.weight", "encoder.pos_embedding"): _vision_transformer,
    ("features.0.weight", "classifier.0.weight", "classifier.3.weight"): _vgg,
    ("stem.0.weight", "trunk_output.block1.block1-0.f.a.0.weight"): _regnet,
    ("features.conv0.weight", "features.denseblock1.denselayer1.norm.1.weight"): _old_densenet,
    ("0.weight", "1.running_mean", "4.0.conv1.weight", "7.0.conv1.weight"): _resnet_in_sequence,
}
"""By the names of tensors that each has."""
