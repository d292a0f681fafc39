"""Deletion, pixels inpainted: the mean of the target's value while the pixels that a map calls
most important are taken away, the area under the curve over the share of the image.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.faithfulness.removal import deletion, inpainted
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Deletion (inpainting)"
SOURCE = "Petsiuk et al. 2018, arXiv:1806.07421"
NOTE = "The target's mean value while the most important pixels are inpainted."
UNIT = "logit"
HIGHER = False
SHARE = False
COMPARED = True
LIMIT = None
NEEDS = None
VERSION = 1


@dataclass(frozen=True)
class Settings:
    steps: int = field(
        default=8, metadata={"help": "Parts in which the pixels go", "low": 2, "high": 100}
    )


def passes(classifier: "Classifier", map_passes: int, settings: Settings) -> int:  # noqa: ARG001
    return settings.steps + 1


def measure(
    case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
) -> Score:
    return deletion(case, candidate, settings.steps, inpainted, progress)
