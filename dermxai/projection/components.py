"""Principal components, exact, of features that may be larger than memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from dermxai.core.formatting import percent

Floats = NDArray[np.float64]
COMPONENTS = 50
_BLOCK = 4096  # images held at once


def principal_components(features: NDArray[np.floating], count: int) -> tuple[Floats, Floats]:
    """Coordinates on the first components, and the share of the variance on each.

    Components come by falling variance; the largest loading of each is positive, so the signs are
    always the same. Components without variance give zeros.

    Args:
        features: (n, d), finite.
        count: components wanted.

    Returns:
        (n, count) and (count,).
    """
    n, d = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    used = min(count, n, d)
    if n > d:
        scatter = np.zeros((d, d))
        for block in _centred(features, mean):
            scatter += block.T @ block
        variances, loadings = _leading(scatter, used)
    else:
        centred = features - mean
        scatter = centred @ centred.T
        variances, directions = _leading(scatter, used)
        loadings = centred.T @ directions
        loadings /= np.maximum(np.linalg.norm(loadings, axis=0), np.finfo(float).tiny)
    largest = np.abs(loadings).argmax(axis=0)
    loadings *= np.where(loadings[largest, np.arange(used)] < 0, -1, 1)
    total = np.trace(scatter)
    coordinates, shares = np.zeros((n, count)), np.zeros(count)
    coordinates[:, :used] = np.concatenate([block @ loadings for block in _centred(features, mean)])
    shares[:used] = np.maximum(variances, 0) / total if total else 0
    return coordinates, shares


def _centred(features: NDArray[np.floating], mean: Floats) -> Iterator[Floats]:
    for start in range(0, len(features), _BLOCK):
        yield features[start : start + _BLOCK] - mean


def _leading(scatter: Floats, count: int) -> tuple[Floats, Floats]:
    """The largest eigenvalues, falling, and their eigenvectors as columns."""
    size = len(scatter)
    values, vectors = eigh(scatter, subset_by_index=[size - count, size - 1])
    return values[::-1], vectors[:, ::-1]


def reduced(features: NDArray[np.floating]) -> tuple[Floats, tuple[str, ...]]:
    """What neighbour methods start from: the first 50 principal components that have variance
    (at least two columns), and the note that says so."""
    coordinates, shares = principal_components(features, min(COMPONENTS, *features.shape))
    kept = max(2, int((shares > 1e-12).sum()))
    coordinates = np.pad(coordinates, ((0, 0), (0, max(0, 2 - coordinates.shape[1]))))[:, :kept]
    note = f"On the first {kept} principal components, {percent(shares.sum(), 0)} of the variance."
    return coordinates, (note,)
