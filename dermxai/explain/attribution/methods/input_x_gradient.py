"""Input × gradient, by Captum's gradient (Shrikumar et al. 2016, arXiv:1605.01713).

The input is what the network sees: the difference from the training mean colour, in standard
deviations.
"""

from typing import TYPE_CHECKING

from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.input_gradient import input_gradient
from dermxai.explain.attribution.method import (
    DENSITY_UNIT,
    GRADIENTS,
    AttributionMethod,
    Made,
    Progress,
    Target,
    colours_added,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class InputXGradient(AttributionMethod[Settings]):
    @override
    def passes(self, classifier: "Classifier", settings: Settings) -> int:
        return 3

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: Settings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        gradient = input_gradient(classifier, image, target, progress)
        return colours_added(image.to(classifier.device) * gradient), ()


INPUT_X_GRADIENT = InputXGradient(
    name="input_x_gradient",
    title="Input × Gradient",
    unit="logit per input pixel, to first order",
    per_area=f"{DENSITY_UNIT}, to first order",
    note="The first-order part of the logit's rise from the training mean colour to this image.",
    source="Shrikumar et al. 2016, arXiv:1605.01713",
    signed=True,
    complete=False,
    needs=GRADIENTS,
    settings=Settings,
)
