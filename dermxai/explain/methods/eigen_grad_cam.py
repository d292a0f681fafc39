"""Eigen-Grad-CAM: the first principal component of gradient times activation over channels, after
Muhammad and Yeasin 2020 (Eigen-CAM, arXiv:2008.00299).

Eigen-CAM itself takes the component of the activations alone. It is the same for every class, so it
cannot say why one class and not another, and is left out. With the gradient it keeps what most
channels agree on: the scores of the centred products' first component, as in Gildenblat's
pytorch-grad-cam (``EigenGradCAM``), so that the map's mean over positions is zero. The component's
sign, which is arbitrary, is that of its covariance with HiResCAM; the ReLU of that implementation
is left to the reader.
"""

import torch
from torch import Tensor

from dermxai.explain import stages
from dermxai.explain.method import always_available

TITLE = "Eigen-Grad-CAM"
UNIT = "arbitrary units: first principal component"
PER_AREA = ""
NOTE = (
    "What most channels agree on: the first principal component of HiResCAM's channels. It counts "
    "from the map's mean: above zero speaks for the target more than elsewhere in the image."
)
SOURCE = "Muhammad and Yeasin 2020, arXiv:2008.00299"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 2
Settings = stages.StageSettings
unavailable = always_available
passes = stages.passes


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    products = (gradient * activation).double().flatten(1).T  # (position, channel)
    centred = products - products.mean(0)
    direction = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -1]
    component = centred @ direction
    component = component * torch.sign(component @ centred.sum(1))
    return torch.unflatten(component, 0, activation.shape[-2:])


attribute = stages.at_stage_by(cam)
