"""Ablation of superpixels by Captum: SLIC regions are covered one at a time."""

from typing import TYPE_CHECKING

import numpy as np
from captum.attr import FeatureAblation
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


class FeatureAblationSettings(Settings):
    superpixels: int = setting(60, "Regions of like colour, about", 9, 400)
    baseline: str = setting(BLURRED, HELP, choices=CHOICES)


class FeatureAblationMethod(AttributionMethod[FeatureAblationSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: FeatureAblationSettings) -> int:
        return settings.superpixels + 1

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: FeatureAblationSettings,
        progress: Progress | None,
    ) -> Made:
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


FEATURE_ABLATION = FeatureAblationMethod(
    name="feature_ablation",
    title="Superpixel ablation",
    unit="logit lost where the region is covered",
    note="What the target loses when a region of like colour is covered, one at a time.",
    source=(
        "Achanta et al. 2012, doi:10.1109/TPAMI.2012.120; Kokhlikyan et al. 2020, arXiv:2009.07896"
    ),
    signed=True,
    complete=False,
    passes_exact=False,
    settings=FeatureAblationSettings,
)
