"""Integrated Gradients (Sundararajan et al. 2017, arXiv:1703.01365) by Captum."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.baselines import CHOICES, HELP, MEAN, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn
from dermxai.explain.method import (
    DENSITY_UNIT,
    Progress,
    Target,
    always_available,
    colours_added,
    completeness,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Integrated Gradients"
UNIT = "logit per input pixel"
PER_AREA = DENSITY_UNIT
NOTE = "Explains the logit's rise from a picture without content to this image."
SOURCE = "Sundararajan et al. 2017, arXiv:1703.01365"
SIGNED = True
COMPLETE = True
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    steps: int = field(
        default=32,
        metadata={"help": "Points on the path from the baseline", "low": 8, "high": 256},
    )
    baseline: str = field(default=MEAN, metadata={"help": HELP, "choices": CHOICES})


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 3 * settings.steps


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size), colours added up; the note gives the
    completeness gap, the part of the logit's change that the map does not account for."""
    image = image.to(classifier.device)
    total = settings.steps + 2  # the steps, and both ends for the completeness gap

    def integrate(batch: int) -> tuple[Tensor, Tensor]:
        value = Value(classifier, target, progress, total)
        found: tuple[Tensor, Tensor] = IntegratedGradients(value).attribute(
            image,
            baseline(classifier, image, settings.baseline),
            n_steps=settings.steps,
            internal_batch_size=batch,
            return_convergence_delta=True,
        )
        return found

    with in_turn(progress):
        (attributions, gap), notes = halving(integrate, gradient_batch(classifier))
    values = colours_added(attributions)
    gained = float(attributions.sum())
    return values, (completeness(gained, gained - float(gap)), *notes)
