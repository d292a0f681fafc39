from functools import reduce

import timm
import torch

from dermxai.models.foreign.networks import find_backbone


def test_dinov2_with_a_head_of_ones_own():
    network = timm.create_model("vit_small_patch14_dinov2", img_size=224, num_classes=0)
    state = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    state |= {"backbone.mask_token": torch.ones(1, 384), "head.weight": torch.ones(3, 384)}
    found = find_backbone(state)
    assert found is not None
    assert found.architectures[0] == "vit_small_patch14_dinov2"
    assert found.tensors.keys() == network.state_dict().keys()
    assert found.outside.keys() == {"head.weight"}


def test_registers_are_laid_out_as_timm_does():
    network = timm.create_model("vit_small_patch14_reg4_dinov2", img_size=224, num_classes=0)
    state = dict(network.state_dict())
    state["register_tokens"] = state.pop("reg_token")
    places = torch.randn(1, 257, 384)
    token = state["cls_token"]
    state |= {"mask_token": torch.ones(1, 384), "pos_embed": places}
    found = find_backbone(state)
    assert found is not None
    assert found.architectures[0] == "vit_small_patch14_reg4_dinov2"
    assert torch.equal(found.tensors["cls_token"], token + places[:, 0])
    assert torch.equal(found.tensors["pos_embed"], places[:, 1:])


def test_open_clip():
    trained = timm.create_model("vit_base_patch32_clip_224", num_classes=0)
    state = trained.state_dict()
    names = {"cls_token": "class_embedding", "patch_embed.proj.weight": "conv1.weight"}
    names |= {"pos_embed": "positional_embedding"}
    visual = {f"visual.{names[n]}": t.squeeze(0) for n, t in state.items() if n in names}
    visual["visual.class_embedding"] = state["cls_token"].flatten()
    visual["visual.conv1.weight"] = state["patch_embed.proj.weight"]
    inside = (("norm1", "ln_1"), ("norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"))
    inside += (("mlp.fc2", "mlp.c_proj"), ("attn.qkv.", "attn.in_proj_"))
    inside += (("attn.proj", "attn.out_proj"), ("blocks.", "transformer.resblocks."))
    for name, tensor in state.items():
        if name.startswith("blocks."):
            visual[f"visual.{reduce(lambda n, pair: n.replace(*pair), inside, name)}"] = tensor
    for ours, theirs in (("norm_pre", "ln_pre"), ("norm", "ln_post")):
        for value in ("weight", "bias"):
            visual[f"visual.{theirs}.{value}"] = state[f"{ours}.{value}"]
    found = find_backbone(visual | {"classifier.weight": torch.ones(3, 768)})
    assert found is not None
    assert "vit_base_patch32_clip_224" in found.architectures
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in state.items())
    assert "classifier.weight" in {**found.rest, **found.outside}
