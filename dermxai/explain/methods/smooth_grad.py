"""SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825) by Captum's NoiseTunnel, signed: the mean
gradient over noisy copies of the image.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import Saliency
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn
from dermxai.explain.method import Progress, Target, always_available, colours_added
from dermxai.explain.seeded import SeededNoiseTunnel

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "SmoothGrad"
UNIT = "logit per standard deviation of a pixel's colour"
PER_AREA = ""
NOTE = "The mean of the saliency of noisy copies of the image, which calms it."
SOURCE = "Smilkov et al. 2017, arXiv:1706.03825"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    samples: int = field(default=16, metadata={"help": "Noisy copies", "low": 2, "high": 256})
    noise: float = field(
        default=0.3,
        metadata={
            "help": "Standard deviation of the noise, in standard deviations of the colours",
            "low": 0.01,
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

    def smooth(batch: int) -> Tensor:
        value = Value(classifier, target, progress, settings.samples)
        found: Tensor = SeededNoiseTunnel(Saliency(value), settings.seed).attribute(
            image,
            nt_samples=settings.samples,
            nt_samples_batch_size=batch,
            stdevs=float(settings.noise),
            abs=False,
        )
        return found

    with in_turn(progress):
        gradient, notes = halving(smooth, gradient_batch(classifier))
    return colours_added(gradient), notes
