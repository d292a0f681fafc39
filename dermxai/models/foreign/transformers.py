"""State dicts of Hugging Face transformers' image classifiers, where timm has the network."""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from dermxai.models.foreign import efficientnet_pytorch

Tensors = Mapping[str, Tensor]
_ATTENTION = re.compile(
    r"(?P<block>.*\.)attention\.(?:attention|self)\.(?P<part>query|key|value)\.(?P<value>weight|bias)$"
)


def renamed(tensors: Tensors) -> dict[str, Tensor] | None:
    """Tensors by timm's names; None where they are of none of these networks."""
    for mark, rename in _NETWORKS.items():
        if mark in tensors:
            return rename(tensors)
    return None


def _substituted(tensors: Tensors, rules: Mapping[str, str]) -> dict[str, Tensor]:
    """Each name by all rules in turn."""
    return {_by_all(name, rules): tensor for name, tensor in tensors.items()}


def _by_all(name: str, rules: Mapping[str, str]) -> str:
    for pattern, place in rules.items():
        name = re.sub(pattern, place, name)
    return name


def _joined(tensors: Tensors) -> dict[str, Tensor]:
    """Query, key and value as one layer, which timm calls qkv."""
    found: dict[str, Tensor] = {}
    apart: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if match := _ATTENTION.match(name):
            joint = f"{match['block']}attn.qkv.{match['value']}"
            apart.setdefault(joint, {})[match["part"]] = tensor
        else:
            found[name] = tensor
    for name, parts in apart.items():
        if parts.keys() >= {"query", "value"}:
            key = parts.get("key", torch.zeros_like(parts["query"]))
            found[name] = torch.cat([parts["query"], key, parts["value"]])
    return found


_EMBEDDINGS = {
    r"^\w+\.embeddings\.cls_token$": "cls_token",
    r"^\w+\.embeddings\.distillation_token$": "dist_token",
    r"^\w+\.embeddings\.register_tokens$": "reg_token",
    r"^\w+\.embeddings\.position_embeddings$": "pos_embed",
    r"^\w+\.embeddings\.patch_embeddings\.projection\.": "patch_embed.proj.",
}
_BLOCK = {
    r"\.attention\.output\.dense\.": ".attn.proj.",
    r"\.layernorm_before\.": ".norm1.",
    r"\.layernorm_after\.": ".norm2.",
    r"\.intermediate\.dense\.": ".mlp.fc1.",
    r"\.output\.dense\.": ".mlp.fc2.",
    r"^\w+\.encoder\.layer\.": "blocks.",
}


def _vision_transformer(tensors: Tensors) -> dict[str, Tensor]:
    rules = _EMBEDDINGS | _BLOCK
    rules |= {r"^\w+\.layernorm\.": "norm.", r"^classifier\.": "head."}
    rules |= {r"^cls_classifier\.": "head.", r"^distillation_classifier\.": "head_dist."}
    return _substituted(_joined(tensors), rules)


def _dinov2(tensors: Tensors) -> dict[str, Tensor]:
    rules = _EMBEDDINGS | _BLOCK
    rules |= {r"\.layer_scale([12])\.lambda1$": r".ls\1.gamma", r"^\w+\.layernorm\.": "norm."}
    found = _substituted(_joined(tensors), rules | {r"^classifier\.": "head."})
    if "reg_token" in found:  # timm adds the class token's position to the token itself
        token, places = found["cls_token"], found["pos_embed"]
        found |= {"cls_token": token + places[:, :1], "pos_embed": places[:, 1:]}
    return {name: tensor for name, tensor in found.items() if not name.endswith("mask_token")}


def _beit(tensors: Tensors) -> dict[str, Tensor]:
    rules = _EMBEDDINGS | _BLOCK
    rules |= {r"\.lambda_([12])$": r".gamma_\1", r"^beit\.pooler\.layernorm\.": "fc_norm."}
    rules |= {r"\.attention\.attention\.relative_position_bias\.": ".attn."}
    rules |= {r"^classifier\.": "head."}
    found: dict[str, Tensor] = {}
    for name, tensor in _substituted(_joined(tensors), rules).items():
        if name.endswith("attn.qkv.bias"):
            block = name.removesuffix("qkv.bias")
            query, _, value = tensor.chunk(3)
            found |= {f"{block}q_bias": query, f"{block}v_bias": value}
        elif not name.endswith(("mask_token", "relative_position_index")):
            found[name] = tensor
    return found


