"""DeepLIFT, rescale rule (Shrikumar et al. 2017, arXiv:1704.02685), by Captum.

Captum knows the rule for ReLU and max pooling as modules; SiLU and the products of
squeeze-and-excitation pass unnoticed as if they were linear, and the map would miss part of the
logit's change. Its rule for max pooling is not exact where windows overlap: of a ResNet-10t with
random weights the map misses about 3 % of the change (a hundred-thousandth with average pooling
instead), of an Inception-v3 a quarter. So the completeness is measured once on noise, and the
method is offered where the gap is small; each map states its own.
"""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from captum.attr import DeepLift
from torch import Tensor
from typing_extensions import override

from dermxai.core.formatting import percent
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
from dermxai.explain.attribution.operations import SIDE, relu_only
from dermxai.explain.forward import Value, twin
from dermxai.models.capabilities import trial_side

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


TOLERANCE = 0.05  # of the logit's change
_gaps: "WeakKeyDictionary[Classifier, float]" = WeakKeyDictionary()


class DeepLiftSettings(Settings):
    baseline: str = setting(MEAN, HELP, choices=CHOICES)


def _split(value: Value, image: Tensor, covered: Tensor) -> tuple[Tensor, float]:
    found, gap = DeepLift(value).attribute(
        image.clone().requires_grad_(), covered, return_convergence_delta=True
    )
    return found.detach(), float(gap)


def _gap(classifier: "Classifier") -> float:
    """The part of the logits' change that maps of noise miss: mean gap by mean change."""
    side = trial_side(classifier.network, classifier.info.preprocessing.size, SIDE)
    noise = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    noise = noise.to(classifier.device)
    gaps, changes = [], []
    with twin(classifier) as network:
        for index in range(min(3, len(classifier.info.classes))):
            value = Value(classifier, Target(index), network=network)
            found, gap = _split(value, noise, torch.zeros_like(noise))
            gaps.append(abs(gap))
            changes.append(abs(float(found.sum()) - gap))
    return sum(gaps) / sum(changes) if sum(changes) else 0.0


class DeepLiftMethod(AttributionMethod[DeepLiftSettings]):
    @override
    def unavailable(self, classifier: "Classifier") -> str | None:
        if reason := relu_only(classifier, "Captum's rescale rule"):
            return reason
        if classifier not in _gaps:
            _gaps[classifier] = _gap(classifier)
        if _gaps[classifier] > TOLERANCE:
            return (
                f"on noise its map misses {percent(_gaps[classifier], 0)} of the logit's change, "
                "so Captum's rules (for max pooling, that is) do not hold well enough."
            )
        return None

    @override
    def passes(self, classifier: "Classifier", settings: DeepLiftSettings) -> int:
        return 8  # the image and the baseline, forwards and backwards, and forwards for the gap

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: DeepLiftSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size), colours added up."""
        image = image.to(classifier.device)
        with twin(classifier) as network:
            value = Value(classifier, target, progress, 2, network=network)
            found, gap = _split(value, image, baseline(classifier, image, settings.baseline))
        values = colours_added(found)
        return values, (completeness(float(values.sum()), float(values.sum()) - gap),)


DEEP_LIFT = DeepLiftMethod(
    name="deep_lift",
    title="DeepLIFT",
    unit="logit per input pixel",
    per_area=DENSITY_UNIT,
    note="Splits the logit's change from the baseline to this image among pixels, layer by layer.",
    source="Shrikumar et al. 2017, arXiv:1704.02685",
    signed=True,
    complete=True,
    needs=GRADIENTS,
    settings=DeepLiftSettings,
)
