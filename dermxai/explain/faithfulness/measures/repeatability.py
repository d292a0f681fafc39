"""Repeatability: how like the map is when chance is drawn again."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score
from dermxai.explain.faithfulness.similarity import spearman

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class RepeatabilitySettings(Settings):
    seeds: int = setting(3, "Maps to compare", 2, 20)


class Repeatability(Measure[RepeatabilitySettings]):
    @override
    def passes(
        self, classifier: "Classifier", map_passes: int, settings: RepeatabilitySettings
    ) -> int:
        return settings.seeds * map_passes

    @override
    def measure(
        self,
        case: Case,
        candidate: Candidate,
        settings: RepeatabilitySettings,
        progress: Progress | None,
    ) -> Score:
        if not candidate.has_seed:
            return Score(1.0)
        maps = []
        for done in range(settings.seeds):
            if progress:
                progress(done, settings.seeds)
            maps.append(candidate.again(seed=case.seed + 1 + done))
        found = [spearman(one, other) for one, other in combinations(maps, 2)]
        if not np.isfinite(found).any():
            return Score.undefined("The map is the same everywhere.")
        return Score(float(np.nanmean(found)))


REPEATABILITY = Repeatability(
    name="repeatability",
    title="Repeatability",
    source="Rank correlation of maps over seeds (Spearman 1904, doi:10.2307/1412159)",
    note=(
        "Mean rank correlation of the maps of several seeds; 1 where chance has no part in the map."
    ),
    unit="rank correlation",
    higher=True,
    settings=RepeatabilitySettings,
    compared=False,
)