def _swin(tensors: Tensors) -> dict[str, Tensor]:
    rules = _EMBEDDINGS | {r"^swin\.embeddings\.norm\.": "patch_embed.norm."}
    rules |= {
        r"\.attention\.self\.relative_position_bias_table$": ".attn.relative_position_bias_table"
    }
    rules |= _BLOCK | {r"^swin\.encoder\.layers\.": "layers.", r"^swin\.layernorm\.": "norm."}
    found = {}
    for name, tensor in _substituted(_joined(tensors), rules).items():
        if match := re.match(r"layers\.(\d+)\.downsample\.(.*)", name):
            found[f"layers.{int(match[1]) + 1}.downsample.{match[2]}"] = tensor
        elif not name.endswith("relative_position_index"):
            found[re.sub(r"^classifier\.", "head.fc.", name)] = tensor
    return found


def _swin_v2(tensors: Tensors) -> dict[str, Tensor]:
    here = r"\.attention\.self\."
    rules = {
        r"^swinv2\.": "swin.",
        f"{here}logit_scale$": ".attn.logit_scale",
        rf"{here}continuous_position_bias_mlp\.": ".attn.cpb_mlp.",
    }
    found: dict[str, Tensor] = {}
    for name, tensor in _swin(_substituted(tensors, rules)).items():
        if name.endswith("attn.qkv.bias"):
            attention = name.removesuffix("qkv.bias")
            query, _, value = tensor.chunk(3)
            found |= {f"{attention}q_bias": query, f"{attention}v_bias": value}
        elif not name.endswith("relative_coords_table"):
            found[name] = tensor
    return found


def _siglip(tensors: Tensors) -> dict[str, Tensor]:
    """Its classifier reads the average of the patches; the head that pools them by attention is
    there, but not read."""
    block = r"^vision_model\.encoder\.layers\.(\d+)\."
    rules = {
        r"^vision_model\.embeddings\.patch_embedding\.": "patch_embed.proj.",
        r"^vision_model\.embeddings\.position_embedding\.weight$": "pos_embed",
        rf"{block}self_attn\.([qkv])_proj\.": r"blocks.\1.attention.attention.\2.",
        rf"{block}self_attn\.out_proj\.": r"blocks.\1.attn.proj.",
        rf"{block}layer_norm": r"blocks.\1.norm",
        rf"{block}mlp\.": r"blocks.\1.mlp.",
        r"^vision_model\.post_layernorm\.": "norm.",
        r"\.attention\.q\.": ".attention.query.",
        r"\.attention\.k\.": ".attention.key.",
        r"\.attention\.v\.": ".attention.value.",
        r"^classifier\.": "head.",
    }
    read = {n: t for n, t in tensors.items() if not n.startswith("vision_model.head.")}
    found = _joined(_substituted(read, rules))
    return {**found, "pos_embed": found["pos_embed"][None]}


def _levit(tensors: Tensors) -> dict[str, Tensor]:
    found = {_levit_layer(name, tensors): tensor for name, tensor in tensors.items()}
    rules = {
        r"^levit\.patch_embeddings\.embedding_layer_(\d)\.convolution\.": r"stem.conv\1.linear.",
        r"^levit\.patch_embeddings\.embedding_layer_(\d)\.batch_norm\.": r"stem.conv\1.bn.",
        r"^classifier\.": "head.",
        r"^classifier_distill\.": "head_dist.",
        r"\.batch_norm\.": ".bn.",
    }
    named = _substituted(found, rules)
    if "head_dist.linear.weight" not in named:  # timm's has two, whose average is the one
        named |= {f"head_dist{n[4:]}": t for n, t in named.items() if n.startswith("head.")}
    return {n: t for n, t in named.items() if not n.endswith("attention_bias_idxs")}


_LEVIT = re.compile(r"levit\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(module\.)?(\w+)(\..*)?$")
_LEVIT_PARTS = {
    "queries_keys_values": "qkv",
    "keys_values": "kv",
    "queries": "q.ln",
    "projection": "proj.ln",
    "linear_up": "ln1",
    "linear_down": "ln2",
}


def _levit_layer(name: str, tensors: Tensors) -> str:
    """A stage's layers are attention and hidden layer in turn; the last two make it smaller, which
    timm has at the beginning of the next."""
    match = _LEVIT.match(name)
    if match is None:
        return name
    stage, layer, residual, part, value = match.groups()
    stage, pair = int(stage), int(layer) // 2
    smaller = f"levit.encoder.stages.{stage}.layers.{2 * pair}.keys_values.linear.weight" in tensors
    place = f"stages.{stage + 1}.downsample" if smaller else f"stages.{stage}.blocks.{pair}"
    inside = "mlp" if int(layer) % 2 else "attn_downsample" if not residual else "attn"
    return f"{place}.{inside}.{_LEVIT_PARTS.get(part, part)}{value or ''}"


