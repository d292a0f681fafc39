"""Values of superpixels from a linear model that is fitted to the image with random coalitions of
them left and the others covered, by Captum."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.baselines import BLURRED, CHOICES, HELP, baseline
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving
from dermxai.explain.method import Attribute, Progress, Target
from dermxai.explain.regions import regions_of

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


@dataclass(frozen=True)
class CoalitionSettings:
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


def passes(classifier: "Classifier", settings: CoalitionSettings) -> int:  # noqa: ARG001
    """One a coalition."""
    return settings.samples


def fitted_by(model: Callable[[Value, int], Any]) -> Attribute:
    """A method's ``attribute`` from what makes Captum's model for a value and a seed."""

    def attribute(
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: CoalitionSettings,
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """The map (size, size) for an image (1, 3, size, size), each region in one colour."""
        image = image.to(classifier.device)
        regions = regions_of(image, classifier.info.preprocessing, settings.superpixels)

        def fit(batch: int) -> Tensor:
            value = Value(classifier, target, progress, settings.samples)
            found: Tensor = model(value, settings.seed).attribute(
                image,
                feature_mask=regions,
                baselines=baseline(classifier, image, settings.baseline),
                n_samples=settings.samples,
                perturbations_per_eval=batch,
            )
            return found

        shares, notes = halving(fit, first_batch(classifier))
        values: NDArray[np.float32] = shares[0, 0].float().cpu().numpy()  # alike in each colour
        return values, (*_about(int(regions.max()) + 1, settings.samples), *notes)

    return attribute


def _about(regions: int, samples: int) -> tuple[str, ...]:
    few = (f"Fewer samples ({samples}) than regions: their values are not determined.",)
    return (f"{regions} regions.", *(few if samples < regions + 2 else ()))
