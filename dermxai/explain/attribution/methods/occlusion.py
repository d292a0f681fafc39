"""Occlusion (Zeiler and Fergus 2013, arXiv:1311.2901) by Captum: a window slides over the image."""

from typing import TYPE_CHECKING

import numpy as np
from captum.attr import Occlusion
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import CHOICES, HELP, MEAN, baseline
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class OcclusionSettings(Settings):
    window: int = setting(15, "Side of the square, % of the image's", 4, 60)
    overlap: int = setting(50, "Of neighbouring squares, % of the side", 0, 80)
    baseline: str = setting(MEAN, HELP, choices=CHOICES)


def _windows(size: int, settings: OcclusionSettings) -> tuple[int, int, int]:
    """Side and stride in pixels, and how many squares there are."""
    side = max(1, round(size * settings.window / 100))
    stride = max(1, round(side * (1 - settings.overlap / 100)))
    return side, stride, (-(-(size - side) // stride) + 1) ** 2


class OcclusionMethod(AttributionMethod[OcclusionSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: OcclusionSettings) -> int:
        return _windows(classifier.info.preprocessing.size, settings)[2] + 1

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: OcclusionSettings,
        progress: Progress | None,
    ) -> Made:
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


OCCLUSION = OcclusionMethod(
    name="occlusion",
    title="Occlusion",
    unit="logit lost where covered",
    note=(
        "What the target loses when a square is covered, averaged over the squares that hold a "
        "pixel."
    ),
    source="Zeiler and Fergus 2013, arXiv:1311.2901",
    signed=True,
    complete=False,
    settings=OcclusionSettings,
)
