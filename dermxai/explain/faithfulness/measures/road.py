"""ROAD, remove and debias (Rong et al. 2022, arXiv:2202.00449), on the target's value.

Pixels are taken away in both orders, most relevant first and least relevant first, and imputed so
that the hole itself says little. The value is half the distance between the two curves, as
"combined" in Gildenblat's pytorch-grad-cam: zero for an order that means nothing. The publication
counts images that are still predicted correctly, for which one image would be a coin.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.imputation import imputed
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score
from dermxai.explain.faithfulness.removal import Mask, remaining, top

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


_MOST = 0.5  # share of the image that is taken away at most
_NOISE = 0.01  # standard deviation, normalised colours


class RoadSettings(Settings):
    steps: int = setting(3, "Shares to take away, up to half", 1, 25)


class Road(Measure[RoadSettings]):
    @override
    def passes(self, classifier: "Classifier", map_passes: int, settings: RoadSettings) -> int:
        return 2 * settings.steps

    @override
    def measure(
        self, case: Case, candidate: Candidate, settings: RoadSettings, progress: Progress | None
    ) -> Score:
        generator = np.random.default_rng(case.seed)

        def fill(case: Case, removed: Mask) -> Tensor:
            return torch.from_numpy(imputed(case.image[0].numpy(), removed, _NOISE, generator))

        x = np.linspace(0, _MOST, settings.steps + 1)[1:]
        masks = [top(sign * candidate.values, share) for sign in (1, -1) for share in x]
        most, least = remaining(case, masks, fill, progress).reshape(2, -1)
        return Score(
            float((least - most).mean() / 2),
            curves={
                "x": x.tolist(),
                "most relevant first": most.tolist(),
                "least relevant first": least.tolist(),
            },
        )


ROAD = Road(
    name="road",
    title="ROAD",
    source="Rong et al. 2022, arXiv:2202.00449",
    note="How much more of the target stays when the least important pixels go than the most.",
    unit="logit",
    higher=True,
    settings=RoadSettings,
)
