"""LIME (Ribeiro et al. 2016, arXiv:1602.04938) on SLIC superpixels by Captum.

Coalitions near the image count more (cosine distance, as Captum has it); the linear model is ridge
regression, as the authors' own code has it for images.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import Lime
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from torch import Tensor

from dermxai.explain.baselines import BLURRED, CHOICES, HELP, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving
from dermxai.explain.method import Progress, Target, always_available
from dermxai.explain.regions import regions_of, said_of
from dermxai.explain.seeded import Fitted, SeededCoalitions

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "LIME"
UNIT = "logit per region"
PER_AREA = ""
NOTE = "A linear model of what regions add, fitted to images with about half of them covered."
SOURCE = "Ribeiro et al. 2016, arXiv:1602.04938"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
unavailable = always_available

RIDGE = 1.0


@dataclass(frozen=True)
class Settings:
    superpixels: int = field(
        default=60, metadata={"help": "Regions of like colour, about", "low": 9, "high": 400}
    )
    samples: int = field(
        default=400, metadata={"help": "Coalitions of regions", "low": 30, "high": 5000}
    )
    baseline: str = field(default=BLURRED, metadata={"help": HELP, "choices": CHOICES})
    seed: int = field(
        default=0, metadata={"help": "Of the random draws", "low": 0, "high": 2**31 - 1}
    )


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return settings.samples


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

    def fit(batch: int) -> Tensor:
        model = Fitted(Ridge(alpha=RIDGE))
        value = Value(classifier, target, progress, settings.samples)
        found: Tensor = Lime(
            value, interpretable_model=model, perturb_func=SeededCoalitions(settings.seed)
        ).attribute(
            image,
            feature_mask=regions,
            baselines=baseline(classifier, image, settings.baseline),
            n_samples=settings.samples,
            perturbations_per_eval=batch,
        )
        return found

    shares, notes = halving(fit, first_batch(classifier))
    values: NDArray[np.float32] = shares[0, 0].float().cpu().numpy()  # the same in each colour
    return values, (*said_of(regions, settings.samples), *notes)
