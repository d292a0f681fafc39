"""Copies of a network that have modules of their own."""

from copy import deepcopy
from itertools import chain
from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def sharing_weights(network: Network) -> Network:
    """A copy whose parameters and buffers are those of the network itself, in the same memory."""
    shared: dict[int, object] = {
        id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())
    }
    return deepcopy(network, shared)
