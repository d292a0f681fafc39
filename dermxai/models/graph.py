"""A forward pass as one call of PyTorch's: other threads of Python do not hold it up.

A network of Python modules asks for the interpreter after each of its hundreds of operators. Where
two other threads compute, it then gets it back 5 ms later each time: a pass of 25 ms took 1.2 s. As
a graph it took 0.04 s (docs/server.md).
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from dermxai.models.folding import agree
from dermxai.models.multi_head import Output

_trace: Callable[..., Callable[[Tensor], tuple[Tensor, ...]]] = torch.jit.trace


class Graph(nn.Module):
    """A traced network; without gradients, for images of one size."""

    def __init__(self, network: nn.Module, images: Tensor) -> None:
        super().__init__()
        with warnings.catch_warnings(), torch.no_grad():
            # TorchScript is deprecated; what follows it needs a compiler where the server runs
            warnings.simplefilter("ignore")
            self.trace = _trace(_Flat(network), images, check_trace=False)

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        """As `MultiHeadNetwork`."""
        logits, pooled, *feature_maps = self.trace(images)
        return Output(logits, pooled, tuple(feature_maps) if maps else ())


class _Flat(nn.Module):
    """A network whose output is one tuple of tensors."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        output: Output = self.network(images, True)
        return (output.logits, output.pooled, *output.maps)


def traced(network: nn.Module, size: int) -> nn.Module:
    """The network as a graph, for images of one size; itself where it cannot be traced, or would
    change, which one forward pass on noise reveals.

    Args:
        network: in evaluation mode.
    """
    example = next(network.parameters())
    images = torch.zeros(1, 3, size, size, dtype=example.dtype, device=example.device)
    try:
        graph = Graph(network, images.contiguous(memory_format=torch.channels_last))
        same = agree(network, graph, size)
    except (RuntimeError, AttributeError):
        return network
    return graph if same else network
