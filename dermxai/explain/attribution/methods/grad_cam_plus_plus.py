"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063, eq. 10 and 19).

Weights of channels are Σ α·ReLU(gradient), with α = g² / (2g² + Σ A·g³). The ReLU on the gradient
belongs to the method: channels that speak against the target are left out, so exchanging the
classes of a contrast does not turn the sign, and the map is not signed in the sense of the
contract. It has negative values all the same, where activations are negative (SiLU and the linear
ends of EfficientNet's blocks); the ReLU on the finished map, which would hide them, is left to the
reader.
"""

import torch
from torch import Tensor

from dermxai.explain.attribution.method import STAGES
from dermxai.explain.attribution.stages import StageMethod, StageSettings


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    activation, gradient = activation.double(), gradient.double()
    squares = gradient**2
    share = 2 * squares + activation.sum((1, 2), keepdim=True) * gradient**3
    alpha = torch.where(share != 0, squares / share, 0)
    weights = (alpha * gradient.clamp(min=0)).sum((1, 2), keepdim=True)
    return (weights * activation).sum(0)


GRAD_CAM_PLUS_PLUS = StageMethod(
    name="grad_cam_plus_plus",
    title="Grad-CAM++",
    unit="arbitrary units: weighted activation",
    note=(
        "Only channels that raise the target count; what speaks against it is left out by the "
        "method."
    ),
    source="Chattopadhay et al. 2018, arXiv:1710.11063",
    signed=False,
    complete=False,
    needs=STAGES,
    settings=StageSettings,
    formula=cam,
)
