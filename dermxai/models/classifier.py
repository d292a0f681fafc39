"""What every model offers: one forward pass for all heads' logits, inputs and feature maps."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from dermxai.models.info import ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork, Output

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

    def __init__(self, network: MultiHeadNetwork, info: ModelInfo, hash: str, path: Path) -> None:  # noqa: A002
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.info = info
        self.hash = hash
        self.path = path

    @property
    def name(self) -> str:
        return self.info.name or self.path.name

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def to(self, device: str | torch.device) -> "Classifier":
        self.network.to(device)
        return self

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
        """As calling it, without recording gradients."""
        with torch.inference_mode():
            return self(images, maps)

    def head_weights(self, head: int) -> tuple[Tensor, Tensor]:
        """Weight (class, channels) and bias (class,) of a head, by index; −1 is the final one."""
        linear = cast(nn.Linear, self.network.heads[head])
        return linear.weight, linear.bias
