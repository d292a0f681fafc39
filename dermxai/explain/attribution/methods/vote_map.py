"""The vote map: every head's Grad-CAM, added up over the eight heads.

A head's vote is exactly the sum of its Grad-CAM over positions plus its bias, and the votes are
summed: this map is the only class activation map that accounts for the whole decision, where
Grad-CAM of the final feature map explains one vote of eight (Zhu et al. 2021 sum the heads).
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import (
    DECOMPOSITION,
    DENSITY_UNIT,
    AttributionMethod,
    Made,
    Progress,
    Target,
)
from dermxai.explain.attribution.methods.grad_cam import head_maps, held
from dermxai.explain.forward import require_finite

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier, Output


def vote_maps(
    classifier: "Classifier", output: "Output", target: Target
) -> list[NDArray[np.float32]]:
    """The n maps (h, w) from a forward pass of n images that kept its feature maps.

    Raises:
        InputError: the network's logits are no sum over places.
    """
    if reason := classifier.capabilities.no_decomposition:
        raise InputError(f"There is no vote map of this network: {reason}")
    heads = range(len(classifier.info.heads)) if target.head is None else (target.head,)
    parts = [head_maps(classifier, output, target, head) for head in heads]
    return [added_up(maps) for maps in zip(*parts, strict=True)]


def added_up(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Maps (h, w) of several resolutions added up on the grid of the finest, their sums kept."""
    rows, columns = max(each.shape for each in maps)
    total = np.zeros((rows, columns))
    for each in maps:
        total += spreading(each.shape[0], rows) @ each @ spreading(each.shape[1], columns).T
    return total.astype(np.float32)


@cache
def spreading(coarse: int, fine: int) -> NDArray[np.float64]:
    """(fine, coarse): how a position's value is spread over a finer axis, linearly towards its
    neighbours' centres; each column adds up to 1, so that nothing is lost."""
    centres = (np.arange(fine) + 0.5) * coarse / fine - 0.5
    away = np.abs(centres.clip(0, coarse - 1)[:, None] - np.arange(coarse)[None])
    tents = np.clip(1 - away, 0, None)
    weights: NDArray[np.float64] = tents / tents.sum(axis=0)
    return weights


class VoteMap(AttributionMethod[Settings]):
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
        """The map (h, w) at the resolution of the finest feature map."""
        output = classifier.infer(image, maps=True)
        require_finite(output.logits, classifier.name)
        (made,) = vote_maps(classifier, output, target)
        if progress:
            progress(1, 1)
        return made, held(classifier)


VOTE_MAP = VoteMap(
    name="vote_map",
    title="Vote map",
    unit="logit per position of the finest feature map",
    per_area=DENSITY_UNIT,
    note="Explains the sum of all heads: their Grad-CAMs added up, exact but for the biases.",
    source="Zhu et al. 2021, doi:10.3389/fmed.2021.626369; Selvaraju et al. 2017, arXiv:1610.02391",
    signed=True,
    complete=True,
    needs=DECOMPOSITION,
    settings=Settings,
)
