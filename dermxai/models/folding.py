"""Batch normalisation folded into the convolution before it: the same function, fewer passes over
memory."""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dermxai.models.copies import Network

TOLERANCE = 1e-3
LARGEST_CHECK = 96  # pixels; the comparison needs no more


def folded(network: Network, size: int) -> Network:
    """A copy, on the CPU, of a network in evaluation mode; gives the same logits and pooled values.

    A convolution is folded with the normalisation that is declared after it. A network that runs
    its layers in another order than it declares them would change, which one forward pass on noise
    reveals: then the copy is left unfolded.

    Args:
        size: side of the images that the network takes.
    """
    copy = deepcopy(network).cpu()
    for module in copy.modules():
        for (layer_name, layer), (name, norm) in pairwise(list(module.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, layer_name, fuse_conv_bn_eval(layer, norm))
                setattr(module, name, getattr(norm, "act", nn.Identity()))
    same = agree(network, copy, min(size, LARGEST_CHECK))
    return copy if same else deepcopy(network).cpu()


def agree(network: nn.Module, copy: nn.Module, size: int) -> bool:
    """Whether two networks give the same logits and pooled values of noise, to `TOLERANCE` of the
    largest."""
    device = next(network.parameters()).device
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = network(noise.to(device)), copy(noise)
    pairs = ((expected.logits.cpu(), found.logits), (expected.pooled.cpu(), found.pooled))
    return all(
        bool((wanted - got).abs().max() <= TOLERANCE * wanted.abs().max().clamp_min(1e-6))
        for wanted, got in pairs
    )
