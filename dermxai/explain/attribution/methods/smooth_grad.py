"""SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825) by Captum's NoiseTunnel, signed: the mean
gradient over noisy copies of the image.
"""

from typing import TYPE_CHECKING

from captum.attr import Saliency
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import (
    GRADIENTS,
    AttributionMethod,
    Made,
    Progress,
    Target,
    colours_added,
)
from dermxai.explain.attribution.seeded import SeededNoiseTunnel
from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class SmoothGradSettings(Settings):
    samples: int = setting(16, "Noisy copies", 2, 256)
    noise: float = setting(
        0.3, "Standard deviation of the noise, in standard deviations of the colours", 0.01, 2.0
    )
    seed: int = setting(0, "Of the random draws", 0, 2**31 - 1)


class SmoothGrad(AttributionMethod[SmoothGradSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: SmoothGradSettings) -> int:
        return 3 * settings.samples

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: SmoothGradSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        image = image.to(classifier.device)

        def smooth(batch: int) -> Tensor:
            value = Value(classifier, target, progress, settings.samples)
            found: Tensor = SeededNoiseTunnel(Saliency(value), settings.seed).attribute(
                image,
                nt_samples=settings.samples,
                nt_samples_batch_size=batch,
                stdevs=float(settings.noise),
                abs=False,
            )
            return found

        with in_turn(progress):
            gradient, notes = halving(smooth, gradient_batch(classifier))
        return colours_added(gradient), notes


SMOOTH_GRAD = SmoothGrad(
    name="smooth_grad",
    title="SmoothGrad",
    unit="logit per standard deviation of a pixel's colour",
    note="The mean of the saliency of noisy copies of the image, which calms it.",
    source="Smilkov et al. 2017, arXiv:1706.03825",
    signed=True,
    complete=False,
    needs=GRADIENTS,
    settings=SmoothGradSettings,
)
