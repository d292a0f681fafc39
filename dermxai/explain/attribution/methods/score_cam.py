"""Score-CAM (Wang et al. 2020, arXiv:1910.01279), signed.

A channel's weight is what the target gains when the image is seen through that channel's activation
only, against the covered image: no gradient is needed. The original turns the gains of all channels
into shares by a softmax, which is positive whatever they are, and takes a ReLU of the map; both
hide what speaks against the target, and are left out, so the map of A against B is that of B
against A turned round. Channels are taken by how much their activation varies over the image, which
does not depend on the target.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import CHOICES, HELP, MEAN, baseline
from dermxai.explain.attribution.method import PLACES, AttributionMethod, Made, Progress, Target
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class ScoreCamSettings(Settings):
    channels: int = setting(128, "Channels, those that vary most over the image", 8, 2048)
    baseline: str = setting(MEAN, HELP, choices=CHOICES)


class ScoreCam(AttributionMethod[ScoreCamSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: ScoreCamSettings) -> int:
        return min(settings.channels, classifier.info.heads[-1].channels) + 2

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: ScoreCamSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (h, w) of the head's feature map for an image (1, 3, size, size)."""
        image = image.to(classifier.device)
        maps = classifier.infer(image, maps=True).maps[-1 if target.head is None else target.head][
            0
        ]
        maps = maps.float()
        chosen = maps.flatten(1).std(1).argsort(descending=True, stable=True)[: settings.channels]
        maps = maps[chosen]  # (channel, h, w)
        covered = baseline(classifier, image, settings.baseline)
        low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
        windows = (maps - low) / (high - low).clamp(min=torch.finfo(maps.dtype).tiny)

        def gains(batch: int) -> Tensor:
            value = Value(classifier, target, progress, len(windows) + 1)
            with torch.inference_mode():
                found = [value(covered)]
                for some in torch.split(windows, batch):
                    seen = interpolate(some[:, None], image.shape[-2:], mode="bilinear")
                    found.append(value(seen * image + (1 - seen) * covered))
                gained: Tensor = torch.cat(found[1:]) - found[0]
            return gained

        weights, notes = halving(gains, first_batch(classifier))
        values: NDArray[np.float32] = torch.einsum("c,chw->hw", weights, maps).cpu().numpy()
        return values, (f"{len(maps)} channels.", *notes)


SCORE_CAM = ScoreCam(
    name="score_cam",
    title="Score-CAM",
    unit="arbitrary units: activation weighted by logits gained",
    note="Channels weighted by what the target gains when only what they see is left of the image.",
    source="Wang et al. 2020, arXiv:1910.01279",
    signed=True,
    complete=False,
    needs=PLACES,
    settings=ScoreCamSettings,
)
