"""Convolutions and what follows them as one operator of oneDNN, on a CPU: the same function, fewer
passes over memory."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from dermxai.models.copies import Network, sharing_weights
from dermxai.models.folding import agree

OPERATOR, LAYOUT = "_convolution_pointwise", "_reorder_convolution_weight"


class FusedConvolution(nn.Module):
    """A convolution with its activation; its weights are laid out at the first image."""

    def __init__(self, convolution: nn.Conv2d, activation: str) -> None:
        """
        Args:
            activation: oneDNN's name of it.
        """
        super().__init__()
        self.weight, self.bias = convolution.weight.detach(), convolution.bias
        self.how = (
            convolution.padding,
            convolution.stride,
            convolution.dilation,
            convolution.groups,
        )
        self.activation, self.laid_out = activation, False

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, h, w) → the same after convolution and activation."""
        operators = torch.ops.mkldnn
        if not self.laid_out:
            shape = list(images.shape)
            self.weight = getattr(operators, LAYOUT)(self.weight, *self.how, shape)
            self.laid_out = True
        fused: Tensor = getattr(operators, OPERATOR)(
            images, self.weight, self.bias, *self.how, self.activation, [], ""
        )
        return fused


def fused(network: Network, size: int) -> Network:
    """A copy for images of one size in float32 on the CPU, gives the same logits and pooled values;
    the network itself where PyTorch has no such operators.

    A convolution is fused with the SiLU that is declared after it. As in `folding.folded`, one
    forward pass reveals a network that runs its layers in another order.

    Args:
        network: in evaluation mode, without batch normalisation for the most part.
    """
    if not (hasattr(torch.ops.mkldnn, OPERATOR) and hasattr(torch.ops.mkldnn, LAYOUT)):
        return network
    copy = sharing_weights(network)
    for module in list(copy.modules()):
        layers = [*module.named_children(), ("", nn.Identity())]
        for (name, layer), (next_name, after) in pairwise(layers):
            if type(layer) is nn.Conv2d and not isinstance(layer.padding, str):
                silu = isinstance(after, nn.SiLU)
                setattr(module, name, FusedConvolution(layer, "swish" if silu else "none"))
                if silu:
                    setattr(module, next_name, nn.Identity())
    return copy if agree(network, copy, size) else network
