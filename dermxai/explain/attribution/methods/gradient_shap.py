"""GradientSHAP (Lundberg and Lee 2017, arXiv:1705.07874; expected gradients, Erion et al. 2021,
arXiv:1906.10670) as Captum computes it.

Gradients at random points between the image and baselines drawn at random from four: the training
mean colour, the blurred image, black and white. No single choice of "nothing there" decides.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import CHOICES, baseline
from dermxai.explain.attribution.method import (
    DENSITY_UNIT,
    GRADIENTS,
    AttributionMethod,
    Made,
    Progress,
    Target,
    colours_added,
    completeness,
)
from dermxai.explain.attribution.seeded import SeededInputBaselineXGradient, SeededNoiseTunnel
from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn, logits_of

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class GradientShapSettings(Settings):
    samples: int = setting(32, "Random points", 4, 512)
    noise: float = setting(
        0.1, "Standard deviation of noise on the image, in those of the colours", 0.0, 2.0
    )
    seed: int = setting(0, "Of the random draws", 0, 2**31 - 1)


class GradientShap(AttributionMethod[GradientShapSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: GradientShapSettings) -> int:
        return 3 * settings.samples + 1 + len(CHOICES)  # the ends for the completeness gap

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: GradientShapSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        image = image.to(classifier.device)
        pictures = torch.cat([baseline(classifier, image, name) for name in CHOICES])

        def expect(batch: int) -> Tensor:
            value = Value(classifier, target, progress, settings.samples)
            products = SeededInputBaselineXGradient(
                value, pictures, settings.samples, settings.seed
            )
            found: Tensor = SeededNoiseTunnel(products, settings.seed).attribute(
                image,
                nt_samples=settings.samples,
                nt_samples_batch_size=batch,
                stdevs=float(settings.noise),
            )
            return found

        with in_turn(progress):
            attributions, notes = halving(expect, gradient_batch(classifier))
        values = colours_added(attributions)
        ends, more = logits_of(classifier, torch.cat([image, pictures]))
        found = target.of(torch.from_numpy(ends)).double()
        gap = completeness(float(values.sum()), float(found[0] - found[1:].mean()))
        return values, (gap, *notes, *more)


GRADIENT_SHAP = GradientShap(
    name="gradient_shap",
    title="GradientSHAP",
    unit="logit per input pixel",
    per_area=DENSITY_UNIT,
    note=(
        "Explains the logit's rise from the average of four pictures (mean colour, blurred image, "
        "black, white) to this image, estimated from random draws: it adds up to it on average "
        "only."
    ),
    source="Lundberg and Lee 2017, arXiv:1705.07874; Erion et al. 2021, arXiv:1906.10670",
    signed=True,
    complete=False,
    needs=GRADIENTS,
    settings=GradientShapSettings,
)
