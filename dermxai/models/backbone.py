"""A network of timm as the backbone: without its last linear layer, and its stages.

Auxiliary heads are linear on the average of a feature map. EfficientNets have one at each block, as
in Zhu et al. 2021; transformers after each quarter of their blocks; other networks at each stage
that timm's ``feature_info`` names.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeGuard, cast

import timm
import torch
from timm.models import PretrainedCfg
from torch import Tensor, nn

import dermxai.models.variants  # noqa: F401  # registers networks with timm
from dermxai.core.entries import shown
from dermxai.core.errors import InputError
from dermxai.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from dermxai.models.capabilities import CHANNELS_FIRST, Backbone, Capabilities, Layout, probe
from dermxai.models.info import Head

FINAL = "final"
LONGEST = 120  # characters of a network's name
SIDE = 96  # pixels of the image that a network is tried with; Inception needs 75
EFFICIENTNET = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
CONTAINERS = ("blocks", "features", "layers", "stages")
TOKENS = "tokens"
QUARTERS = 4
"""Of a network whose stages are all alike, as a transformer's blocks are: a head after each."""


class EfficientNet(Backbone):
    """What timm's EfficientNets have in common, for type checkers."""

    conv_stem: nn.Module
    bn1: nn.Module
    blocks: nn.Sequential
    conv_head: nn.Module
    bn2: nn.Module


def create_backbone(
    architecture: str, pretrained: bool, drop_path_rate: float, size: int | None = None
) -> tuple[Backbone, Capabilities]:
    """A timm network without its last linear layer, with stochastic depth where it knows of it; and
    what it offers.

    Args:
        size: pixels of the images, for networks that are made for one size; timm's own if not
            given.

    Raises:
        InputError: unknown to timm, cannot take such images, or is no classifier of images.
    """
    own = own_size(architecture)
    options: dict[str, object] = {}
    if drop_path_rate:
        options["drop_path_rate"] = drop_path_rate
    if size is not None and own not in (None, size):
        options["img_size"] = size
    side = SIDE if own is None else size or own
    try:
        backbone = _created(architecture, pretrained, options)
        if own is not None:
            _check_patches(backbone, architecture, side)
        two = without_classifier(backbone)
        with trial_image(backbone, side) as image:
            return backbone, probe(backbone, image, fixed_size=own is not None, distilled=two)
    except InputError:
        raise
    except (AssertionError, RuntimeError, ValueError) as error:
        if own in (None, side) or pretrained:
            raise
        raise InputError(
            f"{architecture} cannot take images of {side} × {side} pixels; it is made for "
            f"{own} × {own}."
        ) from error
    except AttributeError as error:
        raise InputError(
            f"{architecture} cannot be taken apart into features and a last linear layer, as a "
            "classifier of images can."
        ) from error


def _check_patches(backbone: Backbone, architecture: str, side: int) -> None:
    """
    Raises:
        InputError: patches of the network do not fill images of so many pixels, so that it would
            not see their edge, and maps would lie beside it.
    """
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", None)
    width = patch[0] if isinstance(patch, tuple) else patch
    if isinstance(width, int) and side % width:
        lower = side // width * width
        sizes = " or ".join(str(each) for each in (lower, lower + width) if each)
        raise InputError(
            f"{architecture} cannot take images of {side} × {side} pixels: it sees patches of "
            f"{width}; take a size of {sizes}."
        )


def _created(architecture: str, pretrained: bool, options: Mapping[str, object]) -> Backbone:
    """The network, without what it does not know: some cannot skip layers, some have one size."""
    for left_out in ((), ("drop_path_rate",), ("img_size",)):
        taken = {name: value for name, value in options.items() if name not in left_out}
        with suppress(TypeError):
            return _of_timm(architecture, pretrained=pretrained, **taken)
    return _of_timm(architecture, pretrained=pretrained)


def _of_timm(architecture: str, **options: Any) -> Backbone:
    return cast(Backbone, timm.create_model(architecture, **options))


def own_size(architecture: str) -> int | None:
    """Pixels of the images that a network is made for; None where it takes any."""
    known = pretrained_config(architecture)
    return int(known.input_size[-1]) if known is not None and known.fixed_input_size else None


def without_classifier(backbone: Backbone) -> bool:
    """Takes the last linear layer away, so that the network gives what that layer reads.

    Returns:
        Whether it was two, whose outputs timm averages.
    """
    last = backbone.get_classifier()
    inner: list[str] = []
    if isinstance(last, nn.Module):
        inner = [name for name, each in last.named_modules() if isinstance(each, nn.Linear)]
    if isinstance(last, nn.Module) and any(inner):  # hidden layers, which timm would take away, too
        last.set_submodule(inner[-1], nn.Identity())
    else:
        backbone.reset_classifier(0)
    return isinstance(last, tuple)


