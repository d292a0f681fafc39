"""Grad-CAM of the final head (Selvaraju et al. 2017, arXiv:1610.02391), in closed form.

The final head is linear after average pooling, so the gradient of class c's logit by the feature
map A is w_c / (h·w) at every position. The map Σ_k w_ck·A_k / (h·w) is therefore exact without a
backward pass, holds for all classes at once, and adds up to the head's logit less its bias. It is
signed: the ReLU of the original is left to the reader.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import Progress, Target

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Grad-CAM"
UNIT = "logit of the final head per feature-map position"
NOTE = "Explains the final head, one vote of all the heads."


@dataclass(frozen=True)
class Settings:
    """Grad-CAM has none."""


def all_classes(feature_map: Tensor, weight: Tensor) -> Tensor:
    """Signed Grad-CAM of every class.

    Args:
        feature_map: (channels, h, w), what the head averages.
        weight: (class, channels) of the head.

    Returns:
        (class, h, w); the sum over positions is the head's logit without its bias.
    """
    positions = feature_map.shape[-2] * feature_map.shape[-1]
    return torch.einsum("kc,chw->khw", weight, feature_map.float()) / positions


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,  # noqa: ARG001
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (h, w) of the final feature map for an image (1, 3, size, size)."""
    output = classifier.infer(image, maps=True)
    weight, _ = classifier.head_weights(-1)
    contrast = weight[target.index]
    if target.against is not None:
        contrast = contrast - weight[target.against]
    cam = all_classes(output.maps[-1][0], contrast[None])[0]
    if progress:
        progress(1, 1)
    values: NDArray[np.float32] = cam.cpu().numpy()
    return values, ()
