"""Relevance mass accuracy (Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008), also called the
inside-total relevance ratio (Kohlbrenner et al. 2020, arXiv:1910.09840), with the lesion.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dermxai.explain.faithfulness.localisation import relevance_mass
from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Relevance mass (lesion)"
SOURCE = (
    "Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008; Kohlbrenner et al. 2020, arXiv:1910.09840"
)
NOTE = "The share of what speaks for the target that lies inside the lesion."
UNIT = "share of the map"
HIGHER = True
SHARE = False
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
    return relevance_mass(candidate.values, case.masks[NEEDS])
