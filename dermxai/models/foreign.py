"""Checkpoints of other programs: what the state dicts of timm, plain torch and Lightning are."""

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.data.labels import standard
from dermxai.data.transforms import Preprocessing
from dermxai.models.backbone import normalisation, published
from dermxai.models.info import MOST_CLASSES, MOST_HEADS, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork

PREFIXES = ("module.", "model.", "_orig_mod.", "net.", "network.", "backbone.", "encoder.")
CLASSIFIERS = ("classifier", "fc", "head.fc", "head")
UNUSED = "backbone.AuxLogits."  # Inception's training-time classifier
COUNTER = ".num_batches_tracked"  # absent from some exports, without effect here
FEWEST = 102
"""Tensors of the smallest of `ARCHITECTURES`, resnet18."""
NEAR = 0.5  # share of tensors that fit, from which on an architecture is taken to be meant
# Tried in this order where no architecture is named.
ARCHITECTURES = (
    *(f"efficientnet_b{index}" for index in range(8)),
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "inception_v3",
    "densenet121",
)


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
    tensors: Mapping[str, Tensor],
    path: Path,
    architecture: str | None,
    classes: Sequence[str] | None,
    size: int | None,
) -> tuple[ModelInfo, dict[str, Tensor]]:
    """What a foreign state dict is, and its tensors under the names of `MultiHeadNetwork`.

    A JSON file of the same name beside it may say ``architecture``, ``classes`` and ``size``.
    Class names of other taxonomies become ours (nv: MN); classes that nobody names are called
    "class 1", "class 2", …

    Raises:
        InputError: what is said of it is of another kind, the architecture can't be told from the
            tensors, or the classes don't fit.
    """
    _check({"architecture": architecture, "classes": classes, "size": size}, path)
    beside = _sidecar(path)
    architecture = architecture or beside.get("architecture")
    size = beside.get("size") if size is None else size
    named = _own_names(strip_prefixes(tensors))
    last = max(
        (int(m[1]) for n in named if (m := re.match(r"heads\.(\d+)\.weight$", n))), default=None
    )
    if last is None:
        raise InputError(
            f"{path} has no classifier layer ({', '.join(CLASSIFIERS)}) with a weight and a bias; "
            "expected the state dict of a whole classifier, not of a backbone."
        )
    n_classes = named[f"heads.{last}.weight"].shape[0]
    if not 1 <= n_classes <= MOST_CLASSES or last > MOST_HEADS:
        raise InputError(
            f"{path} has {last + 1:,} heads of {n_classes:,} outputs; expected at most "
            f"{MOST_HEADS} heads, and from 1 to {MOST_CLASSES:,} outputs."
        )
    named_classes = classes or beside.get("classes") or [f"class {i + 1}" for i in range(n_classes)]
    classes = tuple(standard(str(name)) for name in named_classes)
    if len(classes) != n_classes:
        raise InputError(
            f"{path} has {n_classes} outputs, but {len(classes)} classes were named: "
            f"{', '.join(classes)}."
        )
    architecture = architecture or _guess_architecture(named, n_classes, last > 0, path)
    with torch.device("meta"):
        network = MultiHeadNetwork(architecture, n_classes, auxiliary=last > 0)
    kept = {name: tensor for name, tensor in named.items() if not name.startswith(UNUSED)}
    for name, tensor in network.state_dict().items():
        if name.endswith(COUNTER):
            kept.setdefault(name, torch.zeros((), dtype=tensor.dtype))
    info = ModelInfo(
        architecture=architecture,
        heads=network.head_descriptions,
        classes=classes,
        preprocessing=_preprocessing(architecture, size),
        name=path.stem,
    )
    return info, kept


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


def _sidecar(path: Path) -> dict[str, Any]:
    """What a JSON file beside the checkpoint says of it."""
    beside = readable(path.with_suffix(".json"))
    if not os.path.lexists(beside):
        return {}
    try:
        content = entries.read_json(beside)
    except UnusableError as error:
        raise InputError(f"{beside} is not valid JSON: it {error}.") from error
    if not isinstance(content, dict):
        raise InputError(
            f"{beside} does not describe the checkpoint beside it; expected an object with "
            "architecture, classes and size, each if known."
        )
    said = {name: content[name] for name in _SAID if name in content}
    match said.get("size"):
        case [height, width] if height == width:
            said["size"] = height
    _check(said, beside)
    return said


def _check(said: Mapping[str, object], source: Path) -> None:
    """
    Raises:
        InputError: what is said of a checkpoint is of another kind; None says nothing.
    """
    for name, value in said.items():
        fits, expected = _SAID[name]
        if value is not None and not fits(value):
            raise InputError(f"{source}: {name} is {value!r}; expected {expected}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_names(value: object) -> bool:
    names = value if isinstance(value, list | tuple) else [None]
    return all(_is_text(name) or _is_whole(name) for name in names)


_SAID = {
    "architecture": (_is_text, "the name of a network of timm"),
    "classes": (_are_names, "a list of names, in the order of the outputs"),
    "size": (_is_whole, "a whole number of pixels"),
}


def _preprocessing(architecture: str, size: int | None) -> Preprocessing:
    """timm's own for the architecture; EfficientNet-B4 takes 380 pixels as in the paper."""
    config = published(architecture)
    if config is None or architecture == "efficientnet_b4":
        return Preprocessing(size=380 if size is None else size)
    return Preprocessing(
        size=config.input_size[-1] if size is None else size, **normalisation(architecture)
    )
