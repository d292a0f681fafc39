"""Integrated Gradients (Sundararajan et al. 2017, arXiv:1703.01365) by Captum."""

from typing import TYPE_CHECKING

from captum.attr import IntegratedGradients
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import CHOICES, HELP, MEAN, baseline
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
from dermxai.explain.forward import Value
from dermxai.explain.memory import gradient_batch, halving, in_turn

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class IntegratedGradientsSettings(Settings):
    steps: int = setting(32, "Points on the path from the baseline", 8, 256)
    baseline: str = setting(MEAN, HELP, choices=CHOICES)


class IntegratedGradientsMethod(AttributionMethod[IntegratedGradientsSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: IntegratedGradientsSettings) -> int:
        return 3 * settings.steps + 2  # both ends for the completeness gap

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: IntegratedGradientsSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up; the note gives
        the completeness gap, the part of the logit's change that the map does not account for."""
        image = image.to(classifier.device)
        total = settings.steps + 2  # the steps, and both ends for the completeness gap

        def integrate(batch: int) -> tuple[Tensor, Tensor]:
            value = Value(classifier, target, progress, total)
            found: tuple[Tensor, Tensor] = IntegratedGradients(value).attribute(
                image,
                baseline(classifier, image, settings.baseline),
                n_steps=settings.steps,
                internal_batch_size=batch,
                return_convergence_delta=True,
            )
            return found

        with in_turn(progress):
            (attributions, gap), notes = halving(integrate, gradient_batch(classifier))
        values = colours_added(attributions)
        gained = float(attributions.sum())
        return values, (completeness(gained, gained - float(gap)), *notes)


INTEGRATED_GRADIENTS = IntegratedGradientsMethod(
    name="integrated_gradients",
    title="Integrated Gradients",
    unit="logit per input pixel",
    per_area=DENSITY_UNIT,
    note="Explains the logit's rise from a picture without content to this image.",
    source="Sundararajan et al. 2017, arXiv:1703.01365",
    signed=True,
    complete=True,
    needs=GRADIENTS,
    settings=IntegratedGradientsSettings,
)
