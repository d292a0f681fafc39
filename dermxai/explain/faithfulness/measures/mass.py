"""Relevance mass accuracy (Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008), also called the
inside-total relevance ratio (Kohlbrenner et al. 2020, arXiv:1910.09840).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.localisation import relevance_mass
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

SOURCE = (
    "Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008; Kohlbrenner et al. 2020, arXiv:1910.09840"
)


@dataclass(frozen=True, kw_only=True)
class RelevanceMass(Measure[Settings]):
    needs: Literal["lesion", "evidence"]

    @override
    def passes(self, classifier: "Classifier", map_passes: int, settings: Settings) -> int:
        return 0

    @override
    def measure(
        self, case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
    ) -> Score:
        return relevance_mass(candidate.values, case.masks[self.needs])


MASS_EVIDENCE = RelevanceMass(
    name="mass_evidence",
    title="Relevance mass (signs)",
    source=SOURCE,
    note="The share of what speaks for the target that lies inside the drawn signs of the disease.",
    unit="share of the map",
    higher=True,
    settings=Settings,
    needs="evidence",
)
MASS_LESION = RelevanceMass(
    name="mass_lesion",
    title="Relevance mass (lesion)",
    source=SOURCE,
    note="The share of what speaks for the target that lies inside the lesion.",
    unit="share of the map",
    higher=True,
    settings=Settings,
    needs="lesion",
)
