"""Weights that are kept as a product (weight and spectral normalisation), multiplied out."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

_Product = Callable[[Tensor, Tensor, Tensor], Tensor]
_WEIGHT, _SPECTRAL = "weight normalisation", "spectral normalisation"


def multiplied_out(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """Tensors with each weight as it computes, and what was multiplied out, in words or "".

    PyTorch's two forms of either are known, over the outputs, as in evaluation mode: Salimans and
    Kingma 2016 (arXiv:1602.07868), Miyato et al. 2018 (arXiv:1802.05957). What is of other shapes
    stays as it is.
    """
    found, told = dict(tensors), dict[str, None]()
    for name in tensors:
        for end, others, product, kind in _FORMS:
            if not name.endswith(end):
                continue
            layer = name.removesuffix(end)
            names = [name, *(layer + other for other in others)]
            given = [tensors[each] for each in names if each in tensors]
            if len(given) < len(names) or f"{layer}weight" in tensors:
                continue
            weight = product(*(each.float() for each in (*given, given[0])[:3]))
            if weight.numel():
                for each in names:
                    del found[each]
                found[f"{layer}weight"] = weight
                told[kind] = None
    return found, " and ".join(told) + " multiplied out" if told else ""


def _by_length(length: Tensor, direction: Tensor, _: Tensor) -> Tensor:
    expected = (len(direction), *[1] * (direction.ndim - 1)) if direction.ndim else ()
    if direction.ndim < 2 or length.shape != expected:
        return torch.empty(0)
    norms: Tensor = direction.flatten(1).norm(dim=1)
    return length * direction / norms.view(expected)


def _by_largest(weight: Tensor, left: Tensor, right: Tensor) -> Tensor:
    rows = weight.flatten(1) if weight.ndim > 1 else weight
    if rows.ndim < 2 or (left.shape, right.shape) != ((rows.shape[0],), (rows.shape[1],)):
        return torch.empty(0)
    return weight / (left @ rows @ right)


_FORMS: tuple[tuple[str, tuple[str, ...], _Product, str], ...] = (
    ("weight_g", ("weight_v",), _by_length, _WEIGHT),
    (
        "parametrizations.weight.original0",
        ("parametrizations.weight.original1",),
        _by_length,
        _WEIGHT,
    ),
    ("weight_orig", ("weight_u", "weight_v"), _by_largest, _SPECTRAL),
    (
        "parametrizations.weight.original",
        ("parametrizations.weight.0._u", "parametrizations.weight.0._v"),
        _by_largest,
        _SPECTRAL,
    ),
)
"""End of a name, what its layer has beside it, how they give the weight, and its name."""
