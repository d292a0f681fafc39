"""Attention weights of a transformer whose tokens all attend to each other, and what the methods
that follow them through its layers share.

The weights are those of the forward pass: they are seen on a twin, in which the softmax is an
operator of its own. A map is a row of the product of the layers' matrices: that of the class token,
the mean of all patches' rows where logits read all patches, or the mean of both. The row is carried
from the last layer to the first, so that no matrix is multiplied by another.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermxai.explain.attribution.method import Progress, Target
from dermxai.explain.forward import Value, twin

if TYPE_CHECKING:
    from dermxai.models.capabilities import Capabilities
    from dermxai.models.classifier import Classifier

AVERAGED = "Relevance of all patches for each other, averaged: no class token is read."
BOTH = "Relevance for the class token and for all patches, averaged: the head reads both."


class Layer(NamedTuple):
    """
    Attributes:
        weights: (attention head, token, token); a row holds whom its token attends to, and adds up
            to 1.
        gradient: of the target's value by them; None unless asked for, and 0 where it does not
            depend on them.
    """

    weights: Tensor
    gradient: Tensor | None


def layers(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    progress: Progress | None,
    *,
    gradients: bool,
) -> list[Layer]:
    """The attention of each layer that the target's head reads, first to last.

    Args:
        image: (1, 3, size, size), normalised.
    """
    names = _read_by(classifier, target)
    held: list[Tensor] = []
    with twin(classifier) as network, _unfused(network, names, held):
        value = Value(classifier, target, progress, 1, network=network)
        asked = image.to(classifier.device, copy=True).requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            found = value(asked).sum()
        if not gradients:
            return [Layer(each[0], None) for each in held]
        slopes = torch.autograd.grad(found, held, allow_unused=True, materialize_grads=True)
    return [Layer(each[0].detach(), slope[0]) for each, slope in zip(held, slopes, strict=True)]


def carried(
    classifier: "Classifier", target: Target, matrices: Sequence[Tensor]
) -> NDArray[np.float32]:
    """The map (h, w) of the patches in the row that the target's head reads of the product of
    matrices (token, token), the last one first."""
    known = classifier.capabilities
    prefix = known.layout.prefix if known.layout else 0
    row = _row(known, target, classifier, len(matrices[-1])).to(matrices[-1])
    for matrix in reversed(matrices):
        row = row @ matrix
    patches = row[prefix:]
    side = round(len(patches) ** 0.5)
    values: NDArray[np.float32] = patches.reshape(side, side).float().cpu().numpy()
    return values


def notes(classifier: "Classifier", target: Target) -> tuple[str, ...]:
    """What is to be said of the row."""
    if not _class_token(classifier, target):
        return (AVERAGED,)
    return (BOTH,) if classifier.capabilities.patches_too else ()


def _class_token(classifier: "Classifier", target: Target) -> bool:
    final = target.head is None or target.head == len(classifier.info.heads) - 1
    return final and classifier.capabilities.class_token


def _row(known: "Capabilities", target: Target, classifier: "Classifier", tokens: int) -> Tensor:
    """Weights (token,) of the tokens that the head reads."""
    row = torch.zeros(tokens)
    prefix = known.layout.prefix if known.layout else 0
    class_token = _class_token(classifier, target)
    if class_token:
        row[: known.tokens] = 1.0 / known.tokens
    if not class_token or known.patches_too:
        row[prefix:] = 1.0 / (tokens - prefix)
    return row / row.sum()


def _read_by(classifier: "Classifier", target: Target) -> list[str]:
    """Names of the modules that come before the target's head."""
    names = list(classifier.capabilities.attention)
    last = len(classifier.info.heads) - 1
    if target.head is None or target.head == last:
        return names
    stage = classifier.info.heads[target.head].name
    return names[: 1 + [name.rpartition(".")[0] for name in names].index(stage)]


@contextmanager
def _unfused(network: nn.Module, names: Sequence[str], held: list[Tensor]) -> Iterator[None]:
    """Attention step by step, whose weights are held as they are computed."""

    def hold(_module: nn.Module, _given: object, weights: Tensor) -> None:
        held.append(weights)

    modules = [network.get_submodule(f"backbone.{name}") for name in names]
    fused = [vars(module)["fused_attn"] for module in modules]
    with ExitStack() as hooks:
        for module in modules:
            vars(module)["fused_attn"] = False
            hooks.enter_context(module.get_submodule("attn_drop").register_forward_hook(hold))
        try:
            yield
        finally:
            for module, before in zip(modules, fused, strict=True):
                vars(module)["fused_attn"] = before
