"""How well a run's probabilities are calibrated, as they are and at a temperature fitted on
validation patients."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, fixed, jsonable
from dermxai.metrics import calibration, intervals
from dermxai.metrics.calibration import BINS, Brier, Reliability, Temperature
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import AS_IT_IS, evaluated
from dermxai.report.measures import CHOSEN_ON, choosing
from dermxai.runs import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Of the same images at one temperature."""

    reliability: Reliability
    brier: Brier
    log_loss: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """
    Attributes:
        event: class code, "" for: the prediction is right.
        before: as the model tells it.
        after: at the temperature; None where none could be fitted.
        temperature: the same.
        why_not: why none could be.
        clusters, level: of the intervals.
    """

    event: str
    before: Calibrated
    after: Calibrated | None
    temperature: Temperature | None
    why_not: str
    clusters: str
    level: float


def calibration_of(
    run: Run,
    shown: Evaluation,
    event: str = "",
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Calibration:
    """
    Args:
        shown: of the images that are measured, as `evaluated` gives it.
        event: class code, "" for: the prediction is right.
        leaks: fit the temperature on images that leak from training, too.
        regrouping: of the images that are shown.

    Raises:
        InputError: the model has no such class.
    """
    if event and event not in shown.classes:
        raise InputError(
            f"The model has no class {event!r}; choose one of {', '.join(shown.classes)}."
        )
    temperature, why_not = None, ""
    try:
        temperature = fitted(run, shown, leaks=leaks, regrouping=regrouping)
    except InputError as error:
        why_not = str(error)
    after = None if temperature is None else _calibrated(shown, event, temperature.value)
    return Calibration(
        event,
        _calibrated(shown, event, 1.0),
        after,
        temperature,
        why_not,
        shown.clusters,
        shown.level,
    )


def fitted(
    run: Run, shown: Evaluation, *, leaks: bool = True, regrouping: Regrouping = AS_IT_IS
) -> Temperature:
    """The temperature that validation patients fit who are not measured.

    Raises:
        InputError: there is none.
    """
    if run.split is None or not (run.split == CHOSEN_ON).any():
        raise InputError(
            f"Run {run.id} has no {CHOSEN_ON} images, on which a temperature is fitted; take a "
            "dataset with a validation split."
        )
    on = evaluated(run, CHOSEN_ON, leaks=leaks, regrouping=regrouping)
    rows, shared = choosing(on, shown)
    return calibration.fitted_temperature(
        pd.Index(on.classes).get_indexer(pd.Index(on.true[rows])),
        on.probabilities[rows],
        units=int(np.unique(on.unit_of[rows]).size),
        shared=shared,
    )


def _calibrated(shown: Evaluation, event: str, temperature: float) -> Calibrated:
    index = pd.Index(shown.classes)
    known = np.isin(shown.true, shown.classes)
    true = index.get_indexer(pd.Index(shown.true[known]))
    predicted = index.get_indexer(pd.Index(shown.predicted[known]))
    probabilities = shown.probabilities[known]
    if temperature != 1:
        probabilities = calibration.at_temperature(probabilities, temperature)
    clusters = intervals.cluster_index(shown.unit_of[known])
    if event:
        at = shown.classes.index(event)
        told, came_true = probabilities[:, at], true == at
    else:
        told, came_true = probabilities.max(axis=1, initial=0), true == predicted
    return Calibrated(
        calibration.reliability(told, came_true, clusters, shown.level),
        calibration.brier(true, probabilities, clusters, shown.level),
        calibration.log_loss(true, probabilities),
    )


def in_words(found: Calibration) -> str:
    """How bins are made, and where the temperature comes from, in sentences."""
    said = f"{BINS} bins of equal width; without images a bin is not there."
    fitted_ = found.temperature
    if fitted_ is None:
        return f"{said} No temperature: {found.why_not}"
    of = "" if found.clusters == "images" else f" of {count(fitted_.units, found.clusters[:-1])}"
    said += (
        f" Temperature {fixed(fitted_.value)}, fitted on "
        f"{count(fitted_.images, 'validation image')}{of}."
    )
    if fitted_.at_bound:
        said += " The log loss falls beyond it: the temperature is not determined."
    if fitted_.shared:
        said += (
            f" {count(fitted_.shared, 'image')} of these are measured, too: calibration at the "
            "temperature looks too good."
        )
    return said


def as_table(found: Calibration) -> pd.DataFrame:
    """A row for the probabilities as they are, and one at the temperature."""
    rows = {"as predicted": found.before}
    if found.after and found.temperature:
        rows[f"temperature {fixed(found.temperature.value)}"] = found.after
    return pd.DataFrame(
        [
            {
                "probabilities": name,
                "ece": each.reliability.ece,
                "ece_debiased": each.reliability.ece_debiased,
                "brier": each.brier.score,
                "low": each.brier.low,
                "high": each.brier.high,
                "reliability": each.brier.reliability,
                "resolution": each.brier.resolution,
                "uncertainty": each.brier.uncertainty,
                "within": each.brier.within,
                "log_loss": each.log_loss,
            }
            for name, each in rows.items()
        ]
    )


def as_json(found: Calibration) -> dict[str, object]:
    """For programs."""
    told: dict[str, object] = jsonable(
        {
            "event": found.event or "the prediction is right",
            "bins": BINS,
            "temperature": asdict(found.temperature) if found.temperature else None,
            "no_temperature": found.why_not or None,
            "measures": as_table(found).to_dict("records"),
            "reliability": found.before.reliability.bins.to_dict("records"),
            "reliability_at_temperature": (
                found.after.reliability.bins.to_dict("records") if found.after else None
            ),
        }
    )
    return told
