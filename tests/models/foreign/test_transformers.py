"""Names of transformers' image classifiers, drawn from timm's networks: there and back again; and
where transformers is installed, which it needs not be, the outputs of both.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from dermxai.models import load_classifier
from dermxai.models.foreign import interpret
from dermxai.models.foreign.metadata import Metadata
from dermxai.models.foreign.networks import find_backbone
from dermxai.models.foreign.transformers import renamed
from dermxai.models.state_dict import Contents

BLOCK = {
    ".attn.proj.": ".attention.output.dense.",
    ".norm1.": ".layernorm_before.",
    ".norm2.": ".layernorm_after.",
    ".mlp.fc1.": ".intermediate.dense.",
    ".mlp.fc2.": ".output.dense.",
}
VIT = BLOCK | {
    "^blocks": "vit.encoder.layer",
    "^norm.": "vit.layernorm.",
    "^head.": "classifier.",
    "^cls_token": "vit.embeddings.cls_token",
    "^pos_embed": "vit.embeddings.position_embeddings",
    "^patch_embed.proj.": "vit.embeddings.patch_embeddings.projection.",
}
BEIT = BLOCK | {
    "^blocks": "beit.encoder.layer",
    ".gamma_": ".lambda_",
    "^fc_norm.": "beit.pooler.layernorm.",
    "^head.": "classifier.",
    "^cls_token": "beit.embeddings.cls_token",
    "^patch_embed.proj.": "beit.embeddings.patch_embeddings.projection.",
    ".attn.relative_position_bias_table": ".attention.attention.relative_position_bias"
    ".relative_position_bias_table",
}
SWIN = BLOCK | {
    "^layers": "swin.encoder.layers",
    "^norm.": "swin.layernorm.",
    "^head.fc.": "classifier.",
    "^patch_embed.proj.": "swin.embeddings.patch_embeddings.projection.",
    "^patch_embed.norm.": "swin.embeddings.norm.",
    ".attn.relative_position_bias_table": ".attention.self.relative_position_bias_table",
}
CONVNEXT = {
    "^stem.0.": "convnextv2.embeddings.patch_embeddings.",
    "^stem.1.": "convnextv2.embeddings.layernorm.",
    r"^stages\.(\d+)\.downsample\.": r"convnextv2.encoder.stages.\1.downsampling_layer.",
    r"^stages\.(\d+)\.blocks\.": r"convnextv2.encoder.stages.\1.layers.",
    ".conv_dw.": ".dwconv.",
    ".norm.": ".layernorm.",
    r"\.mlp\.fc(\d)\.": r".pwconv\1.",
    ".mlp.grn.": ".grn.",
    "^head.layernorm.": "convnextv2.layernorm.",
    "^head.fc.": "classifier.",
}
RESNET = {
    "^conv1.": "resnet.embedder.embedder.convolution.",
    "^bn1.": "resnet.embedder.embedder.normalization.",
    "^fc.": "classifier.1.",
    r"\.downsample\.0\.": ".shortcut.convolution.",
    r"\.downsample\.1\.": ".shortcut.normalization.",
}


def theirs(state: Mapping[str, Tensor], names: Mapping[str, str], inside: str) -> dict[str, Tensor]:
    """timm's tensors by transformers' names; query, key and value apart."""
    found: dict[str, Tensor] = {}
    for before, tensor in state.items():
        name = before
        for pattern, place in names.items():
            exact = "\\" in pattern
            name = re.sub(pattern if exact else pattern.replace(".", r"\."), place, name)
        if match := re.match(r"(.*)\.attn\.qkv\.(\w+)$", name):
            for part, values in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                found[f"{match[1]}.attention.{inside}.{part}.{match[2]}"] = values
        elif match := re.match(r"(.*)\.attn\.([qv])_bias$", name):
            part = {"q": "query", "v": "value"}[match[2]]
            found[f"{match[1]}.attention.{inside}.{part}.bias"] = tensor
        elif match := re.match(r"swin\.encoder\.layers\.(\d+)\.downsample\.(.*)", name):
            found[f"swin.encoder.layers.{int(match[1]) - 1}.downsample.{match[2]}"] = tensor
        else:
            found[name] = tensor
    return found


def resnet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    def name(before: str) -> str:
        if match := re.match(r"layer(\d)\.(\d+)\.(conv|bn)(\d)\.(.*)", before):
            stage, block, kind, number, value = match.groups()
            kind = {"conv": "convolution", "bn": "normalization"}[kind]
            place = f"layer.{int(number) - 1}.{kind}"
            return f"resnet.encoder.stages.{int(stage) - 1}.layers.{block}.{place}.{value}"
        if match := re.match(r"layer(\d)\.(\d+)\.(.*)", before):
            return f"resnet.encoder.stages.{int(match[1]) - 1}.layers.{match[2]}.{match[3]}"
        return before

    return theirs({name(before): tensor for before, tensor in state.items()}, RESNET, "")


@pytest.mark.parametrize(
    ("architecture", "names", "inside"),
    [
        ("vit_small_patch16_224", VIT, "attention"),
        ("beit_base_patch16_224", BEIT, "attention"),
        ("swin_tiny_patch4_window7_224", SWIN, "self"),
        ("convnextv2_atto", CONVNEXT, ""),
        ("resnet26", RESNET, ""),
    ],
)
def test_each_tensor_finds_its_place(architecture: str, names: Mapping[str, str], inside: str):
    network = timm.create_model(architecture, num_classes=3)
    state = dict(network.state_dict())
    drawn = resnet(state) if names is RESNET else theirs(state, names, inside)
    assert not set(drawn) & {n for n in state if n != "head.weight"}
    for prefix in ("", "model."):
        found = find_backbone({f"{prefix}{name}": tensor for name, tensor in drawn.items()})
        assert found is not None and architecture in found.architectures
        assert found.program == "transformers"
        back = {**found.tensors, **found.rest}
        assert back.keys() == state.keys()
        assert all(torch.equal(back[name], tensor) for name, tensor in state.items())


def test_of_other_networks_nothing_is_said():
    assert renamed({"bert.embeddings.word_embeddings.weight": torch.ones(2, 2)}) is None


VIT_TINY = {"hidden_size": 192, "num_hidden_layers": 12, "num_attention_heads": 3}
VIT_TINY |= {"intermediate_size": 768}
DINOV2 = {"hidden_size": 384, "num_attention_heads": 6, "image_size": 70, "patch_size": 14}
SIGLIP = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
SIGLIP |= {"intermediate_size": 3072}
THEIRS: Mapping[str, tuple[dict[str, Any], int]] = {
    "ViT": (VIT_TINY, 224),
    "DeiT": (VIT_TINY, 224),
    "DeiT/WithTeacher": (VIT_TINY, 224),
    "Dinov2": (DINOV2, 70),
    "Dinov2WithRegisters": (DINOV2, 70),
    "Levit": ({}, 224),
    "Levit/WithTeacher": ({}, 224),
    "Swin": ({}, 224),
    "Swinv2": ({"image_size": 256, "window_size": 8}, 256),
    "Siglip": ({"vision_config": SIGLIP}, 224),
    "EfficientNet": (
        {"width_coefficient": 1.0, "depth_coefficient": 1.0, "image_size": 224, "hidden_dim": 1280},
        224,
    ),
    "ConvNext": ({}, 224),
    "ResNet": ({}, 224),
}
"""Of each network its settings and the side of its images."""


@pytest.mark.parametrize("name", THEIRS)
def test_outputs_are_those_of_transformers(tmp_path: Path, name: str):
    theirs_too = pytest.importorskip("transformers", reason="transformers is not installed")
    family, _, ending = name.partition("/")
    settings, side = THEIRS[name]
    config = getattr(theirs_too, f"{family}Config")(num_labels=3, **settings)
    torch.manual_seed(0)
    network = getattr(theirs_too, f"{family}ForImageClassification{ending}")(config).eval()
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if key.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif key.endswith(("bias", "running_mean")):
                tensor.normal_(0, 0.1)
    network.save_pretrained(tmp_path / "a")
    size = {"size": {"height": side, "width": side}}
    (tmp_path / "a" / "preprocessor_config.json").write_text(json.dumps(size))
    classifier = load_classifier(tmp_path / "a")
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        wanted = network(pixel_values=images).logits
        assert wanted.std() > 1e-3
        torch.testing.assert_close(
            classifier.infer(images).logits.sum(1), wanted, rtol=1e-4, atol=1e-4
        )


def interpreted(state: Mapping[str, Tensor], size: int | None = None) -> Any:
    info, tensors = interpret(Contents(dict(state), {}), Path("a.safetensors"), Metadata(size=size))
    return info, tensors


@pytest.mark.parametrize("registers", ["", "_reg4"])
def test_dinov2_reads_the_class_token_beside_the_average(registers: str):
    """Twice as many features as timm's; the class token's position is part of it there."""
    network = timm.create_model(
        f"vit_small_patch14{registers}_dinov2_hf", num_classes=3, img_size=70
    ).eval()
    state = dict(network.state_dict())
    names = VIT | {".gamma": ".lambda1", ".ls1": ".layer_scale1", ".ls2": ".layer_scale2"}
    if registers:
        names |= {"^reg_token": "vit.embeddings.register_tokens"}
        place = torch.full((1, 1, 384), 0.25)
        state |= {"pos_embed": torch.cat([place, state["pos_embed"]], 1)}
        state |= {"cls_token": state["cls_token"] - place}
    module = "dinov2_with_registers." if registers else "dinov2."
    drawn = theirs(state, names, "attention")
    drawn = {n.replace("vit.", module, 1): t for n, t in drawn.items()}
    info, tensors = interpreted(drawn, 70)
    assert info.architecture == f"vit_small_patch14{registers}_dinov2_hf"
    assert tensors["heads.0.weight"].shape == (3, 768)
    for name, tensor in network.state_dict().items():
        if not name.startswith("head."):
            torch.testing.assert_close(tensors[f"backbone.{name}"], tensor, rtol=0, atol=1e-6)
    images = torch.randn(1, 3, 70, 70)
    with torch.inference_mode():
        tokens = network.forward_features(images)
        places = tokens[:, 5 if registers else 1 :]
        read = torch.cat([tokens[:, 0], places.mean(1)], 1)
        torch.testing.assert_close(network.forward_head(tokens, pre_logits=True), read)


def test_of_two_tokens_both_are_read_or_the_first():
    network = timm.create_model("deit_tiny_distilled_patch16_224", num_classes=3)
    state = dict(network.state_dict())
    names = {key: value.replace("vit.", "deit.") for key, value in VIT.items()}
    names |= {"^dist_token": "deit.embeddings.distillation_token", "^head.": "cls_classifier."}
    drawn = theirs(state, names | {"^head_dist.": "distillation_classifier."}, "attention")
    info, tensors = interpreted(drawn)
    halves = torch.cat([state["head.weight"], state["head_dist.weight"]], 1) / 2
    assert torch.equal(tensors["heads.0.weight"], halves)
    assert "the average of head and head_dist" in info.origin["head"]
    alone = {
        n.replace("cls_classifier", "classifier"): t
        for n, t in drawn.items()
        if "distillation_c" not in n
    }
    info, tensors = interpreted(alone)
    assert info.architecture == "deit_tiny_distilled_patch16_224"
    first = torch.cat([state["head.weight"], torch.zeros(3, 192)], 1)
    assert torch.equal(tensors["heads.0.weight"], first)
    assert "not that of distillation" in info.origin["head"]


def test_the_normalisation_before_each_of_two_heads_is_part_of_it():
    """LeViT as timm saves it."""
    torch.manual_seed(0)
    network = timm.create_model("levit_128s", num_classes=3).eval()
    with torch.no_grad():
        for head in (network.head, network.head_dist):
            head.bn.running_var.uniform_(0.5, 2)
            head.bn.running_mean.normal_()
            head.linear.weight.normal_()
    _, tensors = interpreted(network.state_dict())
    alone = {n: t for n, t in network.state_dict().items() if not n.startswith("head_dist")}
    info, single = interpreted(alone)  # trained without a teacher
    assert info.architecture == "levit_128s" and "average" not in info.origin["head"]
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        tokens = network.forward_features(images)
        read = tokens.mean(1)
        wanted = network.forward_head(tokens)
    found = read @ tensors["heads.0.weight"].T + tensors["heads.0.bias"]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    one = read @ single["heads.0.weight"].T + single["heads.0.bias"]
    with torch.inference_mode():
        torch.testing.assert_close(one, network.head(read), rtol=1e-4, atol=1e-5)
