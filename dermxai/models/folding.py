"""Batch normalisation folded into the convolution before it, and weights standardised once: the
same function, fewer passes over memory."""

from itertools import pairwise

import torch
from timm.layers.std_conv import ScaledStdConv2d, StdConv2d
from torch import nn
from torch.nn.functional import batch_norm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dermxai.models.capabilities import trial_side
from dermxai.models.copies import Network, sharing_weights

TOLERANCE = 1e-3
LARGEST_CHECK = 96  # pixels; the comparison needs no more


def folded(network: Network, size: int) -> Network:
    """A copy of a network in evaluation mode that gives the same logits, pooled values and
    gradients up to rounding; what is not folded shares the network's weights in memory.

    A convolution is folded with the normalisation that is declared after it, and one that would
    standardise its weights at each pass (Qiao 2019, Brock 2021) gets them so. A network that runs
    its layers in another order than it declares them would change, which one forward pass on noise
    reveals: then the network itself is returned.

    Args:
        size: side of the images that the network takes.
    """
    copy = sharing_weights(network)
    for module in list(copy.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, StdConv2d | ScaledStdConv2d):
                setattr(module, name, _standardised(layer))
        for (layer_name, layer), (name, norm) in pairwise(list(module.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, layer_name, fuse_conv_bn_eval(layer, norm))
                setattr(module, name, getattr(norm, "act", nn.Identity()))
    return copy if agree(network, copy, trial_side(network, size, LARGEST_CHECK)) else network


def _standardised(layer: StdConv2d | ScaledStdConv2d) -> nn.Conv2d:
    """The convolution with the weights that it makes for itself at each pass."""
    gain = layer.gain.flatten() * layer.scale if isinstance(layer, ScaledStdConv2d) else None
    filters = layer.weight.detach().reshape(1, layer.out_channels, -1)
    weight = batch_norm(filters, None, None, gain, training=True, momentum=0.0, eps=layer.eps)
    kept = ("kernel_size", "stride", "padding", "dilation", "groups")
    plain = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        bias=False,
        **{key: getattr(layer, key) for key in kept},
    )
    plain.weight = nn.Parameter(weight.detach().reshape_as(layer.weight), requires_grad=False)
    plain.bias = layer.bias
    return plain.eval()


def agree(network: nn.Module, copy: nn.Module, size: int) -> bool:
    """Whether two networks on one device give the same logits and pooled values of noise, to
    `TOLERANCE` of the largest."""
    device = next(network.parameters()).device
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        expected, found = network(noise), copy(noise)
    pairs = ((expected.logits, found.logits), (expected.pooled, found.pooled))
    return all(
        bool((wanted - got).abs().max() <= TOLERANCE * wanted.abs().max().clamp_min(1e-6))
        for wanted, got in pairs
    )
