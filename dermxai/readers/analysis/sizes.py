"""How many readers and cases a study needs to find a difference, from a pilot's answers."""

from collections.abc import Sequence

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.metrics.mrmc import power
from dermxai.metrics.mrmc.device import against_device
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import obuchowski_rockette
from dermxai.readers.analysis.outcomes import AT, Outcomes

MOST_READERS, MOST_CASES = 1_000, 100_000


def sizes(
    outcomes: Outcomes,
    difference: float,
    readers: Sequence[int],
    cases: Sequence[int],
    *,
    arms: tuple[int, int] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Power for a difference of accuracy, the share of cases that are named right.

    Args:
        outcomes: of the pilot.
        difference: of accuracy that one wants to see, above 0 and below 1.
        readers, cases: numbers to try, each with each.
        arms: two arms that each reader reads in; readers of the first arm against the device where
            none are named.
        alpha: level of the two-sided test.
        seed: of the drawn studies.

    Raises:
        InputError: a number lies outside its range, or the pilot has fewer than two readers in
            these arms.
    """
    if not 0 < difference < 1:
        raise InputError(f"The difference {difference} came; it lies above 0 and below 1.")
    for found, most, what in ((readers, MOST_READERS, "readers"), (cases, MOST_CASES, "cases")):
        if not found or min(found) < 2 or max(found) > most:
            raise InputError(f"{list(found)} {what} came; from 2 to {most:,} are tried.")
    number = len(outcomes.study.cases)
    try:
        if arms is None:
            ratings = outcomes.right(outcomes.beside(0)[None])
            values = measured(ratings, Figure.SENSITIVITY, AT).figures[0]
            errors = covariance(ratings, Figure.SENSITIVITY, Covariance.DELONG, AT)[0, :, 0]
            device = against_device(values, errors)
            if device.readers.size < 2:
                raise ValueError("fewer than two readers")
            tried = power.against_device_power(
                device, number, difference, readers, cases, alpha=alpha, seed=seed
            )
        else:
            ratings = outcomes.right(outcomes.chosen[list(arms)])
            values = measured(ratings, Figure.SENSITIVITY, AT).figures
            errors = covariance(ratings, Figure.SENSITIVITY, Covariance.DELONG, AT)
            found_ = obuchowski_rockette(values, errors)
            if found_.nested or len(found_.readers) < 2:
                raise ValueError("fewer than two readers read in both arms")
            tried = power.power(
                found_.components, number, difference, readers, cases, alpha=alpha, seed=seed
            )
    except ValueError as error:
        raise InputError(
            f"The pilot {outcomes.study.name} cannot tell: {error}. It needs two readers or more "
            "in both arms, or beside a device."
        ) from error
    return pd.DataFrame([each.__dict__ for each in tried])
