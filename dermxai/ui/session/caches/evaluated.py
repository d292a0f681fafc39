"""Evaluations of runs, and confusion analyses of two classes."""

import pandas as pd

from dermxai.metrics.abstention import RiskCoverage
from dermxai.metrics.bands import Bands
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.decision_curve import DecisionCurve
from dermxai.metrics.leakage import Premium
from dermxai.metrics.measures import AtThreshold, Measures, measured_at
from dermxai.metrics.regrouping import Regrouping
from dermxai.report import ConfusionAnalysis, curves
from dermxai.report import confusion_analysis as analyse
from dermxai.report.calibration import Calibration, calibration_of
from dermxai.report.comparison import Compared, compared
from dermxai.report.evaluated import AS_IT_IS, Evaluated, evaluated
from dermxai.report.evaluated import premium as evaluated_premium
from dermxai.report.measures import measures_of
from dermxai.report.one_class import thresholds_of
from dermxai.report.prediction_sets import PredictionSets, sets_or_why_not
from dermxai.runs.near_duplicates import find_near_duplicates
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.caches.stored_runs import quality_stamp, run


@kept("Measuring …")
def evaluation(run_id: str, split: str | None, leaks: bool = True) -> Evaluated:
    """A run evaluated on a split of its dataset, or on everything, with the images that leak
    from training or without."""
    return evaluated(run(run_id), split, leaks=leaks)


def regrouped(run_id: str, split: str | None, leaks: bool, regrouping: Regrouping) -> Evaluated:
    """The evaluation with classes taken as one, or of lesions or patients."""
    if regrouping == AS_IT_IS:
        return evaluation(run_id, split, leaks)
    return _regrouped(run_id, split, leaks, regrouping)


@kept("Measuring …")
def _regrouped(run_id: str, split: str | None, leaks: bool, regrouping: Regrouping) -> Evaluated:
    return evaluated(run(run_id), split, leaks=leaks, regrouping=regrouping)


@kept("Measuring …")
def measures(
    run_id: str,
    split: str | None,
    leaks: bool = True,
    *,
    point: OperatingPoint | None = None,
    prevalence: float | None = None,
    regrouping: Regrouping = AS_IT_IS,
) -> Measures:
    """Every measure under a decision rule.

    Raises:
        InputError: no operating point can be chosen.
    """
    shown = regrouped(run_id, split, leaks, regrouping)
    return measures_of(run(run_id), shown, point, prevalence, leaks=leaks, regrouping=regrouping)


@kept("Measuring …")
def calibration(
    run_id: str,
    split: str | None,
    leaks: bool = True,
    event: str = "",
    regrouping: Regrouping = AS_IT_IS,
) -> Calibration:
    """See `calibration_of`."""
    shown = regrouped(run_id, split, leaks, regrouping)
    return calibration_of(run(run_id), shown, event, leaks=leaks, regrouping=regrouping)


@kept("Drawing patients …")
def bands(
    run_id: str,
    split: str | None,
    leaks: bool,
    code: str,
    regrouping: Regrouping = AS_IT_IS,
) -> Bands:
    """See `curves.bands_of`."""
    return curves.bands_of(regrouped(run_id, split, leaks, regrouping), [code])[code]


@kept()
def thresholds(
    run_id: str, split: str | None, leaks: bool = True, regrouping: Regrouping = AS_IT_IS
) -> dict[str, dict[str, float]]:
    """See `thresholds_of`."""
    shown = regrouped(run_id, split, leaks, regrouping)
    return thresholds_of(run(run_id), shown, leaks=leaks, regrouping=regrouping)


@kept()
def at_threshold(
    run_id: str,
    split: str | None,
    leaks: bool,
    code: str,
    threshold: float,
    *,
    prevalence: float | None = None,
    regrouping: Regrouping = AS_IT_IS,
) -> AtThreshold:
    """See `measured_at`."""
    return measured_at(regrouped(run_id, split, leaks, regrouping), code, threshold, prevalence)


@kept("Measuring …")
def decision_curve(
    run_id: str,
    split: str | None,
    leaks: bool,
    code: str,
    *,
    prevalence: float | None = None,
    temperature: float | None = None,
    regrouping: Regrouping = AS_IT_IS,
) -> DecisionCurve:
    """See `curves.decision_curve_of`."""
    return curves.decision_curve_of(
        regrouped(run_id, split, leaks, regrouping),
        code,
        prevalence=prevalence,
        temperature=temperature,
    )


@kept("Measuring …")
def risk_coverage(
    run_id: str, split: str | None, leaks: bool, regrouping: Regrouping = AS_IT_IS
) -> RiskCoverage:
    """See `curves.risk_coverage_of`."""
    return curves.risk_coverage_of(regrouped(run_id, split, leaks, regrouping))


@kept("Measuring …")
def prediction_sets(
    run_id: str,
    split: str | None,
    leaks: bool,
    coverage: float,
    by_class: bool,
    *,
    regrouping: Regrouping = AS_IT_IS,
) -> tuple[PredictionSets | None, str]:
    """See `sets_or_why_not`."""
    shown = regrouped(run_id, split, leaks, regrouping)
    return sets_or_why_not(
        run(run_id), shown, coverage, by_class=by_class, leaks=leaks, regrouping=regrouping
    )


@kept("Measuring what leaks …")
def premium(run_id: str, split: str | None, regrouping: Regrouping = AS_IT_IS) -> Premium | None:
    """What images that leak from training add to the measures; None where none does."""
    whole = regrouped(run_id, split, True, regrouping)
    return evaluated_premium(run(run_id), split, whole, regrouping)


@kept("Looking for near-duplicates …")
def near_duplicates(run_id: str) -> pd.DataFrame:
    """See `find_near_duplicates`."""
    return find_near_duplicates(run(run_id))


def confusion_analysis(
    run_id: str, split: str | None, first: str, second: str
) -> ConfusionAnalysis:
    """What is known of two classes.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    return _analysis(run_id, split, first, second, quality_stamp(run(run_id)))


@kept("Comparing …")
def _analysis(
    run_id: str, split: str | None, first: str, second: str, _quality: int
) -> ConfusionAnalysis:
    return analyse(run(run_id), evaluation(run_id, split), first, second, split=split)


@kept("Comparing models …")
def comparison(
    run_ids: tuple[str, ...],
    split: str | None,
    leaks: bool = True,
    *,
    point: OperatingPoint | None = None,
    regrouping: Regrouping = AS_IT_IS,
    average: bool = False,
) -> Compared:
    """Runs side by side, see `compared`.

    Raises:
        InputError: as `compared`.
    """
    opened = [run(run_id) for run_id in run_ids]
    return compared(opened, split, point=point, leaks=leaks, regrouping=regrouping, average=average)
