"""p-values of several tests that are asked together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Adjusted so that any of them is at most α, where all null hypotheses are true, with chance α
    at most (Holm 1979, A simple sequentially rejective multiple test procedure).

    Args:
        p: (..., k) of tests that are asked together along the last axis; NaN where nothing was
            tested.

    Returns:
        (..., k) NaN where nothing was tested.
    """
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given, axis=-1)  # NaN last
    left = np.isfinite(given).sum(axis=-1, keepdims=True) - np.arange(given.shape[-1])
    ordered = np.take_along_axis(given, order, axis=-1) * np.maximum(left, 1)
    adjusted = np.empty_like(given)
    raised = np.minimum(np.maximum.accumulate(ordered, axis=-1), 1)
    np.put_along_axis(adjusted, order, raised, axis=-1)
    return adjusted
