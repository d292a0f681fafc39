"""GradientSHAP (Lundberg and Lee 2017, arXiv:1705.07874; expected gradients, Erion et al. 2021,
arXiv:1906.10670) as Captum computes it.

Gradients at random points between the image and baselines drawn at random from four: the training
mean colour, the blurred image, black and white. No single choice of "nothing there" decides.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.baselines import CHOICES, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn, logits_of
from dermxai.explain.method import (
    DENSITY_UNIT,
    Progress,
    Target,
    always_available,
    colours_added,
    completeness,
)
from dermxai.explain.seeded import SeededInputBaselineXGradient, SeededNoiseTunnel

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "GradientSHAP"
UNIT = "logit per input pixel"
PER_AREA = DENSITY_UNIT
NOTE = (
    "Explains the logit's rise from the average of four pictures (mean colour, blurred image, "
    "black, white) to this image, estimated from random draws: it adds up to it on average only."
)
SOURCE = "Lundberg and Lee 2017, arXiv:1705.07874; Erion et al. 2021, arXiv:1906.10670"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    samples: int = field(default=32, metadata={"help": "Random points", "low": 4, "high": 512})
    noise: float = field(
        default=0.1,
        metadata={
            "help": "Standard deviation of noise on the image, in those of the colours",
            "low": 0.0,
            "high": 2.0,
        },
    )
    seed: int = field(
        default=0, metadata={"help": "Of the random draws", "low": 0, "high": 2**31 - 1}
    )


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 3 * settings.samples


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size), colours added up."""
    image = image.to(classifier.device)
    pictures = torch.cat([baseline(classifier, image, name) for name in CHOICES])

    def expect(batch: int) -> Tensor:
        value = Value(classifier, target, progress, settings.samples)
        products = SeededInputBaselineXGradient(value, pictures, settings.samples, settings.seed)
        found: Tensor = SeededNoiseTunnel(products, settings.seed).attribute(
            image,
            nt_samples=settings.samples,
            nt_samples_batch_size=batch,
            stdevs=float(settings.noise),
        )
        return found

    with in_turn(progress):
        attributions, notes = halving(expect, gradient_batch(classifier))
    values = colours_added(attributions)
    ends, more = logits_of(classifier, torch.cat([image, pictures]))
    found = target.of(torch.from_numpy(ends)).double()
    gap = completeness(float(values.sum()), float(found[0] - found[1:].mean()))
    return values, (gap, *notes, *more)
