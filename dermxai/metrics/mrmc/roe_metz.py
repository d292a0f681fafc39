"""Reader studies drawn from the model of Roe and Metz (1997, doi:10.1016/S1076-6332(97)80210-3):
a score is the sum of independent normal effects of reader, case, and their interactions with each
other and the treatment, plus an error; diseased cases lie higher by an amount that sets the AUC.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dermxai.metrics.mrmc.ratings import Ratings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RoeMetz:
    """Variances; those of case, treatment × case, reader × case and the error add up to 1.

    Attributes:
        auc: of every treatment, where none is better.
        reader, treatment_reader: of each truth by itself.
        case, treatment_case, reader_case, error: see above.
    """

    auc: float = 0.855
    reader: float = 0.0055
    treatment_reader: float = 0.0055
    case: float = 0.3
    treatment_case: float = 0.3
    reader_case: float = 0.2
    error: float = 0.2


STRUCTURES = {
    f"{correlation}{variance}": RoeMetz(
        reader=readers,
        treatment_reader=readers,
        case=cases,
        treatment_case=cases,
        error=0.8 - 2 * cases,
    )
    for variance, readers in (("L", 0.0055), ("H", 0.03))
    for correlation, cases in (("L", 0.1), ("H", 0.3))
}
"""Roe and Metz's four structures at an AUC of 0.855: low or high correlation by cases, low or high
variance of readers."""


def drawn(
    model: RoeMetz,
    readers: int,
    diseased: int,
    others: int,
    rng: np.random.Generator,
    *,
    treatments: int = 2,
    difference: float = 0.0,
    unaffected: int = 0,
) -> Ratings:
    """A crossed study.

    Args:
        model: of the scores.
        readers, diseased, others: how many readers and cases.
        rng: of all that is drawn.
        treatments: how many.
        difference: of the first treatment's AUC from that of the others.
        unaffected: how many readers, the last ones, have no effects of their own, as a device.
    """
    truth = np.repeat([True, False], [diseased, others])
    cases, t, r = truth.size, treatments, readers
    shift = np.full(t, ndtri(model.auc))
    shift[0] = ndtri(np.clip(model.auc + difference, 1e-6, 1 - 1e-6))

    def normal(variance: float, *shape: int) -> Floats:
        return np.asarray(np.sqrt(variance) * rng.standard_normal(shape))

    side = truth.astype(np.intp)
    affected = (np.arange(r) < r - unaffected)[:, None]
    spread = np.sqrt(2 * (1 + affected * (model.reader + model.treatment_reader)))  # (r, 1)
    scores = (
        shift[:, None, None] * spread * truth
        + affected * normal(model.reader, 2, 1, r)[side].transpose(1, 2, 0)
        + affected * normal(model.treatment_reader, 2, t, r)[side].transpose(1, 2, 0)
        + normal(model.case, 1, 1, cases)
        + normal(model.treatment_case, t, 1, cases)
        + normal(model.reader_case, 1, r, cases)
        + normal(model.error, t, r, cases)
    )
    return Ratings(np.asarray(scores), truth, np.arange(cases))
