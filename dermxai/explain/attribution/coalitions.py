"""Values of superpixels from a linear model that is fitted to the image with random coalitions of
them left and the others covered, by Captum."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import BLURRED, CHOICES, HELP, baseline
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.attribution.regions import regions_of
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class CoalitionSettings(Settings):
    superpixels: int = setting(60, "Regions of like colour, about", 9, 400)
    samples: int = setting(400, "Coalitions of regions", 30, 5000)
    baseline: str = setting(BLURRED, HELP, choices=CHOICES)
    seed: int = setting(0, "Of the random draws", 0, 2**31 - 1)


class Regression(Protocol):
    """Captum's Lime and KernelShap."""

    def attribute(
        self,
        inputs: Tensor,
        *,
        feature_mask: Tensor,
        baselines: Tensor,
        n_samples: int,
        perturbations_per_eval: int,
    ) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class CoalitionMethod(AttributionMethod[CoalitionSettings]):
    """
    Attributes:
        model: makes Captum's model for a value and a seed.
    """

    model: Callable[[Value, int], Regression]

    @override
    def passes(self, classifier: "Classifier", settings: CoalitionSettings) -> int:
        return settings.samples

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: CoalitionSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), each region in one colour."""
        image = image.to(classifier.device)
        regions = regions_of(image, classifier.info.preprocessing, settings.superpixels)

        def fit(batch: int) -> Tensor:
            value = Value(classifier, target, progress, settings.samples)
            return self.model(value, settings.seed).attribute(
                image,
                feature_mask=regions,
                baselines=baseline(classifier, image, settings.baseline),
                n_samples=settings.samples,
                perturbations_per_eval=batch,
            )

        shares, notes = halving(fit, first_batch(classifier))
        values: NDArray[np.float32] = shares[0, 0].float().cpu().numpy()  # alike in each colour
        return values, (*_notes(int(regions.max()) + 1, settings.samples), *notes)


def _notes(regions: int, samples: int) -> tuple[str, ...]:
    few = (f"Fewer samples ({samples}) than regions: their values are not determined.",)
    return (f"{regions} regions.", *(few if samples < regions + 2 else ()))
