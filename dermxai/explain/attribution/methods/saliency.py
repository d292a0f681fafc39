"""The gradient by Captum (Simonyan et al. 2013, arXiv:1312.6034), signed: the original's absolute
value is left to the reader.
"""

from typing import TYPE_CHECKING

from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.input_gradient import input_gradient
from dermxai.explain.attribution.method import (
    GRADIENTS,
    AttributionMethod,
    Made,
    Progress,
    Target,
    colours_added,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class Saliency(AttributionMethod[Settings]):
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
        return colours_added(input_gradient(classifier, image, target, progress)), ()


SALIENCY = Saliency(
    name="saliency",
    title="Saliency",
    unit="logit per standard deviation of a pixel's colour",
    note="How the logit would change if a pixel became brighter, to first order.",
    source="Simonyan et al. 2013, arXiv:1312.6034",
    signed=True,
    complete=False,
    needs=GRADIENTS,
    settings=Settings,
)
