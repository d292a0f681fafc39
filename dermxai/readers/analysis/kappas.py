"""Agreement with the reference and among readers.

Kappa of readers and device is compared by three tests: the paper's, a normal score of two kappas
taken as independent, each of the table that has the readers' mean counts; the bootstrap of
patients, who are shared; and the analysis of several readers and cases in `classes`. Holm's
adjustment is of all classes together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics.multiplicity import holm
from dermxai.metrics.rater_agreement import (
    Agreement,
    Coefficient,
    ac1,
    band,
    brennan_prediger,
    cohen,
    coincidences,
    conger,
    conger_statistics,
    difference,
    estimated,
    fleiss,
    fleiss_statistics,
    kappa,
    krippendorff,
    pair_statistics,
    paired_difference,
)
from dermxai.readers.analysis.classes import ALL
from dermxai.readers.analysis.outcomes import Outcomes

Floats = NDArray[np.float64]

FLEISS, ALPHA = "Fleiss' kappa", "Krippendorff's alpha"


@dataclass(frozen=True, eq=False)
class Kappas:
    """
    Attributes:
        rows: a row a class, and `ALL`: ``readers`` (mean) and ``device`` with their bands, and the
            ``difference`` with ``z_p``, ``z_holm``, ``bootstrap_low``, ``_high``, ``_p``,
            ``_holm``.
        fleiss, alpha: of the readers among each other, all classes.
        among: the same and other coefficients, a row each: ``coefficient``, ``value``, ``low``,
            ``high``.
        by_class: Fleiss' kappa of each class against the others.
    """

    rows: pd.DataFrame
    fleiss: Agreement
    alpha: Agreement
    among: pd.DataFrame
    by_class: pd.DataFrame


def kappas(
    outcomes: Outcomes, arm: int = 0, level: float = 0.95, *, draws: int = 2000, seed: int = 0
) -> Kappas:
    """Of one arm.

    Args:
        outcomes: of a study.
        arm: by index.
        level: of intervals.
        draws, seed: of the bootstrap.
    """
    study = outcomes.study
    answers = outcomes.chosen[arm]
    answers = answers[(answers >= 0).any(axis=1)]
    rows = []
    for code, name in [*enumerate(study.classes), (-1, ALL)]:
        classes = len(study.classes) if code < 0 else 2

        def reduced(of: NDArray[np.intp], code: int = code) -> NDArray[np.intp]:
            return of if code < 0 else np.where(of >= 0, (of == code).astype(np.intp), -1)

        truth = reduced(study.truth)
        named = [reduced(own) for own in answers]
        each = np.array([kappa(pair_statistics(truth, own, classes).sum(axis=0)) for own in named])
        named = [own for own, value in zip(named, each, strict=True) if np.isfinite(value)]
        mean = float(np.nanmean(each)) if named else np.nan
        told: dict[str, object] = {"class": name, "readers": mean, "readers_band": band(mean)}
        if outcomes.with_device:
            beside = _Beside(truth, named, reduced(outcomes.device), classes)
            told |= beside.compared(study.clusters, level, draws=draws, seed=seed)
        rows.append(told)
    table = pd.DataFrame(rows)
    if outcomes.with_device:
        single = (table["class"] != ALL).to_numpy()
        for test in ("z", "bootstrap"):
            table[f"{test}_holm"] = np.nan
            adjusted = holm(table.loc[single, f"{test}_p"].to_numpy(dtype=np.float64))
            table.loc[single, f"{test}_holm"] = adjusted
    counts = (answers[:, :, None] == np.arange(len(study.classes))).sum(axis=0)
    among = _among(answers, counts, study.clusters, level)
    rows_ = [{"coefficient": name, **_told(found)} for name, found in among.items()]
    return Kappas(
        table, among[FLEISS], among[ALPHA], pd.DataFrame(rows_), _by_class(counts, outcomes, level)
    )


def _among(
    answers: NDArray[np.intp], counts: NDArray[np.int64], clusters: NDArray[np.intp], level: float
) -> dict[str, Agreement]:
    """Agreement of readers (r, n), of whom ``counts`` (n, k) gave each answer."""
    of_counts, classes = fleiss_statistics(counts), counts.shape[1]
    parts: dict[str, tuple[Floats, Coefficient]] = {
        FLEISS: (of_counts, fleiss),
        "Conger's kappa": (conger_statistics(answers, classes), conger(len(answers))),
        "Brennan–Prediger": (of_counts, brennan_prediger),
        "Gwet's AC1": (of_counts, ac1),
        ALPHA: (coincidences(counts), krippendorff()),
    }
    return {
        name: estimated(statistics, coefficient, clusters, level=level)
        for name, (statistics, coefficient) in parts.items()
    }


def _told(found: Agreement) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


@dataclass(frozen=True, eq=False)
class _Beside:
    """Readers and device, one class against the others or all classes.

    Attributes:
        truth: (case,)
        readers: (case,) answers of each; −1 where there is none.
        device: (case,) its answers.
        classes: how many there are.
    """

    truth: NDArray[np.intp]
    readers: Sequence[NDArray[np.intp]]
    device: NDArray[np.intp]
    classes: int

    def compared(
        self, clusters: NDArray[np.intp], level: float, *, draws: int, seed: int
    ) -> dict[str, object]:
        own = float(kappa(self._statistics(self.device).sum(axis=0)))
        told: dict[str, object] = {"device": own, "device_band": band(own)}
        if not self.readers or np.isnan(own):
            names = ("difference", "z_p", "bootstrap_low", "bootstrap_high", "bootstrap_p")
            return told | dict.fromkeys(names, np.nan)
        table = np.mean([self._table(each) for each in self.readers], axis=0)
        drawn = paired_difference(
            map(self._statistics, self.readers),
            [self._statistics(self.device)],
            kappa,
            clusters,
            level=level,
            draws=draws,
            seed=seed,
        )
        return told | {
            "difference": drawn.value,
            "z_p": difference(cohen(table), cohen(self._table(self.device))).p,
            "bootstrap_low": drawn.low,
            "bootstrap_high": drawn.high,
            "bootstrap_p": drawn.p,
        }

    def _statistics(self, answers: NDArray[np.intp]) -> Floats:
        return pair_statistics(self.truth, answers, self.classes)

    def _table(self, answers: NDArray[np.intp]) -> Floats:
        made = np.zeros((self.classes, self.classes))
        known = answers >= 0
        np.add.at(made, (self.truth[known], answers[known]), 1)
        return made


def _by_class(counts: NDArray[np.int64], outcomes: Outcomes, level: float) -> pd.DataFrame:
    rows = []
    raters = counts.sum(axis=1)
    for code, name in enumerate(outcomes.study.classes):
        two = np.column_stack([counts[:, code], raters - counts[:, code]])
        found = estimated(fleiss_statistics(two), fleiss, outcomes.study.clusters, level=level)
        rows.append({"class": name, "fleiss": found.value, "low": found.low, "high": found.high})
    return pd.DataFrame(rows)
