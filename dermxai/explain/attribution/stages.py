"""Feature maps on the way through the network, and the target's gradient there.

On a head's own feature map the gradient is that of its linear layer, the same everywhere. At an
earlier stage it has passed through all that follows: the gradient of the summed logits at block 4
of EfficientNet-B4 holds the votes of block 4 to 7 and of the final head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.attribution.pass_cache import cached
from dermxai.explain.forward import Value, twin
from dermxai.models.backbone import gradient_stages

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Stage = tuple[Tensor, Tensor, tuple[str, ...]]

_ROUNDING = 1e-3
_CANCELLED = (
    "A stage earlier than asked for: a layer normalisation follows that one, so that gradient "
    "times activation adds up to nothing at each position."
)
_NOTHING = "So it is at the earlier one, too: the map is empty, and says nothing of this network."

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
        cancels: whether a layer normalisation after the stage leaves nothing of the map: it takes
            no notice of a position's scale, so that gradient times activation adds up to 0 there.
            Then the stage before is taken; where that is alike, as in ConvNeXt, the map is 0.
    """

    formula: Formula
    cancels: bool = False

    @override
    def passes(self, classifier: "Classifier", settings: StageSettings) -> int:
        layers = classifier.network.modules() if self.cancels else ()
        twice = any(isinstance(each, nn.LayerNorm) for each in layers)
        return 6 if twice else 3  # one forwards, one backwards

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
        found = self.formula(activation, gradient)
        if self.cancels and _cancelled(found, activation, gradient):
            activation, gradient, notes = _at_stage(
                classifier, image, target, settings.stages_back + 1, progress
            )
            found, notes = self.formula(activation, gradient), (*notes, _CANCELLED)
            if _cancelled(found, activation, gradient):
                found, notes = torch.zeros_like(found), (*notes, _NOTHING)
        values: NDArray[np.float32] = found.float().cpu().numpy()
        return values, notes


def _cancelled(found: Tensor, activation: Tensor, gradient: Tensor) -> bool:
    """Whether a map (h, w) is what rounding leaves of terms that cancel."""
    terms = (gradient * activation).abs().sum(0)
    return bool(found.abs().max() <= _ROUNDING * terms.max())


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
    return cached(
        classifier,
        image,
        ("stage", target, stages_back),
        lambda: _activation_and_gradient(classifier, image, target, stages_back, progress),
        progress,
    )


def _activation_and_gradient(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    stages_back: int,
    progress: Progress | None,
) -> Stage:
    """One pass forwards, one backwards. Hooks lie on a twin of the network."""
    known = classifier.capabilities
    there = gradient_stages(classifier.network.backbone, known)
    names = tuple(there)
    own = len(names) - 1
    if target.head is not None and target.head < len(classifier.info.heads) - 1:
        own = _stage_of_head(classifier.info.heads[target.head].name, names)
    elif known.class_token:  # after the last block nothing but the class token is read
        stages_back = max(stages_back, 1)
    place = max(own - stages_back, 0)
    layout = there[names[place]][1]
    held: list[Tensor] = []

    def hold(_module: nn.Module, _given: object, output: Tensor) -> Tensor:
        held.append(output.detach().requires_grad_())
        return held[-1]

    with twin(classifier) as network:
        value = Value(classifier, target, progress, 1, network=network)
        module, _ = gradient_stages(network.backbone, known)[names[place]]
        hook = module.register_forward_hook(hold)
        with hook, torch.enable_grad():
            (gradient,) = torch.autograd.grad(value(image.to(classifier.device)).sum(), held[-1:])
    activation, gradient = layout.to_map(held[-1].detach()), layout.to_map(gradient)
    rows, columns = activation.shape[-2:]
    notes = [f"At {names[place]}, {rows} × {columns} positions."]
    heads = [head.name for head in classifier.info.heads]
    if target.head is None and len(heads) > 1:
        notes.append(_votes_note(heads, [name for name in heads if name not in names[:place]]))
    if known.class_token and place < own:
        notes.append("The class token and registers stand for no place, and are left out.")
    if own - stages_back < 0:
        notes.append(f"Only {own} stages lie before the head's own; this is the first.")
    return activation[0], gradient[0], tuple(notes)


def _stage_of_head(head: str, names: Sequence[str]) -> int:
    """The stage whose feature map a head reads.

    Raises:
        InputError: that stage gives several maps.
    """
    if head not in names:
        raise InputError(
            f"The head {head} reads a map that no single module of the network gives, so there is "
            "no gradient by its places; choose another head, or a method that covers the image."
        )
    return names.index(head)


def _votes_note(heads: Sequence[str], later: Sequence[str]) -> str:
    if len(later) == len(heads):
        return f"Holds the votes of all {len(heads)} heads."
    if len(later) == 1:
        return f"Holds one vote of {len(heads)}, that of {later[0]}: the other heads come before."
    return (
        f"Holds {len(later)} votes of {len(heads)}, those of {later[0]} to {later[-1]}: the other "
        "heads come before."
    )