class Normalisation(NamedTuple):
    """Mean and standard deviation of the input's channels, for values between 0 and 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def normalisation(architecture: str) -> Normalisation:
    """That which timm's weights of a network were trained with; ImageNet's where timm has none."""
    known = pretrained_config(architecture)
    if known is None:
        return Normalisation(IMAGENET_MEAN, IMAGENET_STD)
    return Normalisation(_three(known.mean), _three(known.std))


def pretrained_config(architecture: str) -> PretrainedCfg | None:
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


def has_blocks(backbone: nn.Module) -> TypeGuard[EfficientNet]:
    """Whether its stages are the blocks of an EfficientNet."""
    return all(hasattr(backbone, part) for part in EFFICIENTNET)


def feature_maps(backbone: Backbone, images: Tensor) -> list[Tensor]:
    """The feature map (n, channels, h, w) after each stage; the last is what the network ends
    with, as it lays it out."""
    if has_blocks(backbone):
        maps: list[Tensor] = []
        x = backbone.bn1(backbone.conv_stem(images))
        for block in backbone.blocks:
            x = block(x)
            maps.append(x)
        return [*maps, backbone.bn2(backbone.conv_head(x))]
    end, maps = backbone.forward_intermediates(images, indices=_quarters(backbone))
    return maps if maps[-1] is end else [*maps, end]


def _quarters(backbone: Backbone) -> list[int] | None:
    """The last stage of each quarter but the last, where all stages are alike; None for all."""
    stages = [(info["num_chs"], info["reduction"]) for info in backbone.feature_info]
    if len(stages) < QUARTERS or len(set(stages)) > 1:
        return None
    return [len(stages) * quarter // QUARTERS - 1 for quarter in range(1, QUARTERS)]


def stage_modules(backbone: Backbone) -> dict[str, nn.Module]:
    """The modules whose outputs are the stages' feature maps, first to last; of an EfficientNet the
    last is what the final head averages."""
    if has_blocks(backbone):
        blocks = {f"block {index + 1}": block for index, block in enumerate(backbone.blocks)}
        return {**blocks, FINAL: backbone.bn2}
    modules = dict(backbone.named_modules())
    names = [info["module"] for info in backbone.feature_info]
    return {name: modules[name] for name in names if name in modules}


def gradient_stages(
    backbone: nn.Module, known: Capabilities
) -> dict[str, tuple[nn.Module, Layout]]:
    """Modules after which a gradient can be taken by places, and how these are laid out."""
    if has_blocks(backbone):
        first = Layout(CHANNELS_FIRST)
        return {name: (module, first) for name, module in stage_modules(backbone).items()}
    return {
        stage.name: (backbone.get_submodule(stage.name), stage.layout) for stage in known.stages
    }


def parts(backbone: nn.Module) -> list[tuple[str, nn.Module]]:
    """Names and parts with parameters of a backbone, from the image on: its children, and what lies
    in its `CONTAINERS`, one by one; what has a number only is called "block 1" and so on.
    Parameters that lie in no layer (class token, positions) come second, as "tokens"."""
    found: list[tuple[str, nn.Module]] = []
    for name, child in backbone.named_children():
        found += child.named_children() if name in CONTAINERS else [(name, child)]
    named = [
        (f"block {int(name) + 1}" if name.isdigit() else name, part)
        for name, part in found
        if any(True for _ in part.parameters())
    ]
    own = list(backbone.parameters(recurse=False))
    if own:
        named.insert(1, (TOKENS, nn.ParameterList(own)))
    return named


def auxiliary_heads(backbone: Backbone, architecture: str, size: int | None = None) -> list[Head]:
    """What heads at the stages before the last feature map read; for efficientnet_b4 24, 32, 56,
    112, 160, 272 and 448 channels.

    Raises:
        InputError: timm does not name the network's stages.
    """
    names, own = list(_stage_names(backbone)), own_size(architecture)
    try:
        with trial_image(backbone, SIDE if own is None else size or own) as image:
            maps = feature_maps(backbone, image)[:-1]
    except (AttributeError, NotImplementedError):
        maps, names = [torch.empty(0)], []
    if len(names) < len(maps):
        raise InputError(
            f"{architecture} has no stages for auxiliary heads; take another network, or leave the "
            "auxiliary heads out."
        )
    return [Head(name, found.shape[1]) for name, found in zip(names, maps, strict=False)]


def _stage_names(backbone: Backbone) -> Iterator[str]:
    """Of the stages that have a head, first to last."""
    if has_blocks(backbone):
        yield from stage_modules(backbone)
        return
    names = [info["module"] for info in backbone.feature_info]
    quarters = _quarters(backbone)
    yield from names if quarters is None else (names[index] for index in quarters)


@contextmanager
def trial_image(backbone: Backbone, side: int) -> Iterator[Tensor]:
    """An image to try a network with, which is in evaluation mode meanwhile."""
    training, device = backbone.training, next(backbone.parameters()).device
    backbone.eval()
    try:
        with torch.inference_mode(False), torch.no_grad():  # inference mode takes none apart
            yield torch.zeros(1, 3, side, side, device=device)
    finally:
        backbone.train(training)
