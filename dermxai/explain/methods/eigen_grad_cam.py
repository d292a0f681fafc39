"""Eigen-Grad-CAM: the first principal component of gradient times activation over channels, after
Muhammad and Yeasin 2020 (Eigen-CAM, arXiv:2008.00299).

Eigen-CAM itself takes the component of the activations alone. It is the same for every class, so it
cannot say why one class and not another, and is left out. With the gradient it keeps what most
channels agree on. The component's sign, which is arbitrary, is that of HiResCAM.
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

TITLE = "Eigen-Grad-CAM"
UNIT = "arbitrary units: first principal component"
PER_AREA = ""
NOTE = "What most channels agree on: the first principal component of HiResCAM's channels."
SOURCE = "Muhammad and Yeasin 2020, arXiv:2008.00299"
SIGNED = True
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
    products = (stage.gradient * stage.activation).double().flatten(1).T  # (position, channel)
    centred = products - products.mean(0)
    direction = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -1]
    component = products @ direction
    component = component * torch.sign(component @ products.sum(1))
    cam = component.unflatten(0, stage.activation.shape[-2:])
    values: NDArray[np.float32] = cam.float().cpu().numpy()
    return values, stage.notes
