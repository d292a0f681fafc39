"""Ablation of superpixels by Captum: SLIC regions are covered one at a time."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import FeatureAblation
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.baselines import BLURRED, CHOICES, HELP, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving
from dermxai.explain.method import Progress, Target, always_available
from dermxai.explain.regions import regions_of

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Superpixel ablation"
UNIT = "logit lost where the region is covered"
PER_AREA = ""
NOTE = "What the target loses when a region of like colour is covered, one at a time."
SOURCE = "Achanta et al. 2012, doi:10.1109/TPAMI.2012.120; Kokhlikyan et al. 2020, arXiv:2009.07896"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    superpixels: int = field(
        default=60, metadata={"help": "Regions of like colour, about", "low": 9, "high": 400}
    )
    baseline: str = field(default=BLURRED, metadata={"help": HELP, "choices": CHOICES})


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return settings.superpixels + 1


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size), each region in one colour."""
    image = image.to(classifier.device)
    regions = regions_of(image, classifier.info.preprocessing, settings.superpixels)
    count = int(regions.max()) + 1

    def cover(batch: int) -> Tensor:
        value = Value(classifier, target, progress, count + 1)
        found: Tensor = FeatureAblation(value).attribute(
            image,
            feature_mask=regions,
            baselines=baseline(classifier, image, settings.baseline),
            perturbations_per_eval=batch,
        )
        return found

    lost, notes = halving(cover, first_batch(classifier))
    values: NDArray[np.float32] = lost[0, 0].float().cpu().numpy()  # the same in each colour
    return values, (f"{count} regions.", *notes)