def _efficientnet(tensors: Tensors) -> dict[str, Tensor]:
    """By way of the names of efficientnet_pytorch, which pads alike."""
    rules = {
        r"^efficientnet\.embeddings\.convolution\.": "_conv_stem.",
        r"^efficientnet\.embeddings\.batchnorm\.": "_bn0.",
        r"^efficientnet\.encoder\.top_conv\.": "_conv_head.",
        r"^efficientnet\.encoder\.top_bn\.": "_bn1.",
        r"^efficientnet\.encoder\.blocks\.": "_blocks.",
        r"\.expansion\.expand_conv\.": "._expand_conv.",
        r"\.expansion\.expand_bn\.": "._bn0.",
        r"\.depthwise_conv\.depthwise_conv\.": "._depthwise_conv.",
        r"\.depthwise_conv\.depthwise_norm\.": "._bn1.",
        r"\.squeeze_excite\.(reduce|expand)\.": r"._se_\1.",
        r"\.projection\.project_conv\.": "._project_conv.",
        r"\.projection\.project_bn\.": "._bn2.",
        r"^classifier\.": "_fc.",
    }
    return efficientnet_pytorch.renamed(_substituted(tensors, rules)) or {}


def _convnext(tensors: Tensors) -> dict[str, Tensor]:
    rules = {
        r"^\w+\.embeddings\.patch_embeddings\.": "stem.0.",
        r"^\w+\.embeddings\.layernorm\.": "stem.1.",
        r"^\w+\.encoder\.stages\.(\d+)\.downsampling_layer\.": r"stages.\1.downsample.",
        r"^\w+\.encoder\.stages\.(\d+)\.layers\.": r"stages.\1.blocks.",
        r"\.dwconv\.": ".conv_dw.",
        r"(stages\..*)\.layernorm\.": r"\1.norm.",
        r"\.pwconv([12])\.": r".mlp.fc\1.",
        r"\.layer_scale_parameter$": ".gamma",
        r"\.grn\.(weight|bias)$": r".mlp.grn.\1",
        r"^\w+\.layernorm\.": "head.norm.",
        r"^classifier\.": "head.fc.",
    }
    return {
        name: tensor.flatten() if ".grn." in name else tensor
        for name, tensor in _substituted(tensors, rules).items()
    }


def _resnet(tensors: Tensors) -> dict[str, Tensor]:
    found = {_resnet_layer(name): tensor for name, tensor in tensors.items()}
    rules = {
        r"^resnet\.embedder\.embedder\.convolution\.": "conv1.",
        r"^resnet\.embedder\.embedder\.normalization\.": "bn1.",
        r"^classifier\.1\.": "fc.",
    }
    return _substituted(found, rules)


_RESNET = re.compile(
    r"resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\."
    r"(?:layer\.(\d+)|shortcut)\.(convolution|normalization)\.(\w+)$"
)


def _resnet_layer(name: str) -> str:
    match = _RESNET.match(name)
    if match is None:
        return name
    stage, block, number, kind, value = match.groups()
    convolution = kind == "convolution"
    if number is None:
        layer = "downsample.0" if convolution else "downsample.1"
    else:
        layer = f"{'conv' if convolution else 'bn'}{int(number) + 1}"
    return f"layer{int(stage) + 1}.{block}.{layer}.{value}"


_NETWORKS: Mapping[str, Callable[[Tensors], dict[str, Tensor]]] = {
    "vit.embeddings.cls_token": _vision_transformer,
    "deit.embeddings.cls_token": _vision_transformer,
    "dinov2.embeddings.cls_token": _dinov2,
    "dinov2_with_registers.embeddings.cls_token": _dinov2,
    "beit.embeddings.cls_token": _beit,
    "swin.embeddings.norm.weight": _swin,
    "swinv2.embeddings.norm.weight": _swin_v2,
    "vision_model.embeddings.position_embedding.weight": _siglip,
    "levit.patch_embeddings.embedding_layer_1.convolution.weight": _levit,
    "efficientnet.embeddings.convolution.weight": _efficientnet,
    "convnext.embeddings.layernorm.weight": _convnext,
    "convnextv2.embeddings.layernorm.weight": _convnext,
    "resnet.embedder.embedder.convolution.weight": _resnet,
}
"""By the name of a tensor that each has."""
