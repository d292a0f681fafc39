"""A network of timm as the backbone: whether it ends as heads need it, and its stages.

Heads are linear on the average of a feature map. EfficientNets have one at each block, as in Zhu et
al. 2021; other networks at each stage that timm's ``feature_info`` names.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import timm
import torch
from torch import Tensor, nn

from dermxai.core.entries import shown
from dermxai.core.errors import InputError
from dermxai.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from dermxai.models.info import Head
from dermxai.models.operators import Watched

FINAL = "final"
LONGEST = 120  # characters of a network's name
SIDE = 96  # pixels of the image that a network is tried with; Inception needs 75
CONTAINERS = ("blocks", "features", "layers", "stages")
AVERAGE_AND_LINEAR = {"mean", "view", "t", "addmm"}


def create_backbone(architecture: str, pretrained: bool, drop_path_rate: float) -> Any:
    """A timm network without its classifier, with stochastic depth where it knows of it.

    Raises:
        InputError: unknown to timm, or its last feature map is not what its classifier averages.
    """
    published(architecture)
    options: dict[str, Any] = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
    try:
        backbone: Any = timm.create_model(architecture, pretrained=pretrained, **options)
    except TypeError:  # its layers cannot be skipped
        backbone = timm.create_model(architecture, pretrained=pretrained)
    if not averages_last_map(backbone):
        raise InputError(
            f"{architecture} does not end in global average pooling and one linear layer; "
            "DermXAI explains networks that do, such as efficientnet_b4, resnet101, inception_v3."
        )
    backbone.reset_classifier(0)
    return backbone


def normalisation(architecture: str) -> dict[str, Any]:
    """``mean`` and ``std`` of the input's channels, for values between 0 and 1, that timm's weights
    of a network were trained with; ImageNet's where timm has none."""
    known = published(architecture)
    if known is None:
        return {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    return {"mean": _three(known.mean), "std": _three(known.std)}


def published(architecture: str) -> Any:
    """timm's own settings of a network, None where it has none.

    Raises:
        InputError: timm has no such network, or no such weights of it; a name never leads to the
            network or to a file.
    """
    if len(architecture) > LONGEST or not timm.is_model(architecture):
        family = re.split(r"[\W_]", architecture[:LONGEST], maxsplit=1)[0]
        close = timm.list_models(f"*{family}*")[:5] if family else []
        hint = f"; near it: {', '.join(close)}" if close else ""
        raise InputError(f"timm has no network named {shown(architecture)!r}{hint}.")
    try:
        return timm.get_pretrained_cfg(architecture)
    except RuntimeError as error:
        name, _, tag = architecture.partition(".")
        raise InputError(
            f"timm has no weights {tag!r} of {name}; name the network alone, {name}."
        ) from error


def _three(values: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue


def averages_last_map(backbone: Any) -> bool:
    """Whether the classifier is one Linear on the average of the last feature map, seen at the
    operations that follow that map."""
    classifier = backbone.get_classifier()
    if not isinstance(classifier, nn.Linear):
        return False
    try:
        with _tried(backbone) as image:
            features = backbone.forward_features(image)
            with Watched() as seen:
                backbone.forward_head(features)
    except (AssertionError, AttributeError, RuntimeError):  # images of one size only, for one
        return False
    channels_first = features.ndim == 4 and features.shape[1] == classifier.in_features
    return bool(channels_first and {call.name for call in seen.calls} <= AVERAGE_AND_LINEAR)


def has_blocks(backbone: Any) -> bool:
    """Whether its stages are the blocks of an EfficientNet."""
    return all(hasattr(backbone, part) for part in ("conv_stem", "bn1", "blocks", "conv_head"))


def feature_maps(backbone: Any, images: Tensor) -> list[Tensor]:
    """The feature map (n, channels, h, w) after each stage; the last is the one at the end."""
    if has_blocks(backbone):
        maps: list[Tensor] = []
        x = backbone.bn1(backbone.conv_stem(images))
        for block in backbone.blocks:
            x = block(x)
            maps.append(x)
        return [*maps, backbone.bn2(backbone.conv_head(x))]
    end, maps = backbone.forward_intermediates(images)
    return maps if maps[-1] is end else [*maps, end]


def stage_modules(backbone: Any) -> dict[str, nn.Module]:
    """The modules whose outputs are the stages' feature maps, first to last; of an EfficientNet the
    last is what the final head averages."""
    if has_blocks(backbone):
        blocks = {f"block {index + 1}": block for index, block in enumerate(backbone.blocks)}
        return {**blocks, FINAL: backbone.bn2}
    modules = dict(backbone.named_modules())
    names = [info["module"] for info in backbone.feature_info]
    return {name: modules[name] for name in names if name in modules}


def parts(backbone: Any) -> list[tuple[str, nn.Module]]:
    """Names and parts with parameters of a backbone, from the image on: its children, and what lies
    in its `CONTAINERS`, one by one; what has a number only is called "block 1" and so on."""
    found: list[tuple[str, nn.Module]] = []
    for name, child in backbone.named_children():
        found += child.named_children() if name in CONTAINERS else [(name, child)]
    return [
        (f"block {int(name) + 1}" if name.isdigit() else name, part)
        for name, part in found
        if any(True for _ in part.parameters())
    ]


def auxiliary_heads(backbone: Any, architecture: str) -> list[Head]:
    """What heads at the stages before the last feature map read; for efficientnet_b4 24, 32, 56,
    112, 160, 272 and 448 channels.

    Raises:
        InputError: timm does not name the network's stages.
    """
    names = list(stage_modules(backbone))
    with _tried(backbone) as image:
        maps = feature_maps(backbone, image)[:-1]
    if len(names) < len(maps):
        raise InputError(
            f"{architecture} has no stages for auxiliary heads; take another network, or leave the "
            "auxiliary heads out."
        )
    return [Head(name, found.shape[1]) for name, found in zip(names, maps, strict=False)]


@contextmanager
def _tried(backbone: Any) -> Iterator[Tensor]:
    """An image to try a network with, which is in evaluation mode meanwhile."""
    training, device = backbone.training, next(backbone.parameters()).device
    backbone.eval()
    try:
        with torch.inference_mode(False), torch.no_grad():  # inference mode takes none apart
            yield torch.zeros(1, 3, SIDE, SIDE, device=device)
    finally:
        backbone.train(training)
