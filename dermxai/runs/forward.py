"""The network as a run uses it: layers folded and fused, eight-bit images in, on any device."""

from collections.abc import Callable, Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from dermxai.models import Classifier
from dermxai.models.folding import folded
from dermxai.models.fusing import fused

PRECISIONS: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
# Activations of so many pixels a core stay in its cache (measured with EfficientNet-B4).
CACHED_PIXELS = 200_000

Forward = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From images (n, size, size, 3) uint8 to logits (n, head, class) and pooled (n, Σ channels)."""


def part_size(size: int, batch_size: int, device: torch.device) -> int:
    """Images that the network takes at once."""
    if device.type != "cpu":
        return batch_size
    return min(batch_size, max(1, round(CACHED_PIXELS * torch.get_num_threads() / size**2)))


def forward_pass(
    classifier: Classifier, device: torch.device, dtype: torch.dtype, part: int
) -> Forward:
    """A copy of the classifier's network, ready for ``part`` images at once in a precision."""
    preprocessing = classifier.info.preprocessing
    network = folded(deepcopy(classifier.network).cpu(), preprocessing.size)
    for module in network.backbone.modules():
        if isinstance(module, nn.Conv2d):  # heads and remaining normalisations stay in float32
            module.to(dtype)
    network.to(device).to(memory_format=torch.channels_last)
    if device.type == "cpu" and dtype == torch.float32:
        network = fused(network, preprocessing.size)
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
