"""The linear layer that makes a network's outputs, out of what programs build around it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dermxai.core.entries import shown
from dermxai.core.errors import InputError

EPSILON = 1e-5  # of batch normalisation in torch; files do not hold it
SHOWN = 6
ELSEWHERE = re.compile(
    r"(loss|criterion|metric|acc|auroc|train_|val_|valid|test_|n_averaged|teacher|decoder|"
    r"segmentation_head|AuxLogits)"
)
"""Beginnings of the names of what lies around a network and is no part of its classifier."""

OF_TEACHER = re.compile(r"[^.]*(_dist|distill(ed|ation)?)(_|\.|$)")
"""Beginnings of the names of a head that learnt from a teacher's outputs."""


@dataclass(frozen=True)
class LinearHead:
    """
    Attributes:
        weight, bias: (output, channel) and (output,).
        note: what was done to come to them; empty where nothing was.
        unused: names of tensors that are no part of it.
        name: of its layer; empty where it was made of several.
    """

    weight: Tensor
    bias: Tensor
    note: str
    unused: tuple[str, ...]
    name: str = ""


def two_heads(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of two heads alike, of which one learnt from a teacher; the second is empty where
    there is but one."""
    teachers = {name: tensor for name, tensor in tensors.items() if OF_TEACHER.match(name)}
    others = {name: tensor for name, tensor in tensors.items() if name not in teachers}
    shapes = [{tuple(each.shape) for each in head.values()} for head in (others, teachers)]
    alike = len(others) == len(teachers) and shapes[0] == shapes[1]
    return (others, teachers) if alike else (dict(tensors), {})


def linear_head(tensors: Mapping[str, Tensor], width: int, source: str) -> LinearHead:
    """The head among the tensors that are no part of the backbone. Dropout before it has no
    tensors; batch normalisation before it becomes part of it, which changes no output.

    Args:
        width: how many features the backbone gives.

    Raises:
        InputError: there is none, there are several, it has hidden layers, or takes other features.
    """
    layers = _layers(tensors)
    linear = {
        name: weight
        for name, layer in layers.items()
        if (weight := _matrix(layer)) is not None and not ELSEWHERE.match(name)
    }
    fitting = [name for name, weight in linear.items() if weight.shape[1] == width]
    fed = {weight.shape[0] for weight in linear.values()}
    chained = [n for n, w in linear.items() if w.shape[1] != width and w.shape[1] in fed]
    if chained:
        raise InputError(
            f"The head of {source} has hidden layers ({_told(linear, [*fitting, *chained])}), but "
            "DermXAI explains networks that end in one linear layer; train that layer alone, or "
            "export the network to ONNX."
        )
    if not linear:
        raise InputError(
            f"{source} has no classifier layer beside its backbone; expected the state dict of a "
            "whole classifier, not of a backbone."
        )
    if not fitting:
        raise InputError(
            f"The head of {source} ({_told(linear, linear)}) does not take the {width} features of "
            "the backbone's average pooling; DermXAI explains networks that end so."
        )
    if len(fitting) > 1:
        raise InputError(
            f"{source} has {len(fitting)} heads ({_told(linear, fitting)}); expected one. Save the "
            "state dict with the head that is meant."
        )
    (name,) = fitting
    weight, bias = linear[name], layers[name].get("bias", torch.zeros(linear[name].shape[0]))
    if bias.shape != weight.shape[:1]:
        raise InputError(
            f"{source} has a head {shown(name)} of {weight.shape[0]} outputs with a bias of "
            f"{tuple(bias.shape)}; save it again."
        )
    weight, bias, note = _with_norm(layers, name, weight, bias, source)
    strange = [each for each in layers if each != name and _is_norm_of_layer(layers[each], width)]
    if strange:
        raise InputError(
            f"The head of {source} has layers that are neither linear nor batch normalisation "
            f"({', '.join(map(shown, strange[:SHOWN]))}); export the network to ONNX."
        )
    used = {f"{name}.weight", f"{name}.bias"}
    unused = [n for n in tensors if n not in used and not _is_norm(layers[n.rpartition(".")[0]])]
    return LinearHead(weight, bias, note, tuple(unused), name)


def _with_norm(
    layers: Mapping[str, Mapping[str, Tensor]],
    name: str,
    weight: Tensor,
    bias: Tensor,
    source: str,
) -> tuple[Tensor, Tensor, str]:
    """
    Raises:
        InputError: the normalisation is not one that stands before the linear layer.
    """
    norms = [each for each, layer in layers.items() if _is_norm(layer)]
    if not norms:
        return weight, bias, ""
    order = list(layers)
    norm = layers[norms[0]]
    mean, variance = norm["running_mean"].double(), norm["running_var"].double()
    if (
        len(norms) > 1
        or order.index(norms[0]) > order.index(name)
        or not mean.shape == variance.shape == weight.shape[1:]
    ):
        raise InputError(
            f"The head of {source} has normalisations ({', '.join(map(shown, norms[:SHOWN]))}) "
            "elsewhere than once before its linear layer; export the network to ONNX."
        )
    scale = norm.get("weight", torch.ones(1)).double() / (variance + EPSILON).sqrt()
    shift = norm.get("bias", torch.zeros(1)).double() - mean * scale
    return (
        (weight.double() * scale).float(),
        (bias.double() + weight.double() @ shift).float(),
        f"batch normalisation {shown(norms[0])} is part of the linear layer {shown(name)} here",
    )


def _layers(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    layers: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        layer, _, value = name.rpartition(".")
        layers.setdefault(layer, {})[value] = tensor
    return layers


def _matrix(layer: Mapping[str, Tensor]) -> Tensor | None:
    """The weight of a linear layer, or of a convolution of one pixel; None for other layers."""
    weight = layer.get("weight")
    if weight is None or not (weight.ndim == 2 or weight.shape[2:] == (1, 1)):
        return None
    return weight.flatten(1)


def _is_norm(layer: Mapping[str, Tensor]) -> bool:
    return {"running_mean", "running_var"} <= layer.keys()


def _is_norm_of_layer(layer: Mapping[str, Tensor], width: int) -> bool:
    vectors = [layer.get(value) for value in ("weight", "bias")]
    sizes = [each.shape for each in vectors if each is not None]
    return not _is_norm(layer) and sizes == [(width,), (width,)]


def _told(linear: Mapping[str, Tensor], names: Iterable[str]) -> str:
    told = [f"{shown(n)} {linear[n].shape[1]} → {linear[n].shape[0]}" for n in names]
    return ", ".join(told[:SHOWN])
