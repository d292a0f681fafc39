"""How many readers and cases a study needs, from the variance components of a pilot.

Figures of merit are drawn from Obuchowski and Rockette's model: the pilot's variances of readers
and of readers with a treatment, and its errors' variance and covariances, which shrink as cases
grow (Hillis, Obuchowski & Berbaum 2011, doi:10.1016/j.acra.2010.09.007). The share of drawn studies
in which the test finds the difference is the power, with Wilson's interval of that share.
Covariances are taken as known, as they nearly are in a study of many cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri, ndtri, stdtrit

from dermxai.metrics.confusion import ratio
from dermxai.metrics.mrmc.device import AgainstDevice
from dermxai.metrics.mrmc.obuchowski_rockette import Components

Floats = NDArray[np.float64]

DRAWS = 4000


@dataclass(frozen=True)
class Power:
    """
    Attributes:
        readers, cases: how many a study has.
        power: share of drawn studies that find the difference.
        low, high: Wilson's interval of the share, for the number of draws.
    """

    readers: int
    cases: int
    power: float
    low: float
    high: float


def power(
    components: Components,
    pilot_cases: int,
    difference: float,
    readers: Sequence[int],
    cases: Sequence[int],
    *,
    alpha: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Power, ...]:
    """Of two treatments, each reader with both, random readers and cases.

    Args:
        components: of the pilot; variances below 0 count as 0.
        pilot_cases: how many cases it had, of the same mixture as the study will have.
        difference: of the treatments' true figures of merit.
        readers, cases: numbers to try, each with each; two readers at least.
        alpha: level of the two-sided test.
        draws, seed: studies that are drawn of each.
    """
    rng = np.random.default_rng(seed)
    made = []
    for r in readers:
        for n in cases:
            found = _share(
                components, pilot_cases / n, difference, r, alpha=alpha, draws=draws, rng=rng
            )
            made.append(Power(r, n, found, *_wilson(found, draws)))
    return tuple(made)


def against_device_power(
    found: AgainstDevice,
    pilot_cases: int,
    difference: float,
    readers: Sequence[int],
    cases: Sequence[int],
    *,
    alpha: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Power, ...]:
    """Of readers against one device, whose pilot ``found`` is; else as `power`."""
    rng = np.random.default_rng(seed)
    lone = max(found.error - found.cov2, 0)  # error variance that differs among readers
    own = max(found.spread - lone, 0)
    made = []
    for r in readers:
        for n in cases:
            scale = pilot_cases / n
            shared = max(found.cov2, 0) * scale
            alone = own + lone * scale
            gaps = difference + np.sqrt(alone) * rng.standard_normal((draws, r))
            gaps += np.sqrt(shared) * rng.standard_normal((draws, 1))
            squares = gaps.var(axis=1, ddof=1)
            below = squares + r * shared
            free = ratio(below**2, squares**2) * (r - 1)
            reach = stdtrit(free, 1 - alpha / 2) * np.sqrt(below / r)
            share = float((np.abs(gaps.mean(axis=1)) > reach).mean())
            made.append(Power(r, n, share, *_wilson(share, draws)))
    return tuple(made)


def _share(
    pilot: Components,
    scale: float,
    difference: float,
    readers: int,
    *,
    alpha: float,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Differences of two treatments, reader by reader: what readers have in common cancels."""
    apart = max(pilot.cov2 - pilot.cov3, 0) * scale
    own = (
        max(pilot.interaction, 0)
        + max(pilot.error - pilot.cov1 - pilot.cov2 + pilot.cov3, 0) * scale
    )
    gaps = difference + np.sqrt(2 * own) * rng.standard_normal((draws, readers))
    gaps += np.sqrt(2 * apart) * rng.standard_normal((draws, 1))
    both = gaps.var(axis=1, ddof=1) / 2  # MS(TR) of two treatments
    below = both + readers * apart
    free = ratio(below**2, both**2) * (readers - 1)
    statistic = ratio(readers * gaps.mean(axis=1) ** 2 / 2, below)
    return float((statistic > fdtri(1, free, 1 - alpha)).mean())


def _wilson(share: float, of: int, level: float = 0.95) -> tuple[float, float]:
    z = ndtri((1 + level) / 2)
    middle, width = (
        share + z**2 / (2 * of),
        z * np.sqrt(share * (1 - share) / of + (z / (2 * of)) ** 2),
    )
    return float((middle - width) / (1 + z**2 / of)), float((middle + width) / (1 + z**2 / of))
