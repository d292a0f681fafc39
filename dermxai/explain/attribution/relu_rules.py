"""Captum's methods that pass gradients through ReLUs by another rule than the derivative's.

For networks of ReLU layers alone. What they show depends little on the class (Adebayo et al. 2018,
arXiv:1810.03292), and negative gradients are dropped on the way, so the map of A against B is not
that of B against A turned round: not signed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor, nn
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import (
    AttributionMethod,
    Made,
    Progress,
    Target,
    colours_added,
)
from dermxai.explain.attribution.operations import relu_only
from dermxai.explain.forward import Value, twin

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

UNIT = "arbitrary units: a gradient without its negative parts"


class GradientRule(Protocol):
    """Captum's GuidedBackprop and Deconvolution."""

    def attribute(self, inputs: Tensor) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class ReluRule(AttributionMethod[Settings]):
    """
    Attributes:
        rule: Captum's class for it, whose hooks lie on a twin.
    """

    rule: Callable[[nn.Module], GradientRule]

    @override
    def unavailable(self, classifier: "Classifier") -> str | None:
        return relu_only(classifier, self.title)

    @override
    def passes(self, classifier: "Classifier", settings: Settings) -> int:
        return 3  # one forwards, one backwards

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: Settings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        with twin(classifier) as network:
            value = Value(classifier, target, progress, 1, network=network)
            gradient = self.rule(value).attribute(
                image.to(classifier.device, copy=True).requires_grad_()
            )
        return colours_added(gradient), ()
