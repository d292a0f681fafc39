"""Classifiers whose answer is known, because they were written down."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from dermxai.data.transforms import Preprocessing
from dermxai.models import Classifier, ModelInfo
from dermxai.models.capabilities import AVERAGE, CHANNELS_FIRST, Capabilities, Layout
from dermxai.models.info import Head
from dermxai.models.multi_head import Output

SIZE = 64
Evidence = Callable[[Tensor], Tensor]
"""From images (n, 3, h, w) with values between 0 and 1 to a feature map (n, 1, h, w)."""


class Network(nn.Module):
    """Two classes: ``bright`` rises with the mean of the feature map, ``dark`` falls."""

    def __init__(self, evidence: Evidence, threshold: float) -> None:
        super().__init__()
        self.capabilities = Capabilities(1, True, Layout(CHANNELS_FIRST), AVERAGE)
        self.evidence = evidence
        head = nn.Linear(1, 2)
        head.weight.data = torch.tensor([[50.0], [-50.0]])
        head.bias.data = torch.tensor([-50.0, 50.0]) * threshold
        self.heads = nn.ModuleList([head])

    def constant(self) -> None:
        """Nothing lies between the average and the head."""

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        feature_map = self.evidence(images)
        pooled = feature_map.mean((2, 3))
        logits = self.heads[0](pooled)[:, None]
        return Output(logits, pooled, (feature_map,) if maps else ())


def constructed(evidence: Evidence, threshold: float, colour_constancy: str = "none") -> Classifier:
    """Reads ``bright`` where the mean of the evidence exceeds the threshold, else ``dark``."""
    preprocessing = Preprocessing(SIZE, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), colour_constancy)
    info = ModelInfo("constructed", (Head("final", 1),), ("bright", "dark"), preprocessing)
    return Classifier(Network(evidence, threshold), info, "constructed", Path())  # type: ignore[arg-type]


def upper_left(images: Tensor) -> Tensor:
    """The brightness of the upper left quarter; 0 elsewhere."""
    seen = images.mean(1, keepdim=True).clone()
    side = images.shape[-1] // 2
    seen[..., side:, :] = 0
    seen[..., :, side:] = 0
    return seen


def everywhere(images: Tensor) -> Tensor:
    """The brightness."""
    return images.mean(1, keepdim=True)
