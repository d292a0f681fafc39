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

from dermxai.explain.attribution.method import STAGES
from dermxai.explain.attribution.stages import StageMethod, StageSettings


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    products = (gradient * activation).double().flatten(1).T  # (position, channel)
    centred = products - products.mean(0)
    direction = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -1]
    component = centred @ direction
    component = component * torch.sign(component @ centred.sum(1))
    return torch.unflatten(component, 0, activation.shape[-2:])


EIGEN_GRAD_CAM = StageMethod(
    name="eigen_grad_cam",
    title="Eigen-Grad-CAM",
    unit="arbitrary units: first principal component",
    note=(
        "What most channels agree on: the first principal component of HiResCAM's channels. It "
        "counts from the map's mean: above zero speaks for the target more than elsewhere in the "
        "image."
    ),
    source="Muhammad and Yeasin 2020, arXiv:2008.00299",
    signed=True,
    complete=False,
    version=2,
    needs=STAGES,
    settings=StageSettings,
    formula=cam,
)
