"""The gradient by Captum (Simonyan et al. 2013, arXiv:1312.6034), signed: the original's absolute
value is left to the reader.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.input_gradient import input_gradient
from dermxai.explain.method import Progress, Target, always_available, colours_added

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Saliency"
UNIT = "logit per standard deviation of a pixel's colour"
PER_AREA = ""
NOTE = "How the logit would change if a pixel became brighter, to first order."
SOURCE = "Simonyan et al. 2013, arXiv:1312.6034"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    """Saliency has none."""


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
    return colours_added(input_gradient(classifier, image, target, progress)), ()
