"""Checkpoints of other programs: what the state dicts of timm, torchvision and others are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from dermxai.core.activation import SIGMOID, SOFTMAX
from dermxai.core.entries import shown
from dermxai.core.errors import InputError
from dermxai.data.labels import standard_classes
from dermxai.data.transforms import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from dermxai.models.backbone import normalisation, own_size, pretrained_config
from dermxai.models.foreign.adapters import check_merged
from dermxai.models.foreign.heads import LinearHead, linear_head, two_heads
from dermxai.models.foreign.metadata import Metadata, embedded_metadata, few_names
from dermxai.models.foreign.networks import (
    Backbone,
    copies,
    find_backbone,
    fit_backbone,
    is_average,
    side_of_images,
)
from dermxai.models.foreign.positions import resampled
from dermxai.models.foreign.reparametrised import multiplied_out
from dermxai.models.foreign.signatures import COUNTER
from dermxai.models.info import MOST_CLASSES, MOST_HEADS, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.models.state_dict import Contents
from dermxai.models.variants import READS_BOTH

PREFIXES = ("module.", "model.", "_orig_mod.", "net.", "network.", "backbone.", "encoder.")
CLASSIFIERS = ("classifier", "fc", "head.fc", "head")
UNUSED = "backbone.AuxLogits."  # Inception's training-time classifier
FEWEST = 102
"""Tensors of the smallest of `ARCHITECTURES`, resnet18."""
NEAR = 0.5  # share of tensors that fit, from which on an architecture is taken to be meant
# Told apart where the tensors are not quite those of any network of timm.
ARCHITECTURES = (
    *(f"efficientnet_b{index}" for index in range(8)),
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "inception_v3",
    "densenet121",
)
WITH_IMAGENET = ("torchvision", "efficientnet_pytorch")
"""Programs whose inputs are normalised by ImageNet's mean and deviation."""


def strip_prefixes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Takes known prefixes off: one that all names carry, or those of the classifier, whose wrapper
    holds other things too, such as a loss."""
    for prefix in PREFIXES:
        inside = {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}
        if not inside:
            continue
        network = strip_prefixes(inside)
        if len(inside) == len(tensors) or (
            _classifier(network) is not None and _classifier(tensors) is None
        ):
            return network
    return dict(tensors)


def _classifier(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the layer whose outputs are the classes."""
    return next(
        (
            layer
            for layer in ("heads.0", *CLASSIFIERS)
            if (weight := tensors.get(f"{layer}.weight")) is not None and weight.ndim == 2
        ),
        None,
    )


