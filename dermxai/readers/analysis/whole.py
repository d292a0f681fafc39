"""All that a study's answers tell, put together once for the command line and pages."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from dermxai.metrics.basis import basis
from dermxai.metrics.mrmc.obuchowski_rockette import Generalises
from dermxai.readers.analysis.arms import Gain, confidence, gains, times
from dermxai.readers.analysis.classes import ClassTable, class_table
from dermxai.readers.analysis.confused import confused
from dermxai.readers.analysis.errors import Errors, errors
from dermxai.readers.analysis.kappas import Kappas, kappas
from dermxai.readers.analysis.outcomes import Outcomes
from dermxai.readers.answered import Study

FEW_READERS, FEW_PATIENTS = 5, 20


@dataclass(frozen=True, eq=False)
class StudyAnalysis:
    """
    Attributes:
        study: that was analysed.
        arm: of ``classes``, ``kappas``, ``confused`` and ``errors``.
        gains: of arms with help.
        times, confidence: a row an arm, and a bin.
        level: of intervals.
        notes: what a reader of the numbers should know, a sentence each.
    """

    study: Study
    arm: str
    classes: ClassTable
    kappas: Kappas
    confused: pd.DataFrame
    errors: Errors
    gains: tuple[Gain, ...]
    times: pd.DataFrame
    confidence: pd.DataFrame
    level: float
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For programs; NaN is null there."""
        study, kappa, wrong = self.study, self.kappas, self.errors
        return {
            "study": {
                "name": study.name,
                "classes": list(study.classes),
                "readers": len(study.readers),
                "cases": len(study.cases),
                "answers": len(study.answers),
                "arms": [asdict(arm) for arm in study.arms],
                "device": study.device and study.device.name,
            },
            "intervals": basis(study.independent, self.level),
            "arm": self.arm,
            "applies_to": str(self.classes.to),
            "classes": _records(self.classes.rows),
            "operating_points": _records(self.classes.operating),
            "points": _records(self.classes.points),
            "confused": _records(self.confused),
            "kappa": {
                "rows": _records(kappa.rows),
                "fleiss": asdict(kappa.fleiss),
                "krippendorff": asdict(kappa.alpha),
                "among": _records(kappa.among),
                "fleiss_by_class": _records(kappa.by_class),
            },
            "errors": {
                "readers": wrong.readers.tolist(),
                "device": None if wrong.device is None else wrong.device.tolist(),
                "both": None if wrong.both is None else wrong.both.tolist(),
                "both_wrong": wrong.both_wrong["case"].tolist(),
                "no_reader_agrees": wrong.doubtful["case"].tolist(),
            },
            "help": [
                {
                    "without": each.without,
                    "with": each.with_,
                    "readers_split": each.nested,
                    "rows": _records(each.rows),
                    "changes": _records(each.changes),
                    "cases": _records(each.cases),
                    "wrong_help": each.bias and asdict(each.bias),
                }
                for each in self.gains
            ],
            "seconds": _records(self.times),
            "confidence": _records(self.confidence),
            "notes": list(self.notes),
        }


def analyse(
    study: Study,
    *,
    arm: str | None = None,
    to: Generalises | None = None,
    level: float = 0.95,
    draws: int = 2000,
) -> StudyAnalysis:
    """Everything of a study.

    Args:
        study: with a device, or without.
        arm: that is analysed class by class; the first without help where none is named, else the
            first.
        to: whom differences apply to; readers and cases, or cases where there is one reader.
        level: of intervals.
        draws: of the bootstrap.
    """
    outcomes = Outcomes.of(study)
    names = [each.name for each in study.arms]
    alone = [each.name for each in study.arms if each.help == "none"]
    chosen = arm if arm is not None else (alone or names)[0]
    place = names.index(chosen)
    read = int((outcomes.chosen[place] >= 0).any(axis=1).sum())
    whom = to or (Generalises.BOTH if read > 1 else Generalises.CASES)
    return StudyAnalysis(
        study=study,
        arm=chosen,
        classes=class_table(outcomes, place, whom, level),
        kappas=kappas(outcomes, place, level, draws=draws),
        confused=confused(outcomes, place, whom, level),
        errors=errors(outcomes, place),
        gains=gains(outcomes, level),
        times=times(outcomes, level),
        confidence=confidence(outcomes, level),
        level=level,
        notes=(*study.notes, *_notes(study, outcomes, place, read, whom)),
    )


def _notes(study: Study, outcomes: Outcomes, arm: int, read: int, to: Generalises) -> Iterator[str]:
    if to is Generalises.CASES and read == 1:
        yield "One reader: intervals tell of other cases alone, not of other readers."
    elif read < FEW_READERS and to is not Generalises.CASES:
        yield f"{read} readers: intervals over readers are wide, and rest on little."
    patients = len(set(study.clusters.tolist()))
    if patients < FEW_PATIENTS:
        yield (
            f"{patients} {study.independent}: covariances of so few are uncertain, and the "
            "degrees of freedom may be far off."
        )
    empty = [code for at, code in enumerate(study.classes) if not (study.truth == at).any()]
    if empty:
        yield f"No case is of {', '.join(empty)}: sensitivity, AUC and kappa are undefined there."
    missing = int((outcomes.chosen[arm] < 0).sum())
    if missing:
        yield f"{missing:,} of {outcomes.chosen[arm].size:,} readings of the arm are missing."
    if study.device is not None and (outcomes.device < 0).any():
        lacking = int((outcomes.device < 0).sum())
        yield f"The device has not answered {lacking:,} of {outcomes.device.size:,} cases."


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
