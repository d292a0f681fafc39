"""Deconvolution by Captum (Zeiler and Fergus 2013, arXiv:1311.2901): passes positive gradients
through ReLUs, active or not.

For networks of ReLU layers alone. What it shows depends little on the class (Adebayo et al. 2018,
arXiv:1810.03292), and negative gradients are dropped on the way, so the map of A against B is not
that of B against A turned round: not signed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import Deconvolution
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.forward import Value, twin
from dermxai.explain.method import Progress, Target
from dermxai.explain.operations import relu_only

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Deconvolution"
UNIT = "arbitrary units: a gradient without its negative parts"
PER_AREA = ""
NOTE = "Passes positive gradients through every ReLU; says more of the image than of the class."
SOURCE = "Zeiler and Fergus 2013, arXiv:1311.2901"
SIGNED = False
COMPLETE = False
ONE_HEAD = False


def unavailable(classifier: "Classifier") -> str | None:
    return relu_only(classifier, TITLE)


@dataclass(frozen=True)
class Settings:
    """Deconvolution has none."""


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 3


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,  # noqa: ARG001
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size), colours added up."""
    with twin(classifier) as network:
        value = Value(classifier, target, progress, 1, network=network)
        gradient = Deconvolution(value).attribute(
            image.to(classifier.device, copy=True).requires_grad_()
        )
    values: NDArray[np.float32] = gradient[0].detach().sum(0).float().cpu().numpy()
    return values, ()
