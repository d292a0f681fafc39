"""The network of Zhu et al. 2021: a timm backbone whose stages each vote.

An auxiliary head (global average pooling → Linear) follows each stage of ``blocks``; the final head
reads the pooled last feature map. With ``auxiliary=False`` only the final head is there, which
makes any plain timm classifier the same network with one head.
"""

from typing import Any, NamedTuple, cast

import timm
import torch
from torch import Tensor, nn

from dermxai.errors import InputError
from dermxai.models.info import Head


class Output(NamedTuple):
    """One forward pass.

    Attributes:
        logits: (n, head, class) float32; their sum over heads decides.
        pooled: (n, Σ channels) float32, the heads' inputs side by side.
        maps: per head (n, channels, h, w), the feature map that the head averages; empty unless
            asked for.
    """

    logits: Tensor
    pooled: Tensor
    maps: tuple[Tensor, ...]


class MultiHeadNetwork(nn.Module):
    """A backbone with one linear head after each stage (``auxiliary``) and one at its end."""

    def __init__(
        self,
        architecture: str,
        n_classes: int,
        auxiliary: bool,
        *,
        pretrained: bool = False,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
    ) -> None:
        """
        Raises:
            InputError: timm has no such network, or its heads are not pool → linear.
        """
        super().__init__()
        self.architecture = architecture
        self.backbone: Any = create_backbone(architecture, pretrained, drop_path_rate)
        channels = stage_channels(self.backbone, architecture) if auxiliary else []
        channels.append(self.backbone.num_features)
        self.heads = nn.ModuleList(nn.Linear(count, n_classes) for count in channels)
        self.dropout = nn.Dropout(drop_rate)

    @property
    def head_descriptions(self) -> tuple[Head, ...]:
        last = len(self.heads) - 1
        return tuple(
            Head(
                "final" if index == last else f"block {index + 1}",
                cast(nn.Linear, head).in_features,
            )
            for index, head in enumerate(self.heads)
        )

    def feature_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """The feature map before each head: per head (n, channels, h, w)."""
        if len(self.heads) == 1:
            return (self.backbone.forward_features(images),)
        maps = []
        x = self.backbone.bn1(self.backbone.conv_stem(images))
        for stage in self.backbone.blocks:
            x = stage(x)
            maps.append(x)
        return (*maps, self.backbone.bn2(self.backbone.conv_head(x)))

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        """``images`` (n, 3, h, w), normalised."""
        feature_maps = self.feature_maps(images)
        pooled = [feature_map.float().mean((2, 3)) for feature_map in feature_maps]
        logits = [
            head(self.dropout(values)) for head, values in zip(self.heads, pooled, strict=True)
        ]
        return Output(
            torch.stack(logits, dim=1).float(),  # (n, head, class)
            torch.cat(pooled, dim=1),  # (n, Σ channels)
            feature_maps if maps else (),
        )


def create_backbone(architecture: str, pretrained: bool, drop_path_rate: float) -> Any:
    """A timm network without its classifier, with stochastic depth where it knows of it.

    Raises:
        InputError: unknown to timm, or its last feature map is not what its classifier averages.
    """
    if not timm.is_model(architecture):
        family = architecture.split("_", maxsplit=1)[0]
        close = timm.list_models(f"*{family}*")[:5]
        hint = f"; near it: {', '.join(close)}" if close else ""
        raise InputError(f"timm has no network named {architecture!r}{hint}.")
    options: dict[str, Any] = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
    try:
        backbone: Any = timm.create_model(architecture, pretrained=pretrained, **options)
    except TypeError:  # its layers cannot be skipped
        backbone = timm.create_model(architecture, pretrained=pretrained)
    if not averages_last_map(backbone):
        raise InputError(
            f"{architecture} does not end in global average pooling and one linear layer; "
            "DermXAI explains networks that do, such as efficientnet_b4, resnet101, inception_v3."
        )
    backbone.reset_classifier(0)
    return backbone


def averages_last_map(backbone: Any) -> bool:
    """Whether the classifier is one Linear on the average of the last feature map."""
    classifier = backbone.get_classifier()
    pool_type = getattr(getattr(backbone, "global_pool", None), "pool_type", None)
    if not isinstance(classifier, nn.Linear) or pool_type != "avg":
        return False
    if not hasattr(backbone, "conv_head"):
        return True
    return hasattr(backbone, "bn2") and classifier.in_features == backbone.conv_head.out_channels


def stage_channels(backbone: Any, architecture: str) -> list[int]:
    """Channels that leave each stage of ``blocks``; for efficientnet_b4 24, 32, 56, 112, 160, 272,
    448.

    Raises:
        InputError: the network has no such stages.
    """
    if not all(hasattr(backbone, part) for part in ("conv_stem", "bn1", "blocks", "conv_head")):
        raise InputError(
            f"{architecture} has no stages for auxiliary heads; use an EfficientNet of timm, or "
            "leave the auxiliary heads out."
        )
    return [
        next(
            module.out_channels
            for module in reversed(list(stage.modules()))
            if isinstance(module, nn.Conv2d)
        )
        for stage in backbone.blocks
    ]
