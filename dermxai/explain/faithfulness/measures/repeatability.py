"""Repeatability: how like the map is when chance is drawn again."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dermxai.explain.faithfulness.likeness import spearman
from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Repeatability"
SOURCE = "Rank correlation of maps over seeds (Spearman 1904, doi:10.2307/1412159)"
NOTE = "Mean rank correlation of the maps of several seeds; 1 where chance has no part in the map."
UNIT = "rank correlation"
HIGHER = True
SHARE = False
COMPARED = False
LIMIT = None
NEEDS = None
VERSION = 1


@dataclass(frozen=True)
class Settings:
    seeds: int = field(default=3, metadata={"help": "Maps to compare", "low": 2, "high": 20})


def passes(classifier: "Classifier", map_passes: int, settings: Settings) -> int:  # noqa: ARG001
    return settings.seeds * map_passes


def measure(
    case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
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
