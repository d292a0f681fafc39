"""One class against the rest: where thresholds lie on its curves."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.metrics.decision import TARGETS, Criterion, OperatingPoint
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.measures import AtThreshold
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import AS_IT_IS
from dermxai.report.measures import rules_of
from dermxai.runs import Run

CHOSEN: Mapping[str, OperatingPoint] = {
    "Youden index": OperatingPoint(),
    "Equal error rate": OperatingPoint(Criterion.EQUAL_ERROR),
    "Sensitivity of 90 %": OperatingPoint(Criterion.SENSITIVITY, TARGETS[Criterion.SENSITIVITY]),
    "Specificity of 90 %": OperatingPoint(Criterion.SPECIFICITY, TARGETS[Criterion.SPECIFICITY]),
}
"""Operating points that are marked on curves."""


class Place(NamedTuple):
    """Where a decision for or against a class lies on its curves; NaN where undefined."""

    false_positive_rate: float
    sensitivity: float
    precision: float


def thresholds_of(
    run: Run,
    shown: Evaluation,
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> dict[str, dict[str, float]]:
    """By class and name of `CHOSEN`, the thresholds that validation patients choose; none where
    there are no such patients. NaN for a class that none can be chosen for."""
    try:
        rules = rules_of(run, shown, CHOSEN.values(), leaks=leaks, regrouping=regrouping)
    except InputError:
        return {code: {} for code in shown.classes}
    return {
        code: {name: rule.thresholds[k].value for name, rule in zip(CHOSEN, rules, strict=True)}
        for k, code in enumerate(shown.classes)
    }


def places(shown: Evaluation, code: str, thresholds: Mapping[str, float]) -> dict[str, Place]:
    """By name, where the thresholds of a class lie, and argmax, which need not lie on a curve."""
    known = np.isin(shown.true, shown.classes)
    member = shown.true[known] == code
    scores = shown.probabilities[known][:, shown.classes.index(code)]
    called = {f"{name} (validation)": scores >= value for name, value in thresholds.items()}
    called["Argmax"] = shown.predicted[known] == code
    undefined = {f"{name} (validation)" for name, value in thresholds.items() if np.isnan(value)}
    return {
        name: _place(member, chosen) for name, chosen in called.items() if name not in undefined
    }


def _place(member: np.ndarray, chosen: np.ndarray) -> Place:
    def share(of: np.ndarray, among: np.ndarray) -> float:
        return float(of[among].mean()) if among.any() else float("nan")

    return Place(share(chosen, ~member), share(chosen, member), share(member, chosen))


def false_alarms_in_words(found: AtThreshold) -> str:
    """Which classes the false alarms are of, the most frequent first."""
    alarms = found.called.iloc[1:]
    alarms = alarms[alarms["called"] > 0].sort_values("called", ascending=False, kind="stable")
    if alarms.empty:
        return "No false alarm."
    of = ", ".join(
        f"{code} {images:,}" for code, images in zip(alarms["class"], alarms["called"], strict=True)
    )
    return f"{count(int(alarms['called'].sum()), 'false alarm')}: {of}."
