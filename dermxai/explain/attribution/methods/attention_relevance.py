"""Gradient-weighted attention relevance (Chefer et al. 2021, arXiv:2103.15679, eq. 5 and 6).

Each layer's weights are multiplied by their gradient, negative products are dropped, and the mean
over attention heads is added to what has been relevant before: R ← R + Ā·R. The ReLU belongs to the
method, so the map of A against B is not that of B against A turned round. Where logits read an
average of all patches, the identity that R begins with is taken off, as it says nothing of places.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.attention import Layer, carried, layers, notes
from dermxai.explain.attribution.method import (
    ATTENTION,
    AttributionMethod,
    Made,
    Progress,
    Target,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


def relevance(layer: Layer) -> Tensor:
    """Ā (token, token) of a layer."""
    assert layer.gradient is not None
    return (layer.gradient.float() * layer.weights.float()).clamp(min=0).mean(0)


class AttentionRelevance(AttributionMethod[Settings]):
    @override
    def passes(self, classifier: "Classifier", settings: Settings) -> int:
        return 3  # one forwards, one backwards

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: Settings,
        progress: Progress | None,
    ) -> Made:
        """The map (h, w) of the patches for an image (1, 3, size, size)."""
        found = [
            relevance(each) for each in layers(classifier, image, target, progress, gradients=True)
        ]
        same = torch.eye(len(found[0]), device=found[0].device)
        values = carried(classifier, target, [same + each for each in found])
        values -= carried(classifier, target, [same])
        return values, notes(classifier, target)


ATTENTION_RELEVANCE = AttentionRelevance(
    name="attention_relevance",
    title="Attention relevance",
    unit="arbitrary units: attention weighted by its gradient",
    note=(
        "Attention weighted by its gradient, followed through all layers; what speaks against the "
        "target is left out by the method."
    ),
    source="Chefer et al. 2021, arXiv:2103.15679",
    signed=False,
    complete=False,
    one_head=True,
    needs=ATTENTION,
    settings=Settings,
)