def interpret(
    contents: Contents, path: Path, asked: Metadata, config: Mapping[str, object] | None = None
) -> tuple[ModelInfo, dict[str, Tensor]]:
    """What a foreign state dict is, and its tensors under the names of `MultiHeadNetwork`.

    What is asked for counts first, then what the folder's config.json says, then what the file says
    beside its weights, then what its tensors tell. Class names of other
    taxonomies become ours (nv: MN); classes that nobody names are called "class 1", "class 2", …
    One output is the logit of the second of two classes. `ModelInfo.origin` says how each came to
    be known.

    Args:
        config: of the folder that the file lies in, as timm and transformers write it.

    Raises:
        InputError: what is said of it is of another kind, the architecture can't be told from the
            tensors, the classes don't fit, or there are several networks.
    """
    metadata = asked
    if config is not None:
        metadata = metadata.or_else(embedded_metadata(config, "of the folder"))
    metadata = metadata.or_else(embedded_metadata(contents.beside, "in the file"))
    check_merged(contents.tensors, path)
    tensors, product = multiplied_out(contents.tensors)
    found = _recognised(tensors, metadata, path)
    origin = dict(found.origin)
    if told := "; ".join(each for each in (contents.note, product) if each):
        origin["weights"] = told
    last = max(
        (int(m[1]) for n in found.tensors if (m := re.match(r"heads\.(\d+)\.weight$", n))),
        default=None,
    )
    if last is None:
        raise InputError(
            f"{path} has no classifier layer ({', '.join(CLASSIFIERS)}) with a weight and a bias; "
            "expected the state dict of a whole classifier, not of a backbone."
        )
    n_outputs = found.tensors[f"heads.{last}.weight"].shape[0]
    if not 1 <= n_outputs <= MOST_CLASSES or last > MOST_HEADS:
        raise InputError(
            f"{path} has {last + 1:,} heads of {n_outputs:,} outputs; expected at most "
            f"{MOST_HEADS} heads, and from 1 to {MOST_CLASSES:,} outputs."
        )
    tensors = dict(found.tensors)
    if n_outputs == 1:
        tensors |= _two_classes(tensors)
        origin["outputs"] = "one output: the logit of the second class, by a sigmoid"
    classes, origin["classes"] = named_classes(metadata, max(n_outputs, 2), n_outputs, path)
    architecture = found.architecture or _guess_architecture(tensors, len(classes), last > 0, path)
    preprocessing, origin["input"] = _preprocessing(architecture, metadata, found)
    with torch.device("meta"):
        network = MultiHeadNetwork(
            architecture, len(classes), auxiliary=last > 0, size=preprocessing.size
        )
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    kept, positions = resampled(kept, expected, preprocessing.size)
    if positions:
        origin["positions"] = positions
    for name, tensor in network.state_dict().items():
        if name.endswith(COUNTER):
            kept.setdefault(name, torch.zeros((), dtype=tensor.dtype))
    origin.setdefault("architecture", "likeliest by its tensors")
    activation = metadata.activation or SOFTMAX
    if activation == SIGMOID and n_outputs > 1:
        origin["outputs"] = (
            f"several sigmoids, {metadata.sources.get('activation', 'as asked for')}"
        )
    if metadata.notes:
        origin["not used"] = "; ".join(metadata.notes)
    info = ModelInfo(
        architecture=architecture,
        heads=network.head_descriptions,
        classes=classes,
        preprocessing=preprocessing,
        name=path.stem,
        activation=activation if n_outputs > 1 else SOFTMAX,
        weights=contents.weights,
        origin=origin,
    )
    return info, kept


@dataclass(frozen=True)
class _Recognised:
    """
    Attributes:
        architecture: None where it is still to be told from the tensors.
        tensors: by our names.
        program: that wrote them, empty where it is not known.
        side: pixels of the images that its positions are made for; None where it takes any.
    """

    architecture: str | None
    tensors: Mapping[str, Tensor]
    origin: Mapping[str, str]
    program: str = ""
    side: int | None = None


def _recognised(tensors: Mapping[str, Tensor], metadata: Metadata, path: Path) -> _Recognised:
    """
    Raises:
        InputError: a network is named that timm does not have, or its head is not one linear layer.
    """
    by = metadata.sources.get("architecture", "as asked for")
    own = strip_prefixes(tensors)
    if _classifier(own) == "heads.0":  # a network of DermXAI
        told = {"architecture": by} if metadata.architecture else {}
        return _Recognised(metadata.architecture, _own_names(own), told)
    backbone = None
    origin: dict[str, str] = {}
    if metadata.architecture and "architecture" not in metadata.sources:
        backbone = fit_backbone(tensors, metadata.architecture, _backbone_of(metadata.architecture))
        origin["architecture"] = by
    else:
        backbone = find_backbone(tensors)
        if backbone:
            origin["architecture"] = _architecture_source(backbone, metadata)
    if backbone is None:
        if metadata.architecture:
            origin["architecture"] = by
        return _Recognised(metadata.architecture, _own_names(own), origin)
    if others := copies(tensors, backbone.prefix):
        held = [each.rstrip(".") for each in (backbone.prefix, *others)]
        raise InputError(
            f"{path} holds {len(held)} networks alike ({few_names(held)}); expected one. Save the "
            "state dict of the one that is meant."
        )
    architecture = _fitting_architecture(backbone, metadata)
    expected = _backbone_of(architecture)
    of_head = {  # a normalisation, in LeViT
        name: tensor
        for name, tensor in backbone.tensors.items()
        if name.startswith("head") and name not in expected
    }
    beside = {**of_head, **(backbone.rest or backbone.outside)}
    architecture = _with_fitting_width(architecture, backbone, beside)
    head = _head(beside, backbone.tensors, _width(architecture), str(path))
    if head.note:
        origin["head"] = head.note
    unused = (*head.unused, *(backbone.outside if backbone.rest else ()))
    if unused:
        origin["unused"] = few_names(unused)
    if is_average(backbone.prefix):
        origin["weights"] = f"{backbone.prefix}, an average over the training"
    if backbone.program != "timm":
        origin["names"] = f"of {backbone.program}"
    named = {f"backbone.{n}": t for n, t in backbone.tensors.items() if n not in of_head}
    named |= {"heads.0.weight": head.weight, "heads.0.bias": head.bias}
    side = _side(architecture, backbone.tensors)
    return _Recognised(architecture, named, origin, backbone.program, side)


