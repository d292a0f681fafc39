"""The backbone in a state dict of any program: which it is, and its tensors by timm's names."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from dermxai.models.foreign import efficientnet_pytorch, timm_filters, torchvision, transformers
from dermxai.models.foreign.heads import ELSEWHERE
from dermxai.models.foreign.signatures import POSITIONS, matching_architectures

Tensors = Mapping[str, Tensor]
SHARE = 3  # of all tensors, one in so many is at least in the module of the network
DEEPEST = 4  # modules that a network may lie within
MOST_TENSORS = 20_000
SMALL = 8  # values
SIZES_OF_PROFILERS = ("total_ops", "total_params")
UNUSED = "AuxLogits."  # Inception's training-time classifier
HEADS = (
    "classifier",
    "fc",
    "head.fc",
    "head",
    "heads.head",
    "heads",
    "last_linear",
    "logits",
    "_fc",
    "classif",
    "head.l",
    "head.proj",
    "head.linear",
    "head.head.l",
    "head.fc2",
    "head.fc.fc2",
    "head.classifier.4",
    "head.classifier.linear",
    "cls_head",
    "classification_head",
    "output",
    "linear",
)
"""Where the linear layer, or a sequence that ends in one, may lie beside a backbone."""


@dataclass(frozen=True)
class Program:
    """A program that writes state dicts.

    Attributes:
        renamed: timm's names for its names; None where it has not written these.
        preferred: beginnings of the names of networks that it means, of those with the same
            tensors.
    """

    name: str
    renamed: Callable[[Tensors], dict[str, Tensor] | None]
    preferred: tuple[str, ...] = ()


PROGRAMS = (
    Program("timm", dict),
    Program("torchvision", torchvision.renamed),
    Program("efficientnet_pytorch", efficientnet_pytorch.renamed, efficientnet_pytorch.PREFERRED),
    Program("transformers", transformers.renamed, efficientnet_pytorch.PREFERRED),
    Program("DINOv2 or open_clip", timm_filters.renamed),
)


@dataclass(frozen=True)
class Backbone:
    """
    Attributes:
        architectures: networks of timm that have these tensors, the likeliest first.
        tensors: by timm's names.
        rest: what of the same module is no part of it, its head, say.
        outside: what lies outside that module.
        program: who wrote it.
        prefix: the module that it lies in.
    """

    architectures: tuple[str, ...]
    tensors: Tensors
    rest: Tensors
    outside: Tensors
    program: str
    prefix: str


def find_backbone(tensors: Tensors) -> Backbone | None:
    """The backbone of a network that timm has, wherever in the state dict; None without one."""
    tensors = cleaned(tensors)
    for program, prefix, inside, outside in _views(tensors):
        for removed in _heads(inside):
            backbone = {
                n: t for n, t in inside.items() if not n.startswith(removed) and not _is_small(n, t)
            }
            shapes = {n: t.shape for n, t in backbone.items() if not n.startswith(UNUSED)}
            if names := matching_architectures(shapes) or _of_two_heads(shapes):
                kept = {n: t for n, t in backbone.items() if not n.startswith(UNUSED)}
                rest = {n: t for n, t in inside.items() if n not in backbone}
                return Backbone(_ranked(names, program), kept, rest, outside, program.name, prefix)
    return None


def fit_backbone(
    tensors: Tensors, architecture: str, expected: Mapping[str, torch.Size]
) -> Backbone | None:
    """The backbone of a given network, where the state dict holds all its tensors."""
    tensors = cleaned(tensors)
    needed = {name for name in expected if not name.endswith(".num_batches_tracked")}
    for program, prefix, inside, outside in _views(tensors):
        if all(name in inside and _fits(name, inside[name], expected[name]) for name in needed):
            backbone = {n: t for n, t in inside.items() if n in expected}
            rest = {
                n: t for n, t in inside.items() if n not in expected and not n.startswith(UNUSED)
            }
            return Backbone((architecture,), backbone, rest, outside, program.name, prefix)
    return None


def _fits(name: str, tensor: Tensor, expected: torch.Size) -> bool:
    """Whether it has the shape; positions may be those of images of another size."""
    if name.endswith(POSITIONS):
        return tensor.ndim == len(expected) and tensor.shape[-1] == expected[-1]
    return tensor.shape == expected


def side_of_images(backbone: Tensors, usual: Mapping[str, torch.Size], size: int) -> int | None:
    """Pixels of the images that a network's positions are made for; None where it has none.

    Args:
        usual, size: shapes of the same network for images of so many pixels.
    """
    places, patches = backbone.get("pos_embed"), backbone.get("patch_embed.proj.weight")
    if places is None or patches is None or places.ndim != 3 or "pos_embed" not in usual:
        return None
    width = patches.shape[-1]
    tokens = usual["pos_embed"][1] - (size // width) ** 2  # that stand for no place
    grid = isqrt(max(0, places.shape[1] - tokens))
    return grid * width or None


def cleaned(tensors: Tensors) -> dict[str, Tensor]:
    """Without what profilers add to each layer."""
    return {n: t for n, t in tensors.items() if not n.endswith(SIZES_OF_PROFILERS)}


def _views(tensors: Tensors) -> Iterator[tuple[Program, str, Tensors, Tensors]]:
    """The tensors by each program's names, below each module that holds most of them; and those
    that lie outside."""
    if len(tensors) > MOST_TENSORS:
        return
    for prefix in _prefixes(tensors):
        inside = {
            n[len(prefix) :]: t
            for n, t in tensors.items()
            if n.startswith(prefix) and not ELSEWHERE.match(n[len(prefix) :])
        }
        kept = {f"{prefix}{name}" for name in inside}
        outside = {n: t for n, t in tensors.items() if n not in kept}
        for program in PROGRAMS:
            try:
                renamed = program.renamed(inside)
            except (KeyError, IndexError, RuntimeError, ValueError):  # shapes of no such network
                continue
            if renamed is not None:
                yield program, prefix, renamed, outside


def _prefixes(tensors: Tensors) -> list[str]:
    """Beginnings of names that many share, averages of weights and the shortest first; none to
    begin with."""
    found: Counter[str] = Counter()
    for name in tensors:
        modules = name.split(".", DEEPEST)[:DEEPEST]
        found.update(".".join(modules[: k + 1]) + "." for k in range(len(modules)))
    often = [prefix for prefix, n in found.items() if SHARE * n > len(tensors)]
    return ["", *sorted(often, key=lambda prefix: (not is_average(prefix), len(prefix)))]


def is_average(prefix: str) -> bool:
    """Whether a module is an average of the weights over a training."""
    return any("ema" in module.split("_") for module in prefix.lower().split("."))


def copies(tensors: Tensors, prefix: str) -> list[str]:
    """Other modules that hold all that one holds, as an ensemble's members do; averages of the
    weights, teachers and the like are none."""
    inside = {n[len(prefix) :]: t.shape for n, t in tensors.items() if n.startswith(prefix)}
    first = next(iter(inside), None)
    if not prefix or first is None or is_average(prefix):
        return []
    others = (n[: -len(first)] for n in tensors if n.endswith(f".{first}"))
    return [
        other
        for other in others
        if other != prefix
        and not (other.startswith(prefix) or is_average(other) or ELSEWHERE.match(other))
        and all(getattr(tensors.get(other + n), "shape", None) == s for n, s in inside.items())
    ]


def _heads(tensors: Tensors) -> Iterator[tuple[str, ...]]:
    """Beginnings of names that may be those of the head."""
    for head in sorted(HEADS, key=len, reverse=True):
        if any(name.startswith(f"{head}.") for name in tensors):
            yield f"{head}.", f"{distilled(head)}."
    yield ()
    ranks: dict[str, set[int]] = {}
    for name, tensor in tensors.items():
        ranks.setdefault(name.partition(".")[0], set()).add(tensor.ndim)
    if linear := tuple(f"{name}." for name, each in ranks.items() if each == {1, 2}):
        yield linear  # several heads


def _of_two_heads(shapes: Mapping[str, torch.Size]) -> tuple[str, ...]:
    """Networks that timm has with a second head only, which learns from a teacher and has a
    normalisation of its own; as LeViT trained without a teacher lacks it."""
    second = {
        f"{distilled('head')}{name[len('head') :]}": shape
        for name, shape in shapes.items()
        if name.startswith("head.")
    }
    return matching_architectures({**shapes, **second}) if second else ()


def _is_small(name: str, tensor: Tensor) -> bool:
    """Whether it is a buffer of what lies around a network, such as the mean that a wrapper takes
    off or a temperature."""
    return "." not in name and tensor.numel() <= SMALL


def distilled(head: str) -> str:
    """Where timm keeps the second of two heads whose outputs it averages."""
    first, found, last = head.rpartition("head")
    return f"{first}head_dist{last}" if found else f"{head}_dist"


def _ranked(names: tuple[str, ...], program: Program) -> tuple[str, ...]:
    meant = program.preferred or ("",)
    return tuple(sorted(names, key=lambda name: not name.startswith(meant)))
