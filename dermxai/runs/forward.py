"""The network as a run uses it: layers folded and fused, eight-bit images in, on any device."""

from collections.abc import Callable, Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from dermxai.models import Classifier, openvino_pass
from dermxai.models.folding import folded
from dermxai.models.fusing import fused, fused_as_known, fuses_bfloat16
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.models.onnx_network import OnnxNetwork

PRECISIONS: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
TORCH, OPENVINO = "torch", "openvino"
ENGINES = (TORCH, OPENVINO)
# Activations in float32 of so many pixels a core stay in its cache (measured with EfficientNet-B4).
CACHED_PIXELS = 200_000

Forward = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From images (n, size, size, 3) uint8 to logits (n, head, class) and pooled (n, Σ channels)."""


def part_size(
    size: int, batch_size: int, device: torch.device, dtype: torch.dtype = torch.float32
) -> int:
    """Images that the network takes at once."""
    if device.type != "cpu":
        return batch_size
    pixels = CACHED_PIXELS * torch.get_num_threads() * torch.float32.itemsize / dtype.itemsize
    return min(batch_size, max(1, round(pixels / size**2)))


def forward_pass(
    classifier: Classifier,
    device: torch.device,
    dtype: torch.dtype,
    part: int,
    engine: str = TORCH,
) -> Forward:
    """A copy of the classifier's network, ready for ``part`` images at once in a precision.

    Raises:
        InputError: the engine cannot compute it, as `openvino_pass.compiled` says.
    """
    if engine == OPENVINO:
        return openvino_pass.compiled(classifier, dtype, part)
    preprocessing = classifier.info.preprocessing
    network = folded(deepcopy(classifier.network).cpu(), preprocessing.size)
    rounded = device.type == "cpu" and dtype == torch.bfloat16
    fuses = rounded and fuses_bfloat16(network, preprocessing.size)
    _round(network, dtype)
    network.to(device).to(memory_format=torch.channels_last)
    if device.type == "cpu" and dtype == torch.float32:
        network = fused(network, preprocessing.size)
    elif fuses:
        network = fused_as_known(network)
    mean, std = (torch.tensor(v, device=device) for v in (preprocessing.mean, preprocessing.std))
    scale, shift = (1 / 255 / std).view(1, 3, 1, 1), (mean / std).view(1, 3, 1, 1)

    @torch.inference_mode()
    def forward(images: Tensor) -> tuple[Tensor, Tensor]:
        pixels = images.to(device, non_blocking=True).permute(0, 3, 1, 2)  # channels_last
        normalised = (pixels * scale - shift).to(dtype)
        outputs = [network(some) for some in torch.split(normalised, part)]
        return (
            torch.cat([output.logits for output in outputs]),
            torch.cat([output.pooled for output in outputs]),
        )

    return forward


def _round(network: MultiHeadNetwork | OnnxNetwork, dtype: torch.dtype) -> None:
    """The layers before the heads in a precision: convolutions alone where batch or group
    normalisation is all that lies between them, since it takes either; else all, but the
    normalisation that belongs to the head."""
    backbone = network.backbone
    holding = [each for each in backbone.modules() if any(True for _ in each.parameters(False))]
    convolutions = [each for each in holding if isinstance(each, nn.Conv2d)]
    rest = [each for each in holding if not isinstance(each, nn.Conv2d)]
    if all(isinstance(each, nn.BatchNorm2d | nn.GroupNorm) for each in rest):
        for each in convolutions:
            each.to(dtype)
        return
    backbone.to(dtype)
    if network.capabilities.norm:
        backbone.get_submodule(network.capabilities.norm).float()
