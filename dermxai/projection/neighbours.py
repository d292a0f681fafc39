"""Nearest neighbours, exact, so that a map is the same on every machine with the same numbers."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_CELLS = 2**24  # distances held at once


def nearest(
    data: NDArray[np.floating], count: int, progress: Callable[[int, int], None]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest other rows of each row, by Euclidean distance.

    Args:
        data: (n, d), n above ``count``.
        count: neighbours of each row.
        progress: called with rows done and in all.

    Returns:
        Indices and distances, (n, count), nearest first; ties by index.
    """
    n = len(data)
    single = data.astype(np.float32)
    squares = np.einsum("ij,ij->i", single, single)
    indices = np.empty((n, count), dtype=np.int64)
    distances = np.empty((n, count))
    block = max(1, _CELLS // n)
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))
        rough = squares - 2 * (single[rows] @ single.T)  # short of the row's own square
        rough[np.arange(rows.size), rows] = np.inf
        found = np.sort(np.argpartition(rough, count - 1, axis=1)[:, :count], axis=1)
        away = np.linalg.norm(data[found] - data[rows, None], axis=2)
        order = np.argsort(away, axis=1, kind="stable")
        indices[rows] = np.take_along_axis(found, order, axis=1)
        distances[rows] = np.take_along_axis(away, order, axis=1)
        progress(min(start + block, n), n)
    return indices, distances
