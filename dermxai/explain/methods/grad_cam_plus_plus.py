"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063, eq. 10 and 19).

Weights of channels are Σ α·ReLU(gradient), with α = g² / (2g² + Σ A·g³). The ReLU on the gradient
belongs to the method: channels that speak against the target are left out, so exchanging the
classes of a contrast does not turn the sign, and the map is not signed in the sense of the
contract. It has negative values all the same, where activations are negative (SiLU and the linear
ends of EfficientNet's blocks); the ReLU on the finished map, which would hide them, is left to the
reader.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import Progress, Target, always_available
from dermxai.explain.stages import PASSES, StageSettings, at_stage

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Grad-CAM++"
UNIT = "arbitrary units: weighted activation"
PER_AREA = ""
NOTE = (
    "Only channels that raise the target count; what speaks against it is left out by the method."
)
SOURCE = "Chattopadhay et al. 2018, arXiv:1710.11063"
SIGNED = False
COMPLETE = False
ONE_HEAD = False
Settings = StageSettings
unavailable = always_available


def passes(classifier: "Classifier", settings: StageSettings) -> int:  # noqa: ARG001
    return PASSES


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: StageSettings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (h, w) of the chosen stage for an image (1, 3, size, size)."""
    stage = at_stage(classifier, image, target, settings.stages_back, progress)
    gradient, activation = stage.gradient.double(), stage.activation.double()
    squares = gradient**2
    share = 2 * squares + activation.sum((1, 2), keepdim=True) * gradient**3
    alpha = torch.where(share != 0, squares / share, 0)
    weights = (alpha * gradient.clamp(min=0)).sum((1, 2), keepdim=True)
    values: NDArray[np.float32] = (weights * activation).sum(0).float().cpu().numpy()
    return values, stage.notes
