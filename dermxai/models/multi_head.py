"""The network of Zhu et al. 2021: a timm backbone whose stages each vote.

An auxiliary head (global average pooling → Linear) follows each stage of the backbone; the final
head reads the pooled last feature map. With ``auxiliary=False`` only the final head is there, which
makes any plain timm classifier the same network with one head.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from dermxai.models.backbone import FINAL, auxiliary_heads, create_backbone, feature_maps
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
        early = auxiliary_heads(self.backbone, architecture) if auxiliary else []
        self.head_descriptions = (*early, Head(FINAL, self.backbone.num_features))
        self.heads = nn.ModuleList(
            nn.Linear(head.channels, n_classes) for head in self.head_descriptions
        )
        self.dropout = nn.Dropout(drop_rate)

    def feature_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """The feature map before each head: per head (n, channels, h, w)."""
        if len(self.heads) == 1:
            return (self.backbone.forward_features(images),)
        return tuple(feature_maps(self.backbone, images))

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
