"""Readers against one fixed device, such as a network, on the same cases.

The device is no draw from a population of devices: readers and cases may be. Each reader's figure
of merit less the device's is one number, with errors that covary over cases; their mean is tested
as that of one treatment (Hillis 2007, doi:10.1002/sim.2532; Chakraborty 2017, Observer Performance
Methods for Diagnostic Imaging, on readers and computers).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.mrmc.obuchowski_rockette import (
    USUAL,
    Convention,
    Estimate,
    Generalises,
    single,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AgainstDevice:
    """
    Attributes:
        readers: (r,) figures of merit.
        device: its own.
        spread, error, cov2: variance of the differences among readers, and error variance and
            covariance of the differences.
        differences: mean of readers less device, by whom it applies to.
    """

    readers: Floats
    device: float
    spread: float
    error: float
    cov2: float
    differences: dict[Generalises, Estimate]


def against_device(
    values: Floats,
    covariance: Floats,
    *,
    convention: Convention = USUAL,
    level: float = 0.95,
) -> AgainstDevice:
    """Compares readers with a device.

    Args:
        values: (r + 1,) figures of merit of readers, the device's last. Readers without one (NaN)
            are left out.
        covariance: (r + 1, r + 1) of their errors.
        convention, level: see `obuchowski_rockette`.

    Raises:
        ValueError: the device or all readers have no figure of merit.
    """
    known = np.flatnonzero(np.isfinite(values[:-1]))
    if not known.size or not np.isfinite(values[-1]):
        raise ValueError("no reader, or no device, has a figure of merit")
    chosen = np.append(known, values.size - 1)
    minus = np.hstack([np.eye(known.size), np.full((known.size, 1), -1.0)])
    gaps = minus @ values[chosen]
    errors = minus @ covariance[np.ix_(chosen, chosen)] @ minus.T
    others = ~np.eye(known.size, dtype=bool)
    return AgainstDevice(
        values[known],
        float(values[-1]),
        float(gaps.var(ddof=1)) if known.size > 1 else np.nan,
        float(np.diag(errors).mean()),
        float(errors[others].mean()) if known.size > 1 else 0.0,
        {to: single(gaps, errors, to, convention=convention, level=level) for to in Generalises},
    )
