"""The pointing game (Zhang et al. 2016, arXiv:1608.00507), no tolerance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.localisation import pointing_game
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

SOURCE = "Zhang et al. 2016, arXiv:1608.00507"


@dataclass(frozen=True, kw_only=True)
class PointingGame(Measure[Settings]):
    needs: Literal["lesion", "evidence"]

    @override
    def passes(self, classifier: "Classifier", map_passes: int, settings: Settings) -> int:
        return 0

    @override
    def measure(
        self, case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
    ) -> Score:
        return pointing_game(candidate.values, case.masks[self.needs])


POINTING_EVIDENCE = PointingGame(
    name="pointing_evidence",
    title="Pointing game (signs)",
    source=SOURCE,
    note="Whether the map's highest value lies inside the drawn signs of the disease.",
    unit="share of images",
    higher=True,
    settings=Settings,
    share=True,
    needs="evidence",
)
POINTING_LESION = PointingGame(
    name="pointing_lesion",
    title="Pointing game (lesion)",
    source=SOURCE,
    note="Whether the map's highest value lies inside the lesion.",
    unit="share of images",
    higher=True,
    settings=Settings,
    share=True,
    needs="lesion",
)
