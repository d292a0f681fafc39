"""Networks of other libraries that timm does not have, made of its parts and registered with it.

As in timm's own names, ``_tv`` stands for torchvision; ``_hf`` for Hugging Face transformers.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import timm
import torch
from timm.models import generate_default_cfgs, register_model
from torch import Tensor, nn
from typing_extensions import override

DINOV2 = tuple(
    f"vit_{size}_patch14{registers}_dinov2"
    for size in ("small", "base", "large", "giant")
    for registers in ("", "_reg4")
)
MAXVIT = "maxvit_tiny_tf_224"
READS_BOTH = "_hf"
"""Ending of the names of those that read the class token and the average."""


class ClassAndMean(nn.Module):
    """The class token (n, channels) beside the average of the patches' tokens: (n, 2 · channels) of
    tokens (n, token, channels)."""

    def __init__(self, prefix: int) -> None:
        """
        Args:
            prefix: tokens before those of the patches.
        """
        super().__init__()
        self.prefix = prefix

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        return torch.cat([tokens[:, 0], tokens[:, self.prefix :].mean(1)], dim=1)


def _dinov2(base: str) -> Callable[..., nn.Module]:
    def create(pretrained: bool = False, num_classes: int = 1000, **options: Any) -> nn.Module:
        """DINOv2 as transformers' classifiers of images read it."""
        network: Any = timm.create_model(base, pretrained=pretrained, num_classes=0, **options)
        network.attn_pool = ClassAndMean(network.num_prefix_tokens)
        network.pool_include_prefix = True
        network.num_classes = num_classes
        if num_classes:
            network.head = nn.Linear(2 * network.embed_dim, num_classes)
        return network  # type: ignore[no-any-return]

    create.__name__ = f"{base}{READS_BOTH}"
    return create


def maxvit_tiny_tv_224(pretrained: bool = False, **options: Any) -> nn.Module:
    """MaxViT-T of torchvision: pads and pools as PyTorch does, with a convolution in each shortcut
    that is pooled."""
    network: Any = timm.create_model(
        MAXVIT,
        pretrained=pretrained,
        conv_padding="",
        conv_act_layer="gelu",
        conv_pool_type="avg",
        transformer_act_layer="gelu",
        transformer_rel_pos_type="bias",
        **options,
    )
    for stage in network.stages:
        shortcut = stage.blocks[0].conv.shortcut
        shortcut.pool.count_include_pad = True
        if isinstance(shortcut.expand, nn.Identity):
            width = stage.blocks[0].conv.pre_norm.num_features
            shortcut.expand = nn.Conv2d(width, width, 1)
    return network  # type: ignore[no-any-return]


def _unpublished(base: str) -> Any:
    """timm's settings of a network, without the address of weights."""
    known: Any = timm.get_pretrained_cfg(base)
    return replace(known, url="", hf_hub_id=None, tag=None)


default_cfgs = generate_default_cfgs(
    {f"{base}{READS_BOTH}": _unpublished(base) for base in DINOV2}
    | {maxvit_tiny_tv_224.__name__: _unpublished(MAXVIT)}
)
for _create in (*map(_dinov2, DINOV2), maxvit_tiny_tv_224):
    register_model(_create)