def _side(architecture: str, backbone: Mapping[str, Tensor]) -> int | None:
    size = own_size(architecture)
    if size is None:
        return None
    return side_of_images(backbone, _backbone_of(architecture), size)


def _head(
    rest: Mapping[str, Tensor], backbone: Mapping[str, Tensor], width: int, source: str
) -> LinearHead:
    """The one linear layer that a backbone's head comes to: of two heads their average, as timm and
    transformers take it.

    Args:
        width: how many features the backbone gives; of two tokens, side by side.

    Raises:
        InputError: as `linear_head`.
    """
    token = backbone.get("dist_token")  # one for each head
    each = width if token is None else min(width, token.shape[-1])
    first, second = two_heads(rest)
    if second:
        one, other = linear_head(first, each, source), linear_head(second, each, source)
        if one.weight.shape == other.weight.shape:
            return _average(one, other, side_by_side=each != width)
    head = linear_head(rest, each, source)
    if each == width:
        return head
    weight = torch.cat([head.weight, torch.zeros_like(head.weight)], 1)
    return replace(head, weight=weight, note="reads the class token, not that of distillation")


def _average(one: LinearHead, other: LinearHead, *, side_by_side: bool) -> LinearHead:
    weights = one.weight / 2, other.weight / 2
    told = f"the average of {shown(one.name)} and {shown(other.name)}, as timm takes it"
    return LinearHead(
        torch.cat(weights, 1) if side_by_side else weights[0] + weights[1],
        (one.bias + other.bias) / 2,
        "; ".join(filter(None, (told, one.note, other.note))),
        (*one.unused, *other.unused),
    )


def _fitting_architecture(backbone: Backbone, metadata: Metadata) -> str:
    fits = metadata.architecture in backbone.architectures
    return metadata.architecture if metadata.architecture and fits else backbone.architectures[0]


def _with_fitting_width(architecture: str, backbone: Backbone, beside: Mapping[str, Tensor]) -> str:
    """Of networks with the same tensors that whose features the head reads: transformers' DINOv2
    reads twice as many as timm's."""
    widths = {tensor.shape[1] for tensor in beside.values() if tensor.ndim == 2}
    if _width(architecture) in widths:
        return architecture
    fits = (name for name in backbone.architectures if _width(name) in widths)
    return next(fits, architecture)


def _architecture_source(backbone: Backbone, metadata: Metadata) -> str:
    if metadata.architecture in backbone.architectures:
        return metadata.sources["architecture"]
    others = [name for name in backbone.architectures[1:] if not name.endswith(READS_BOTH)]
    why = "by its tensors"
    if others:
        why += f"; {few_names(others)} would have the same"
    if metadata.architecture:
        why += (
            f"; they are not those of {metadata.architecture}, {metadata.sources['architecture']}"
        )
    return why


@lru_cache(maxsize=32)
def _backbone_of(architecture: str) -> Mapping[str, torch.Size]:
    with torch.device("meta"):
        network = MultiHeadNetwork(architecture, 1, auxiliary=False)
    return {name: tensor.shape for name, tensor in network.backbone.state_dict().items()}


@lru_cache(maxsize=32)
def _width(architecture: str) -> int:
    """How many features its one head takes."""
    with torch.device("meta"):
        network = MultiHeadNetwork(architecture, 1, auxiliary=False)
    return network.head_descriptions[-1].channels


