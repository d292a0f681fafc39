"""Feature maps on the way through the network, and the target's gradient there.

On a head's own feature map the gradient is that of its linear layer, the same everywhere. At an
earlier stage it has passed through all that follows: the gradient of the summed logits at block 4
of EfficientNet-B4 holds the votes of block 4 to 7 and of the final head.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from dermxai.explain.forward import Value, twin
from dermxai.explain.method import Progress, Target
from dermxai.models.backbone import stage_modules

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

PASSES = 3


@dataclass(frozen=True)
class StageSettings:
    """Where in the network a map is taken."""

    stages_back: int = field(
        default=1,
        metadata={
            "help": "Stages before the head's own feature map; 0 is that map itself",
            "low": 0,
            "high": 8,
        },
    )


@dataclass(frozen=True)
class Stage:
    """A feature map (channels, h, w) and the gradient of the target's value by it."""

    name: str
    activation: Tensor
    gradient: Tensor
    notes: tuple[str, ...]


def at_stage(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    stages_back: int,
    progress: Progress | None,
) -> Stage:
    """One forward and one backward pass, to the wanted stage; the first one where the network has
    fewer. Hooks lie on a twin of the network."""
    names = tuple(stage_modules(classifier.network.backbone))
    own = len(names) - 1
    if target.head is not None and target.head < len(classifier.info.heads) - 1:
        own = target.head
    place = max(own - stages_back, 0)
    held: list[Tensor] = []

    def hold(_module: nn.Module, _given: Any, output: Tensor) -> Tensor:
        held.append(output.detach().requires_grad_())
        return held[-1]

    with twin(classifier) as network:
        value = Value(classifier, target, progress, 1, network=network)
        hook = stage_modules(network.backbone)[names[place]].register_forward_hook(hold)
        with hook, torch.enable_grad():
            (gradient,) = torch.autograd.grad(value(image.to(classifier.device)).sum(), held[-1:])
    rows, columns = held[-1].shape[-2:]
    notes = [f"At {names[place]}, {rows} × {columns} positions."]
    heads = [head.name for head in classifier.info.heads]
    if target.head is None and len(heads) > 1:
        notes.append(_whose_votes(heads, [name for name in heads if name not in names[:place]]))
    if own - stages_back < 0:
        notes.append(f"Only {own} stages lie before the head's own; this is the first.")
    return Stage(names[place], held[-1][0].detach(), gradient[0], tuple(notes))


def _whose_votes(heads: Sequence[str], later: Sequence[str]) -> str:
    if len(later) == len(heads):
        return f"Holds the votes of all {len(heads)} heads."
    if len(later) == 1:
        return f"Holds one vote of {len(heads)}, that of {later[0]}: the other heads come before."
    return (
        f"Holds {len(later)} votes of {len(heads)}, those of {later[0]} to {later[-1]}: the other "
        "heads come before."
    )
