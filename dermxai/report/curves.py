"""Curves of an evaluation: ROC and precision-recall with bands, net benefit, abstention."""

from collections.abc import Collection, Mapping

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.core.formatting import jsonable, percent
from dermxai.metrics.abstention import RiskCoverage, risk_coverage
from dermxai.metrics.bands import REPLICATES, Band, Bands, bands
from dermxai.metrics.calibration import at_temperature
from dermxai.metrics.decision import ARGMAX
from dermxai.metrics.decision_curve import DecisionCurve, decision_curve
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.measure_estimates import Decisions


def bands_of(
    shown: Evaluation, codes: Collection[str] | None = None, *, replicates: int = REPLICATES
) -> dict[str, Bands]:
    """By class code, in the model's order.

    Args:
        codes: of the classes; all where None.
        replicates: of the bootstrap.

    Raises:
        InputError: the model lacks a class.
    """
    order = sorted(_index(shown, code) for code in (shown.classes if codes is None else codes))
    made = Decisions.of(shown, ARGMAX)
    found = bands(
        made.member[:, order],
        made.scores[:, order],
        made.clusters,
        made.level,
        replicates=replicates,
    )
    return {shown.classes[k]: each for k, each in zip(order, found, strict=True)}


def decision_curve_of(
    shown: Evaluation,
    code: str,
    *,
    prevalence: float | None = None,
    temperature: float | None = None,
) -> DecisionCurve:
    """Net benefit of acting on a class.

    Args:
        code: of the class.
        prevalence: of the class; that of the images if not given.
        temperature: that logits are divided by before; none where None.

    Raises:
        InputError: the model lacks the class, or the prevalence is no share.
    """
    at, made = _index(shown, code), Decisions.of(shown, ARGMAX)
    told = made.scores if temperature is None else at_temperature(made.scores, temperature)
    return decision_curve(
        made.member[:, at], told[:, at], made.clusters, made.level, prevalence=prevalence
    )


def risk_coverage_of(shown: Evaluation) -> RiskCoverage:
    """Errors of the decision by argmax among the images with the highest probabilities."""
    made = Decisions.of(shown, ARGMAX)
    sure = made.scores.max(axis=1, initial=0)
    return risk_coverage(made.true == made.predicted, sure, made.clusters, made.level)


def useful_in_words(curve: DecisionCurve) -> str:
    """Where acting on the class is better than acting on all or on none, in a sentence."""
    if not curve.table["low"].notna().any():
        return "Too few patients or lesions for intervals."
    ranges = [
        percent(low, 0) if low == high else f"{percent(low, 0)} to {percent(high, 0)}"
        for low, high in curve.useful
    ]
    if not ranges:
        return "At no threshold do the intervals show more benefit than acting on all and on none."
    return (
        f"More benefit than acting on all and on none at thresholds of {', '.join(ranges)}; "
        "intervals are pointwise."
    )


def as_json(
    curves: Mapping[str, DecisionCurve],
    abstention: RiskCoverage,
    banded: Mapping[str, Bands],
) -> dict[str, object]:
    """For programs: net benefit by class, abstention, and bands where they were computed."""
    told: dict[str, object] = jsonable(
        {
            "net_benefit": {
                code: {
                    "prevalence": curve.prevalence,
                    "useful": curve.useful,
                    "curve": curve.table.to_dict("list"),
                }
                for code, curve in curves.items()
            },
            "abstention": {
                "area": abstention.area,
                "area_best": abstention.area_best,
                "curve": abstention.table.to_dict("list"),
            },
            "bands": {
                code: {
                    "replicates": each.replicates,
                    "roc": band_table(each.roc, "roc").to_dict("list"),
                    "precision_recall": band_table(
                        each.precision_recall, "precision_recall"
                    ).to_dict("list"),
                }
                for code, each in banded.items()
            },
        }
    )
    return told


def band_table(band: Band, curve: str) -> pd.DataFrame:
    """A row a point: ``false_positive_rate`` and ``sensitivity``, or ``recall`` and ``precision``,
    with ``low`` and ``high``."""
    names = ("false_positive_rate", "sensitivity") if curve == "roc" else ("recall", "precision")
    table = pd.DataFrame({names[0]: band.x, names[1]: band.y, "low": band.low, "high": band.high})
    return table.dropna(subset=[names[1]])


def _index(shown: Evaluation, code: str) -> int:
    if code not in shown.classes:
        raise InputError(
            f"The model has no class {code!r}; choose one of {', '.join(shown.classes)}."
        )
    return shown.classes.index(code)
