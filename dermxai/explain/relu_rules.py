"""Captum's methods that pass gradients through ReLUs by another rule than the derivative's.

For networks of ReLU layers alone. What they show depends little on the class (Adebayo et al. 2018,
arXiv:1810.03292), and negative gradients are dropped on the way, so the map of A against B is not
that of B against A turned round: not signed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from dermxai.explain.forward import Value, twin
from dermxai.explain.method import Attribute, Progress, Target, colours_added

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

UNIT = "arbitrary units: a gradient without its negative parts"


def passes(classifier: "Classifier", settings: object) -> int:  # noqa: ARG001
    """One forwards, one backwards."""
    return 3


def gradient_by(rule: Callable[[nn.Module], Any]) -> Attribute:
    """A method's ``attribute`` from Captum's class for it, whose hooks lie on a twin."""

    def attribute(
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: object,  # noqa: ARG001
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        with twin(classifier) as network:
            value = Value(classifier, target, progress, 1, network=network)
            gradient = rule(value).attribute(
                image.to(classifier.device, copy=True).requires_grad_()
            )
        return colours_added(gradient), ()

    return attribute
