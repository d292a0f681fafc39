"""What a network offers to explanations, probed by one small forward pass.

Every network gives logits. What its logits read, whether that is linear in the places of the last
feature map, where gradients can be taken and whether tokens attend to each other differs; each
method says from this whether it means something (`dermxai.explain.attribution.method`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import isqrt
from typing import TypedDict

import torch
from torch import Tensor, nn

from dermxai.models.operators import OperatorTrace

CHANNELS_FIRST, CHANNELS_LAST, TOKENS = "channels first", "channels last", "tokens"
AVERAGE, AVERAGE_NORM = "average", "average, then layer normalisation"

_RESHAPES = {
    "view", "_unsafe_view", "reshape", "as_strided", "permute", "transpose", "alias", "clone",
    "slice", "squeeze", "unsqueeze", "detach",
}  # fmt: skip
_MEAN_OF_TWO = {"add", "div"}


class FeatureInfo(TypedDict):
    """What timm says of a stage."""

    module: str
    num_chs: int
    reduction: int


class Backbone(nn.Module):
    """What networks of timm have in common, for type checkers: `backbone.create_backbone` makes
    them."""

    num_features: int
    feature_info: Sequence[FeatureInfo]
    forward_features: Callable[[Tensor], Tensor]
    forward_head: Callable[[Tensor], Tensor]
    forward_intermediates: Callable[..., tuple[Tensor, list[Tensor]]]
    get_classifier: Callable[[], object]
    reset_classifier: Callable[[int], None]


@dataclass(frozen=True)
class Layout:
    """How a network lays out places in its feature maps.

    Attributes:
        kind: `CHANNELS_FIRST`, `CHANNELS_LAST` or `TOKENS`.
        prefix: tokens before those of the image's patches: class token and registers.
    """

    kind: str
    prefix: int = 0

    def to_map(self, features: Tensor) -> Tensor:
        """The feature map (n, channels, h, w) of what the network gives; tokens that stand for no
        place are left out."""
        if self.kind == CHANNELS_FIRST:
            return features
        if self.kind == CHANNELS_LAST:
            return features.permute(0, 3, 1, 2)
        patches = features[:, self.prefix :].transpose(1, 2)  # (n, channels, patch)
        side = isqrt(patches.shape[2])
        return torch.unflatten(patches, 2, (side, side))


def layout_of(features: object, channels: int, prefix: int = 0) -> Layout | None:
    """How features of so many channels are laid out; None where they have no places."""
    if not isinstance(features, Tensor):
        return None
    shape = features.shape
    if len(shape) == 4 and shape[1] == channels:
        return Layout(CHANNELS_FIRST)
    if len(shape) == 4 and shape[3] == channels:
        return Layout(CHANNELS_LAST)
    if len(shape) == 3 and shape[2] == channels:
        patches = shape[1] - prefix
        if patches > 0 and isqrt(patches) ** 2 == patches:
            return Layout(TOKENS, prefix)
    return None


@dataclass(frozen=True)
class Stage:
    """A module of the backbone after which a gradient can be taken by places."""

    name: str
    layout: Layout


@dataclass(frozen=True)
class Capabilities:
    """What a network offers.

    Attributes:
        features: values that its last linear layer reads; 0 where it is a black box.
        gradients: whether logits can be differentiated by the image.
        layout: of its last feature map; None where it has none.
        decomposition: `AVERAGE`, where the last linear layer reads the average of the last feature
            map; `AVERAGE_NORM`, where it reads that average after a layer normalisation, which is
            linear in the places as long as the image's own deviation over channels is held; ""
            where logits do not split among places.
        norm: name of that layer normalisation in the backbone.
        reads: what the last linear layer reads where there is no decomposition, in words.
        stages: where gradients can be taken by places, first to last.
        class_token: whether logits read a token that stands for no place.
        tokens: class tokens that are read side by side, each by a linear layer of its own in timm.
        patches_too: whether the average of all places is read beside the class token.
        attention: names of the modules in which all tokens attend to each other, first to last.
        fixed_size: whether it takes images of one size only.
    """

    features: int
    gradients: bool
    layout: Layout | None
    decomposition: str
    norm: str = ""
    reads: str = ""
    stages: tuple[Stage, ...] = ()
    class_token: bool = False
    tokens: int = 1
    patches_too: bool = False
    attention: tuple[str, ...] = ()
    fixed_size: bool = False

    @property
    def held(self) -> str:
        """What is taken as constant where the logit is split among places, in a sentence."""
        if self.decomposition != AVERAGE_NORM:
            return ""
        return (
            "The layer normalisation before the head is held at this image's own deviation over "
            "channels; with it, positions and biases add up to the logit."
        )

    @property
    def no_decomposition(self) -> str | None:
        """Why logits do not split among places, in a sentence; None where they do."""
        if self.decomposition:
            return None
        if not self.features:
            return "the network is a black box: what it computes before its logits is not known."
        if self.class_token:
            return (
                "its logits read the class token, which attention has mixed from all places; they "
                "are no sum over the places of the last layer."
            )
        return f"its logits read {self.reads}; they are no sum over the places of the last layer."


BLACK_BOX = Capabilities(0, False, None, "")
"""Logits only, as of an ONNX file."""


def trial_side(network: object, size: int, most: int) -> int:
    """Pixels of an image that a network is tried with: as few as it takes, and ``most``.

    Args:
        size: of the images that it is for.
    """
    known = getattr(network, "capabilities", None)
    return size if known is not None and known.fixed_size else min(size, most)


def probe(
    backbone: Backbone, image: Tensor, *, fixed_size: bool = False, distilled: bool = False
) -> Capabilities:
    """What a backbone without its last linear layer offers.

    Args:
        backbone: a network of timm in evaluation mode.
        image: (1, 3, size, size), to try it with.
        fixed_size: whether it takes images of one size only.
        distilled: whether timm averages two outputs that read the same.
    """
    outputs: list[tuple[str, object]] = []
    norms: list[str] = []
    with ExitStack() as hooks, torch.no_grad():
        for name, module in backbone.named_modules():
            if name:
                hook = module.register_forward_hook(
                    lambda _m, _i, out, name=name: outputs.append((name, out))
                )
                hooks.enter_context(hook)
        features = backbone.forward_features(image)
        before = len(outputs)
        with OperatorTrace() as trace:
            read = backbone.forward_head(features)
        modules = dict(backbone.named_modules())
        norms = [name for name, _ in outputs[before:] if isinstance(modules[name], nn.LayerNorm)]
    outputs = outputs[:before]
    prefix = int(getattr(backbone, "num_prefix_tokens", 0) or 0)
    layout = layout_of(features, backbone.num_features, prefix)
    names = [call.name for call in trace.calls]
    attends = any("bmm" in name or "scaled_dot_product" in name for name in names)
    patches_too = bool(prefix) and {"select", "mean", "cat"} <= set(names)
    one_token = "select" in names and "mean" not in names and not attends
    class_token = (bool(prefix) and one_token) or patches_too
    tokens = prefix if class_token and distilled and names.count("select") == prefix else 1
    kind = "" if layout is None else _decomposition(names, norms, layout, distilled)
    return Capabilities(
        features=read.shape[1] * tokens,
        gradients=True,
        layout=layout,
        decomposition=kind,
        norm=norms[0] if kind == AVERAGE_NORM else "",
        reads="" if kind else _reads(attends),
        stages=tuple(_stages(backbone, outputs, features, prefix)),
        class_token=class_token,
        tokens=tokens,
        patches_too=patches_too,
        attention=tuple(_attention(backbone, layout)),
        fixed_size=fixed_size,
    )


def _decomposition(names: list[str], norms: list[str], layout: Layout, distilled: bool) -> str:
    """Whether what follows the features is their average, seen at the operators."""
    allowed = _RESHAPES | {"mean", "native_layer_norm"} | (_MEAN_OF_TWO if distilled else set())
    if names.count("mean") != 1 or not set(names) <= allowed:
        return ""
    if layout.kind == TOKENS and layout.prefix and "slice" not in names:
        return ""  # the class token would count, too
    if layout.kind != TOKENS and "slice" in names:
        return ""
    if "native_layer_norm" not in names:
        return AVERAGE
    one = names.count("native_layer_norm") == len(norms) == 1
    return AVERAGE_NORM if one and names.index("mean") < names.index("native_layer_norm") else ""


def _reads(attends: bool) -> str:
    if attends:
        return "a token that pools all places by attention"
    return "hidden layers that follow the pooling and are not linear"


def _stages(
    backbone: Backbone, outputs: list[tuple[str, object]], features: Tensor, prefix: int
) -> Iterator[Stage]:
    """First to last, those whose module gives one feature map; or else the module that gives the
    last map, where each gives several."""
    given, found = dict(outputs), False
    for info in getattr(backbone, "feature_info", ()):
        layout = layout_of(given.get(info["module"]), info["num_chs"], prefix)
        if layout is not None:
            found = True
            yield Stage(info["module"], layout)
    layout = layout_of(features, backbone.num_features, prefix)
    last = [name for name, out in outputs if out is features][-1:]
    if not found and layout is not None:
        yield from (Stage(name, layout) for name in last)


def _attention(backbone: Backbone, layout: Layout | None) -> Iterator[str]:
    """Names of the modules whose softmax of queries and keys spans all tokens, where all blocks
    have one."""
    if layout is None or layout.kind != TOKENS:
        return
    blocks = getattr(backbone, "blocks", None)
    if blocks is None:
        return
    names = [f"blocks.{index}.attn" for index in range(len(blocks))]
    modules = dict(backbone.named_modules())
    if all(
        name in modules
        and hasattr(modules[name], "fused_attn")
        and hasattr(modules[name], "attn_drop")
        for name in names
    ):
        yield from names
