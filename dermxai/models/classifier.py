"""What every model offers: one forward pass for all heads' logits, inputs and feature maps."""

from pathlib import Path
from typing import Self, cast

import torch
from torch import Tensor, nn

from dermxai.models.capabilities import Capabilities
from dermxai.models.folding import folded
from dermxai.models.fusing import fused
from dermxai.models.graph import traced
from dermxai.models.info import LAYOUTS, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork, Output
from dermxai.models.onnx_network import OnnxNetwork

__all__ = ["Classifier", "Output"]


class Classifier:
    """A network in evaluation mode with frozen parameters, shared by all visitors: hooks lie on
    twins (`dermxai.explain.forward.twin`), never on it.

    Attributes:
        info: what the checkpoint says of itself.
        hash: identity of weights and description, as hexadecimal.
        path: where it was loaded from.
        network: channels_last, ``requires_grad`` False throughout.
    """

    def __init__(
        self,
        network: MultiHeadNetwork | OnnxNetwork,
        info: ModelInfo,
        hash: str,  # noqa: A002
        path: Path,
    ) -> None:
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.info = info
        self.hash = hash
        self.path = path
        self._without_gradients: nn.Module | None = None

    @property
    def name(self) -> str:
        return self.info.name or self.path.name

    @property
    def capabilities(self) -> Capabilities:
        """What explanations can be made from."""
        return self.network.capabilities

    @property
    def layout(self) -> str | None:
        """Of an ONNX file's input, one of `LAYOUTS`, where its shape leaves it open; else None."""
        if not isinstance(self.network, OnnxNetwork):
            return None
        file = self.network.session.file
        return LAYOUTS[file.channels_last] if file.is_layout_open else None

    @property
    def nbytes(self) -> int:
        """Of its weights in memory, as they are."""
        if isinstance(self.network, OnnxNetwork):
            return self.network.session.nbytes
        return sum(each.nbytes for each in self.network.parameters())

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def to(self, device: str | torch.device) -> Self:
        self.network.to(device)
        self._without_gradients = None
        return self

    def prepare(self, among_threads: bool = False) -> Self:
        """Gets `infer` ready for many images: normalisations folded into the convolutions and, on a
        CPU in float32, convolution and SiLU in one operator, as in a run. The same values up to
        rounding, for two thirds of the work; the weights are in memory once more.

        Args:
            among_threads: other threads of Python compute meanwhile, as in a server; then a pass is
                one operator for them (see `graph`), and none is fused.
        """
        if not self.capabilities.gradients:  # computed elsewhere, where it was made ready
            return self
        size = self.info.preprocessing.size
        network: nn.Module = folded(self.network, size)
        if self.device.type == "cpu":
            network = traced(network, size) if among_threads else fused(network, size)
        self._without_gradients = network
        return self

    @property
    def without_gradients(self) -> nn.Module | None:
        """The network for passes without gradients, where `prepare` has made one."""
        return self._without_gradients

    def __call__(self, images: Tensor, maps: bool = False) -> Output:
        """Logits, pooled inputs and (on request) feature maps; differentiable in ``images``.

        Args:
            images: (n, 3, size, size), normalised as ``info.preprocessing`` says.
            maps: also return the feature map before each head.
        """
        images = images.to(self.device, memory_format=torch.channels_last)
        output: Output = self.network(images, maps)
        return output

    def infer(self, images: Tensor, maps: bool = False) -> Output:
        """As calling it, without recording gradients; faster after `prepare`."""
        network = self._without_gradients or self.network
        images = images.to(self.device, memory_format=torch.channels_last)
        with torch.inference_mode():
            output: Output = network(images, maps)
        return output

    def head_weights(self, head: int) -> tuple[Tensor, Tensor]:
        """Weight (class, channels) and bias (class,) of a head on the average of its map, by index;
        −1 is the final one. The bias holds that of a layer normalisation before the head."""
        linear = cast(nn.Linear, self.network.heads[head])
        constant = self.network.constant() if linear is self.network.heads[-1] else None
        if constant is None:
            return linear.weight, linear.bias
        return linear.weight, linear.bias + linear.weight @ constant
