"""Feature maps on the way through the network, and the target's gradient there.

On a head's own feature map the gradient is that of its linear layer, the same everywhere. At an
earlier stage it has passed through all that follows: the gradient of the summed logits at block 4
of EfficientNet-B4 holds the votes of block 4 to 7 and of the final head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.attribution.recent import shared
from dermxai.explain.forward import Value, twin
from dermxai.models.backbone import stage_modules

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Stage = tuple[Tensor, Tensor, tuple[str, ...]]

Formula = Callable[[Tensor, Tensor], Tensor]
"""A map (h, w) from the activation and the gradient (channels, h, w) of a stage."""


class StageSettings(Settings):
    """Where in the network a map is taken."""

    stages_back: int = setting(
        1, "Stages before the head's own feature map; 0 is that map itself", 0, 8
    )


@dataclass(frozen=True, kw_only=True)
class StageMethod(AttributionMethod[StageSettings]):
    """
    Attributes:
        formula: the map from what a stage holds.
    """

    formula: Formula

    @override
    def passes(self, classifier: "Classifier", settings: StageSettings) -> int:
        return 3  # one forwards, one backwards

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: StageSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (h, w) of the chosen stage for an image (1, 3, size, size)."""
        activation, gradient, notes = _at_stage(
            classifier, image, target, settings.stages_back, progress
        )
        values: NDArray[np.float32] = self.formula(activation, gradient).float().cpu().numpy()
        return values, notes


def _at_stage(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    stages_back: int,
    progress: Progress | None,
) -> Stage:
    """The activation of the wanted stage (channels, h, w), the gradient of the target's value by
    it, and notes; of the first stage where the network has fewer. The methods of one question share
    them."""
    return shared(
        classifier,
        image,
        ("stage", target, stages_back),
        lambda: _passed(classifier, image, target, stages_back, progress),
        progress,
    )


def _passed(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    stages_back: int,
    progress: Progress | None,
) -> Stage:
    """One pass forwards, one backwards. Hooks lie on a twin of the network."""
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
    return held[-1][0].detach(), gradient[0], tuple(notes)


def _whose_votes(heads: Sequence[str], later: Sequence[str]) -> str:
    if len(later) == len(heads):
        return f"Holds the votes of all {len(heads)} heads."
    if len(later) == 1:
        return f"Holds one vote of {len(heads)}, that of {later[0]}: the other heads come before."
    return (
        f"Holds {len(later)} votes of {len(heads)}, those of {later[0]} to {later[-1]}: the other "
        "heads come before."
    )
