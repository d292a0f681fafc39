"""Occlusion (Zeiler and Fergus 2013, arXiv:1311.2901) by Captum: a window slides over the image."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import Occlusion
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.baselines import CHOICES, HELP, MEAN, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving
from dermxai.explain.method import Progress, Target, always_available

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Occlusion"
UNIT = "logit lost where covered"
PER_AREA = ""
NOTE = (
    "What the target loses when a square is covered, averaged over the squares that hold a pixel."
)
SOURCE = "Zeiler and Fergus 2013, arXiv:1311.2901"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    window: int = field(
        default=15, metadata={"help": "Side of the square, % of the image's", "low": 4, "high": 60}
    )
    overlap: int = field(
        default=50,
        metadata={"help": "Of neighbouring squares, % of the side", "low": 0, "high": 80},
    )
    baseline: str = field(default=MEAN, metadata={"help": HELP, "choices": CHOICES})


def passes(classifier: "Classifier", settings: Settings) -> int:
    return _windows(classifier.info.preprocessing.size, settings)[2] + 1


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size)."""
    side, stride, windows = _windows(image.shape[-1], settings)
    image = image.to(classifier.device)

    def cover(batch: int) -> Tensor:
        found: Tensor = Occlusion(Value(classifier, target, progress, windows + 1)).attribute(
            image,
            sliding_window_shapes=(3, side, side),
            strides=(3, stride, stride),
            baselines=baseline(classifier, image, settings.baseline),
            perturbations_per_eval=batch,
        )
        return found

    lost, notes = halving(cover, first_batch(classifier))
    values: NDArray[np.float32] = lost[0, 0].float().cpu().numpy()  # the same in each colour
    return values, notes


def _windows(size: int, settings: Settings) -> tuple[int, int, int]:
    """Side and stride in pixels, and how many squares there are."""
    side = max(1, round(size * settings.window / 100))
    stride = max(1, round(side * (1 - settings.overlap / 100)))
    return side, stride, (-(-(size - side) // stride) + 1) ** 2
