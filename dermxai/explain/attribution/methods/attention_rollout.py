"""Attention rollout (Abnar and Zuidema 2020, arXiv:2005.00928): attention multiplied through the
layers.

Of each layer the weights are averaged over attention heads and, for the residual connection, with
the identity in equal parts. The map says where information at the output may come from, not what it
speaks for: it is the same for every class, and no logit enters it.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.attention import carried, layers, notes
from dermxai.explain.attribution.method import (
    ATTENTION,
    AttributionMethod,
    Made,
    Progress,
    Target,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


def with_residual(weights: Tensor) -> Tensor:
    """(token, token) of a layer whose weights are (attention head, token, token)."""
    mixed = weights.float().mean(0)
    return (mixed + torch.eye(len(mixed), device=mixed.device)) / 2


class AttentionRollout(AttributionMethod[Settings]):
    @override
    def passes(self, classifier: "Classifier", settings: Settings) -> int:
        return 1

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
        found = layers(classifier, image, target, progress, gradients=False)
        matrices = [with_residual(each.weights) for each in found]
        return carried(classifier, target, matrices), notes(classifier, target)


ATTENTION_ROLLOUT = AttentionRollout(
    name="attention_rollout",
    title="Attention rollout",
    unit="share of attention",
    note=(
        "Where the network attends, through all layers: the same for every class, so it does not "
        "say why one and not another."
    ),
    source="Abnar and Zuidema 2020, arXiv:2005.00928",
    signed=False,
    complete=False,
    one_head=True,
    class_specific=False,
    needs=ATTENTION,
    settings=Settings,
)
