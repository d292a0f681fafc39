"""Noisy linear imputation (Rong et al. 2022, arXiv:2202.00449, section 5).

Each removed pixel becomes the weighted mean of its eight neighbours, 1/6 for those beside it and
1/12 for those at its corners; where these are removed too, all equations are solved together. A
little noise keeps the network from reading the shape of the hole off its smoothness.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

_WEIGHTS = {
    (row, column): 1 / 6 if row * column == 0 else 1 / 12
    for row in (-1, 0, 1)
    for column in (-1, 0, 1)
    if (row, column) != (0, 0)
}


def imputed(
    image: NDArray[np.floating],
    removed: NDArray[np.bool_],
    noise: float = 0.0,
    generator: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """An image (channels, h, w) without the removed pixels (h, w); some must remain.

    Args:
        noise: standard deviation of what is added to imputed pixels.
        generator: draws it.
    """
    filled = np.array(image, dtype=np.float32)
    rows, columns = np.nonzero(removed)
    if not rows.size:
        return filled
    solved = _solved(image, removed, rows, columns)
    if noise and generator is not None:
        solved = solved + noise * generator.standard_normal(solved.shape)
    filled[:, rows, columns] = solved.T
    return filled


def _solved(
    image: NDArray[np.floating],
    removed: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> NDArray[np.float64]:
    """(removed pixels, channels)"""
    count = rows.size
    number = np.zeros(removed.shape, dtype=np.intp)
    number[rows, columns] = np.arange(count)
    total, known = np.zeros(count), np.zeros((count, image.shape[0]))
    entries: list[tuple[NDArray[np.intp], NDArray[np.intp], float | NDArray[np.float64]]] = []
    for (down, right), weight in _WEIGHTS.items():
        at, across = rows + down, columns + right
        inside = (at >= 0) & (across >= 0) & (at < removed.shape[0]) & (across < removed.shape[1])
        equation = np.flatnonzero(inside)
        at, across = at[inside], across[inside]
        total[equation] += weight
        unknown = removed[at, across]
        known[equation[~unknown]] += weight * image[:, at[~unknown], across[~unknown]].T
        entries.append((equation[unknown], number[at[unknown], across[unknown]], -weight))
    entries.append((np.arange(count), np.arange(count), total))
    values = np.concatenate([np.broadcast_to(value, line.shape) for line, _, value in entries])
    lines = np.concatenate([line for line, _, _ in entries])
    places = np.concatenate([place for _, place, _ in entries])
    system = csc_array((values, (lines, places)), shape=(count, count))
    found: NDArray[np.float64] = splu(system).solve(known)
    return found
