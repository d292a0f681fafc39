"""Cascading randomisation of the network (Adebayo et al. 2018, arXiv:1810.03292).

A map that looks the same when the network has forgotten all that it learnt does not explain what it
learnt. Layers are randomised from the outputs to the input, cumulatively, and each time the map is
computed anew; the value is the size of its rank correlation with the true network's map, averaged
over the stages. Random weights turn a map's sign by chance: a pattern that is still there comes out
upright or turned round, and signed correlations would average to nothing (the publication gives
both). Signed values and SSIM stand beside it. The publication sets no limit; ours asks that, on
average, less than half of the order is left.
"""

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.cascade import cascade, stages
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score
from dermxai.explain.faithfulness.similarity import spearman, ssim

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


LIMIT = 0.5


class RandomisationSettings(Settings):
    stages: int = setting(3, "Stages to look at, from the heads to all", 1, 50)


def _chosen_stages(count: int, wanted: int) -> set[int]:
    """Evenly spread numbers of stages; the first and the last are among them."""
    return {round(each) for each in np.linspace(0, count - 1, min(wanted, count))}


def _listed(values: list[float]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]


class Randomisation(Measure[RandomisationSettings]):
    @override
    def passes(
        self, classifier: "Classifier", map_passes: int, settings: RandomisationSettings
    ) -> int:
        return min(settings.stages, len(stages(classifier.network))) * map_passes

    @override
    def measure(
        self,
        case: Case,
        candidate: Candidate,
        settings: RandomisationSettings,
        progress: Progress | None,
    ) -> Score:
        if not case.classifier.capabilities.gradients:
            raise InputError(
                f"{case.classifier.name} is a black box, whose weights stay as they are."
            )
        looked_at = _chosen_stages(len(stages(case.classifier.network)), settings.stages)
        names: list[str] = []
        ranks: list[float] = []
        structures: list[float] = []
        for number, (name, classifier) in enumerate(cascade(case.classifier, case.seed)):
            if number not in looked_at:
                continue
            if progress:
                progress(len(names), len(looked_at))
            values = candidate.again(classifier=classifier)
            names.append(name)
            ranks.append(spearman(values, candidate.values))
            structures.append(ssim(values, candidate.values))
        if not np.isfinite(ranks).any():
            return Score.undefined("The map of the randomised network is the same everywhere.")
        return Score(
            float(np.nanmean(np.abs(ranks))),
            curves={
                "x": names,
                "|Spearman|": _listed([abs(each) for each in ranks]),
                "Spearman": _listed(ranks),
                "SSIM": _listed(structures),
            },
        )


RANDOMISATION = Randomisation(
    name="randomisation",
    title="Randomisation",
    source="Adebayo et al. 2018, arXiv:1810.03292",
    note=(
        "Likeness of the map, or of its negative, under cascading parameter randomisation (MPRT)."
    ),
    unit="size of the rank correlation",
    higher=False,
    settings=RandomisationSettings,
    compared=False,
    limit=LIMIT,
    version=2,
)
