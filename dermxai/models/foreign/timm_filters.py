"""State dicts of DINOv2 and open_clip, renamed by timm's own filters."""

from collections.abc import Mapping
from math import isqrt

import timm
import torch
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import Tensor

_WIDTHS = {384: "small", 768: "base", 1024: "large", 1536: "giant"}


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Tensors by timm's names; None where they are of none of these networks."""
    made_for = _dinov2(tensors) or _clip(tensors)
    if made_for is None or not timm.is_model(made_for[0]):
        return None
    with torch.device("meta"):
        network = timm.create_model(made_for[0], img_size=made_for[1])
    assert isinstance(network, VisionTransformer)
    visual = {n: t for n, t in tensors.items() if n.startswith("visual.")}
    found: dict[str, Tensor] = checkpoint_filter_fn(dict(visual or tensors), network)
    beside = {n: t for n, t in tensors.items() if n not in visual} if visual else {}
    return {**found, **beside}


def _dinov2(tensors: Mapping[str, Tensor]) -> tuple[str, int] | None:
    """The network, and the side of its images."""
    patches, places = tensors.get("patch_embed.proj.weight"), tensors.get("pos_embed")
    if (
        patches is None
        or places is None
        or not {"mask_token", "blocks.0.ls1.gamma"} <= set(tensors)
    ):
        return None
    registers = "_reg4" if "register_tokens" in tensors else ""
    side = patches.shape[-1]
    name = f"vit_{_WIDTHS.get(patches.shape[0])}_patch{side}{registers}_dinov2"
    return name, side * isqrt(places.shape[1] - 1)


def _clip(tensors: Mapping[str, Tensor]) -> tuple[str, int] | None:
    patches, places = (
        tensors.get(f"visual.{name}") for name in ("conv1.weight", "positional_embedding")
    )
    if patches is None or places is None or "visual.class_embedding" not in tensors:
        return None
    side = patches.shape[-1]
    image = side * isqrt(places.shape[0] - 1)
    return f"vit_{_WIDTHS.get(patches.shape[0])}_patch{side}_clip_{image}", image
