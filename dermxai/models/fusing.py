"""Convolutions and linear layers with what follows them as one operator of oneDNN, on a CPU: the
same function, fewer passes over memory."""

from itertools import pairwise
from typing import cast

import torch
from timm.layers.squeeze_excite import SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from dermxai.models.capabilities import AVERAGE, CHANNELS_FIRST, Capabilities
from dermxai.models.copies import Network, sharing_weights
from dermxai.models.folding import agree

OPERATOR, LAYOUT = "_convolution_pointwise", "_reorder_convolution_weight"
LINEAR, LINEAR_LAYOUT = "_linear_pointwise", "_reorder_linear_weight"
BFLOAT16 = "_is_mkldnn_bf16_supported"


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
        self.activation = activation

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, h, w) → the same after convolution and activation."""
        operators, weight = torch.ops.mkldnn, self.weight
        if not weight.is_mkldnn:
            shape = list(images.shape)
            self.weight = weight = getattr(operators, LAYOUT)(weight, *self.how, shape)
        fused: Tensor = getattr(operators, OPERATOR)(
            images, weight, self.bias, *self.how, self.activation, [], ""
        )
        return fused


class FusedLinear(nn.Module):
    """A linear layer with its activation; its weights are laid out at the first values."""

    def __init__(self, linear: nn.Linear, activation: str) -> None:
        """
        Args:
            activation: oneDNN's name of it.
        """
        super().__init__()
        self.weight, self.bias = linear.weight.detach(), linear.bias
        self.activation = activation

    def forward(self, values: Tensor) -> Tensor:
        """(…, in) → (…, out) after the layer and its activation."""
        operators, weight = torch.ops.mkldnn, self.weight
        rows = values.flatten(0, -2)
        if not weight.is_mkldnn:
            self.weight = weight = getattr(operators, LINEAR_LAYOUT)(weight, len(rows))
        fused: Tensor = getattr(operators, LINEAR)(
            rows, weight, self.bias, self.activation, [], "none"
        )
        return fused.view(*values.shape[:-1], -1)


class FusedExcitation(nn.Module):
    """Squeeze and excitation whose average is one window of PyTorch's pooling: in bfloat16 it takes
    a third of the time of a mean, and adds in float32 likewise."""

    def __init__(self, *layers: nn.Module) -> None:
        """
        Args:
            layers: from the average to the factor of each channel.
        """
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """(n, channels, h, w) → the same, each channel times its factor."""
        factors: Tensor = self.layers(avg_pool2d(maps, maps.shape[2:]))
        return maps * factors


def fused(network: Network, size: int) -> Network:
    """A copy for images of one size in float32 on the CPU, gives the same logits and pooled values;
    the network itself where PyTorch has no such operators.

    A convolution is fused with the SiLU that is declared after it, a linear layer of a transformer
    or a ConvNeXt with the GELU. As in `folding.folded`, one forward pass reveals a network that
    runs its layers in another order.

    Args:
        network: in evaluation mode, without batch normalisation for the most part.
    """
    if not (hasattr(torch.ops.mkldnn, OPERATOR) and hasattr(torch.ops.mkldnn, LAYOUT)):
        return network
    copy = _fused(network)
    return copy if agree(network, copy, size) else network


def fuses_bfloat16(network: Network, size: int) -> bool:
    """Whether a network in float32 may be rounded to bfloat16 and fused then (`fused_as_known`): it
    says the same when it is fused, and this processor has such operators."""
    known = getattr(torch.ops.mkldnn, BFLOAT16, None)
    return known is not None and bool(known()) and fused(network, size) is not network


def fused_as_known(network: Network) -> Network:
    """As `fused`, of a network of which `fuses_bfloat16` told before it was rounded: differences of
    rounding would hide another order of its layers. Squeeze and excitation is fused, too."""
    copy = _fused(network)
    for module in list(copy.modules()):
        for name, layer in module.named_children():
            layers = _excitation(layer)
            if layers:
                setattr(module, name, FusedExcitation(*layers))
    return copy


def _fused(network: Network) -> Network:
    copy = sharing_weights(network)
    if _is_of_linear_layers(network):
        _fuse_linear(copy)
    for module in list(copy.modules()):
        layers = [*module.named_children(), ("", nn.Identity())]
        for (name, layer), (next_name, after) in pairwise(layers):
            if type(layer) is nn.Conv2d and not isinstance(layer.padding, str):
                silu = isinstance(after, nn.SiLU)
                setattr(module, name, FusedConvolution(layer, "swish" if silu else "none"))
                if silu:
                    setattr(module, next_name, nn.Identity())
    return copy


def _excitation(module: nn.Module) -> tuple[nn.Module, ...]:
    """The layers from the average to the factors of timm's squeeze and excitation; none of other
    modules."""
    if type(module) is SqueezeExcite:
        return (module.conv_reduce, module.act1, module.conv_expand, module.gate)
    if type(module) is SEModule and not module.add_maxpool:
        return (module.fc1, module.bn, module.act, module.fc2, module.gate)
    return ()


def _is_of_linear_layers(network: nn.Module) -> bool:
    """Whether it is none of the networks of convolutions that end in average pooling and a linear
    layer, whose logits stay what they were to the last bit."""
    known: Capabilities | None = getattr(network, "capabilities", None)
    if known is None or known.layout is None:
        return False
    if not (hasattr(torch.ops.mkldnn, LINEAR) and hasattr(torch.ops.mkldnn, LINEAR_LAYOUT)):
        return False
    return known.layout.kind != CHANNELS_FIRST or known.decomposition != AVERAGE


def _fuse_linear(network: nn.Module) -> None:
    """Linear layers of the backbone, in place; other classes of such layers stay."""
    for module in list(cast(nn.Module, network.backbone).modules()):
        layers = [*module.named_children(), ("", nn.Identity())]
        for (name, layer), (next_name, after) in pairwise(layers):
            if type(layer) is nn.Linear:
                gelu = type(after) is nn.GELU and after.approximate == "none"
                setattr(module, name, FusedLinear(layer, "gelu" if gelu else "none"))
                if gelu:
                    setattr(module, next_name, nn.Identity())
