"""The pointing game (Zhang et al. 2016, arXiv:1608.00507) with the lesion, no tolerance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dermxai.explain.faithfulness.localisation import pointing_game
from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Pointing game (lesion)"
SOURCE = "Zhang et al. 2016, arXiv:1608.00507"
NOTE = "Whether the map's highest value lies inside the lesion."
UNIT = "share of images"
HIGHER = True
SHARE = True
COMPARED = True
LIMIT = None
NEEDS = "lesion"
VERSION = 1


@dataclass(frozen=True)
class Settings:
    """It has none."""


def passes(classifier: "Classifier", map_passes: int, settings: Settings) -> int:  # noqa: ARG001
    return 0


def measure(
    case: Case,
    candidate: Candidate,
    settings: Settings,  # noqa: ARG001
    progress: Progress | None,  # noqa: ARG001
) -> Score:
    return pointing_game(candidate.values, case.masks[NEEDS])