def _two_classes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Heads of one output as heads of two: half of it against half of it taken away, so that
    softmax gives what the sigmoid of the output gives, and the margin is the output itself."""
    return {
        name: torch.cat([-tensor / 2, tensor / 2])
        for name, tensor in tensors.items()
        if name.startswith("heads.") and tensor.shape[:1] == (1,)
    }


def named_classes(
    metadata: Metadata, n_classes: int, n_outputs: int, path: Path
) -> tuple[tuple[str, ...], str]:
    """Their names, and how these came to be known.

    Raises:
        InputError: another number was asked for than there are outputs.
    """
    named, by = metadata.classes or (), metadata.sources.get("classes")
    if named and len(named) != n_classes and by is not None and n_outputs > 1:
        named, by = (), f"numbered, since {by} names {len(named)} classes of {n_classes}"
    if not named:
        numbered = tuple(f"class {index + 1}" for index in range(n_classes))
        return numbered, by or "numbered, since nothing names them"
    if len(named) != n_classes:
        one = " One output is the logit of the second of two classes; name both: MN,mel, say."
        raise InputError(
            f"{path} has {n_outputs} output{'s' * (n_outputs > 1)}, but {len(named)} classes were "
            f"named: {few_names(named)}.{one * (n_outputs == 1)}"
        )
    return standard_classes(named), by or "as asked for"


def _own_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """timm's names as ours: ``backbone.…`` and ``heads.<index>.…``."""
    if any(name.startswith("heads.") for name in tensors):
        return {
            name if name.startswith(("heads.", "backbone.")) else f"backbone.{name}": tensor
            for name, tensor in tensors.items()
        }
    layer = _classifier(tensors)
    if layer is None:
        return dict(tensors)
    return {
        f"heads.0{name[len(layer) :]}"
        if name.startswith(f"{layer}.")
        else f"backbone.{name}": tensor
        for name, tensor in tensors.items()
    }


def _guess_architecture(
    named: Mapping[str, Tensor], n_classes: int, auxiliary: bool, path: Path
) -> str:
    """The architecture whose tensors these are, or else the nearest if most fit: `check_fit` then
    lists those that do not."""
    found = _shapes(named)
    fitting: dict[str, float] = {}
    # a file of a few tensors would have all of them built in vain
    candidates = ARCHITECTURES if len(found) >= NEAR * FEWEST else ()
    for architecture in candidates:
        expected = {
            name: torch.Size([n_classes, *shape[1:]]) if name.startswith("heads.") else shape
            for name, shape in _expected(architecture, auxiliary).items()
        }
        if expected == found:
            return architecture
        common = len(expected.items() & found.items())
        fitting[architecture] = common / max(len(expected), len(found))
    nearest = max(fitting, key=lambda architecture: fitting[architecture], default="")
    if nearest and fitting[nearest] >= NEAR:
        return nearest
    raise InputError(
        f"The architecture of {path} cannot be told from its tensors; name it (a timm name such as "
        "efficientnet_b4)."
    )


@lru_cache(maxsize=2 * len(ARCHITECTURES))
def _expected(architecture: str, auxiliary: bool) -> Mapping[str, torch.Size]:
    """The shapes of a network's tensors, of one class."""
    with torch.device("meta"):
        return _shapes(MultiHeadNetwork(architecture, 1, auxiliary).state_dict())


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {
        name: tensor.shape
        for name, tensor in tensors.items()
        if not name.endswith(COUNTER) and not name.startswith(UNUSED)
    }


def _preprocessing(
    architecture: str, metadata: Metadata, found: _Recognised
) -> tuple[Preprocessing, str]:
    """As is said; else timm's own for the architecture, ImageNet's for programs that always take
    it. EfficientNet-B4 takes 380 pixels as in the paper."""
    config = pretrained_config(architecture)
    size, told = metadata.size, metadata.sources.get("size", "as asked for")
    if size is None and found.side:
        size, told = found.side, "by its positions"
    as_published = config is None or architecture == "efficientnet_b4"
    if size is None:
        own = 380 if config is None or as_published else config.input_size[-1]
        size, told = own, f"usual for {architecture}"
    mean, std = (IMAGENET_MEAN, IMAGENET_STD) if as_published else normalisation(architecture)
    by = f"usual for {architecture}"
    if found.program in WITH_IMAGENET and "lite" not in architecture:
        mean, std, by = IMAGENET_MEAN, IMAGENET_STD, f"usual for {found.program}"
    if metadata.mean is not None:
        mean, by = metadata.mean, metadata.sources.get("mean", "as asked for")
    if metadata.std is not None:
        std, by = metadata.std, metadata.sources.get("std", "as asked for")
    return Preprocessing(size=size, mean=mean, std=std), f"side: {told}; mean and std: {by}"
