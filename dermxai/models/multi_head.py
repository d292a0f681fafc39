"""The network of Zhu et al. 2021: a timm backbone whose stages each vote.

An auxiliary head (global average pooling → Linear) follows each stage of the backbone; the final
head reads what the backbone's own last linear layer did: mostly the pooled last feature map. With
``auxiliary=False`` only the final head is there, which makes any plain timm classifier the same
network with one head.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from dermxai.models.backbone import (
    FINAL,
    auxiliary_heads,
    create_backbone,
    feature_maps,
)
from dermxai.models.capabilities import AVERAGE, AVERAGE_NORM, Backbone, Capabilities
from dermxai.models.info import Head


class Output(NamedTuple):
    """One forward pass.

    Attributes:
        logits: (n, head, class) float32; their sum over heads decides.
        pooled: (n, Σ channels) float32, the heads' inputs side by side.
        maps: per head (n, channels, h, w), the feature map that the head averages; empty unless
            asked for. Where a layer normalisation lies between the average and the final head, its
            map is normalised by the average's deviation, so that it averages to what the head reads
            less the normalisation's bias; where the head reads no average, the map is the last one.
    """

    logits: Tensor
    pooled: Tensor
    maps: tuple[Tensor, ...]

    def flatten(self) -> Tensor:
        """(n · class,), the logits summed over heads, as the tensor of a plain network's logits
        flattens."""
        return self.logits.sum(1).flatten()


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
        size: int | None = None,
    ) -> None:
        """
        Args:
            size: pixels of the images, which networks that are made for one size ask for.

        Raises:
            InputError: timm has no such network, or it is none that classifies such images.
        """
        super().__init__()
        self.architecture = architecture
        backbone, capabilities = create_backbone(architecture, pretrained, drop_path_rate, size)
        self.backbone: Backbone = backbone
        self.capabilities: Capabilities = capabilities
        early = auxiliary_heads(backbone, architecture, size) if auxiliary else []
        self.head_descriptions = (*early, Head(FINAL, self.capabilities.features))
        self.heads = nn.ModuleList(
            nn.Linear(head.channels, n_classes) for head in self.head_descriptions
        )
        self.dropout = nn.Dropout(drop_rate)

    def feature_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """The feature map before each head: per head (n, channels, h, w); none of a final head
        whose backbone has no places."""
        *early, last = self._features(images)
        layout = self.capabilities.layout
        return (*early, layout.to_map(last)) if layout else tuple(early)

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        """``images`` (n, 3, h, w), normalised."""
        *early, last = self._features(images)
        pooled = [feature_map.float().mean((2, 3)) for feature_map in early]
        layout = self.capabilities.layout
        final_map = layout.to_map(last) if layout else None
        pooled.append(self._read(last, final_map))
        logits = [
            head(self.dropout(values)) for head, values in zip(self.heads, pooled, strict=True)
        ]
        kept = (*early, *self._split(final_map)) if maps else ()
        return Output(
            torch.stack(logits, dim=1).float(),  # (n, head, class)
            torch.cat(pooled, dim=1),  # (n, Σ channels)
            kept,
        )

    def constant(self) -> Tensor | None:
        """What the final head reads of any image (channels,): the bias of the layer normalisation
        before it; None without one."""
        if self.capabilities.decomposition != AVERAGE_NORM:
            return None
        return self._norm().bias

    def _features(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages (n, channels, h, w), and what the backbone ends with as it
        lays it out."""
        if len(self.heads) == 1:
            return (self.backbone.forward_features(images),)
        return tuple(feature_maps(self.backbone, images))

    def _read(self, last: Tensor, final_map: Tensor | None) -> Tensor:
        """What the final head reads (n, channels)."""
        if final_map is not None and self.capabilities.decomposition == AVERAGE:
            return final_map.float().mean((2, 3))
        if final_map is not None and self.capabilities.decomposition == AVERAGE_NORM:
            norm, average = self._norm(), final_map.float().mean((2, 3))
            return layer_norm(average, average.shape[1:], norm.weight, norm.bias, norm.eps)
        if self.capabilities.tokens > 1:
            return last[:, : self.capabilities.tokens].flatten(1).float()
        return self.backbone.forward_head(last).float()

    def _split(self, final_map: Tensor | None) -> tuple[Tensor, ...]:
        """The final head's map, see `Output`."""
        if final_map is None:
            return ()
        if self.capabilities.decomposition != AVERAGE_NORM:
            return (final_map,)
        norm, values = self._norm(), final_map.float()
        deviation = (values.mean((2, 3)).var(1, correction=0) + norm.eps).sqrt()
        centred = (values - values.mean(1, keepdim=True)) / deviation[:, None, None, None]
        return (centred if norm.weight is None else centred * norm.weight[:, None, None],)

    def _norm(self) -> nn.LayerNorm:
        """No property: tracing asks a module for all of them, whether or not the network has it."""
        norm = self.backbone.get_submodule(self.capabilities.norm)
        assert isinstance(norm, nn.LayerNorm)
        return norm
