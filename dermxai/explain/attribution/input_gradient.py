"""The gradient of the target's value by the image, which several methods start from."""

from typing import TYPE_CHECKING

from captum.attr import Saliency
from torch import Tensor

from dermxai.explain.attribution.method import Progress, Target
from dermxai.explain.attribution.pass_cache import cached
from dermxai.explain.forward import Value

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


def input_gradient(
    classifier: "Classifier", image: Tensor, target: Target, progress: Progress | None
) -> Tensor:
    """(1, 3, size, size) in logits per standard deviation of a pixel's colour, by Captum; one pass
    forwards and one backwards for all methods that ask."""

    def gradient() -> Tensor:
        value = Value(classifier, target, progress, 1)
        asked = image.to(classifier.device, copy=True).requires_grad_()
        found: Tensor = Saliency(value).attribute(asked, abs=False)
        return found

    return cached(classifier, image, ("input gradient", target), gradient, progress)
