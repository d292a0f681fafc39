"""Grad-CAM of a head (Selvaraju et al. 2017, arXiv:1610.02391), in closed form.

A head is linear after average pooling, so the gradient of its logit of class c by the feature map A
is w_c / (h·w) at every position. The map Σ_k w_ck·A_k / (h·w) is therefore exact without a backward
pass, holds for all classes at once, and adds up to the head's logit less its bias. It is signed:
the ReLU of the original is left to the reader.

Where a layer normalisation follows the pooling (ConvNeXt), it is held at the image's own deviation
over channels, as Ali et al. 2022 (arXiv:2202.07304) do for transformers: with it the head is linear
again, each position's own mean is taken off there, and the map still adds up to the logit less its
bias. A gradient through the normalisation would add up to zero, since scaling its input changes
nothing.

On the last feature map the gradient of the *summed* logits is the final head's alone, since the
other heads sit upstream: plain Grad-CAM there explains one vote of all the heads.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import (
    DECOMPOSITION,
    DENSITY_UNIT,
    AttributionMethod,
    Made,
    Progress,
    Target,
)
from dermxai.explain.forward import require_finite

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier, Output


def all_classes(feature_map: Tensor, weight: Tensor) -> Tensor:
    """Signed Grad-CAM of every class.

    Args:
        feature_map: (…, channels, h, w), what the head averages.
        weight: (class, channels) of the head.

    Returns:
        (…, class, h, w); the sum over positions is the head's logit without its bias.
    """
    positions = feature_map.shape[-2] * feature_map.shape[-1]
    return torch.einsum("kc,...chw->...khw", weight, feature_map.float()) / positions


def head_maps(
    classifier: "Classifier", output: "Output", target: Target, head: int
) -> NDArray[np.float32]:
    """The maps (n, h, w) of one head from a forward pass of n images."""
    weight, _ = classifier.head_weights(head)
    wanted = target.among_classes(weight)[None]  # (1, channels)
    values: NDArray[np.float32] = all_classes(output.maps[head], wanted)[:, 0].cpu().numpy()
    return values


def held(classifier: "Classifier") -> tuple[str, ...]:
    """What is taken as constant for the maps to add up, as a note."""
    said = classifier.capabilities.held
    return (said,) if said else ()


class GradCam(AttributionMethod[Settings]):
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
        """The map (h, w) of the head's feature map for an image (1, 3, size, size)."""
        output = classifier.infer(image, maps=True)
        require_finite(output.logits, classifier.name)
        head = -1 if target.head is None else target.head
        (values,) = head_maps(classifier, output, target, head)
        if progress:
            progress(1, 1)
        return values, held(classifier)


GRAD_CAM = GradCam(
    name="grad_cam",
    title="Grad-CAM",
    unit="logit per feature-map position",
    per_area=DENSITY_UNIT,
    note="Explains one head at its own stage: the final head, unless another is chosen.",
    source="Selvaraju et al. 2017, arXiv:1610.02391",
    signed=True,
    complete=True,
    one_head=True,
    needs=DECOMPOSITION,
    settings=Settings,
)
