"""Input × gradient, by Captum's gradient (Shrikumar et al. 2016, arXiv:1605.01713).

The input is what the network sees: the difference from the training mean colour, in standard
deviations.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.input_gradient import input_gradient
from dermxai.explain.method import DENSITY_UNIT, Progress, Target, always_available, colours_added

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Input × Gradient"
UNIT = "logit per input pixel, to first order"
PER_AREA = f"{DENSITY_UNIT}, to first order"
NOTE = "The first-order part of the logit's rise from the training mean colour to this image."
SOURCE = "Shrikumar et al. 2016, arXiv:1605.01713"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    """Input × gradient has none."""


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
    gradient = input_gradient(classifier, image, target, progress)
    return colours_added(image.to(classifier.device) * gradient), ()
