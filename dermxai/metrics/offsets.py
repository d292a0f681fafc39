"""Offsets of the classes' logits: other borders between classes, nothing else (Menon et al. 2021,
doi:10.48550/arXiv.2007.07314)."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

Floats = NDArray[np.float64]

FURTHEST = 20.0  # logits
_PULL = 1e-4  # penalty on squared offsets, so that they stay finite where classes separate


def prior_offsets(shares: Floats, strength: float = 1.0) -> Floats:
    """(k,) −strength × the logarithm of each class's share of the training images (equation 9), as
    if all were as frequent; 0 of classes without a share. Their mean is 0."""
    here = shares > 0
    offsets = np.where(here, -strength * np.log(np.where(here, shares, 1)), 0)
    return _centred(offsets, here)


def fitted_offsets(logits: Floats, true: NDArray[np.intp], weight: Floats) -> Floats:
    """(k,) offsets of the lowest log loss; 0 of classes without an image. Their mean is 0.

    Args:
        logits: (m, k)
        true: (m,) index of each image's class.
        weight: (m,) of each image.
    """
    here = np.bincount(true, minlength=logits.shape[1]) > 0
    offsets = np.zeros(here.size)
    if here.sum() < 2:
        return offsets
    weight = weight / weight.sum()
    rows = np.arange(true.size)

    def loss(some: Floats) -> tuple[float, Floats]:
        moved = np.zeros(here.size)
        moved[here] = some
        told = log_softmax(logits + moved, axis=1)
        error = np.exp(told)
        error[rows, true] -= 1
        value = -float(weight @ told[rows, true]) + _PULL / 2 * float(some @ some)
        return value, (weight @ error)[here] + _PULL * some

    offsets[here] = minimize(
        loss,
        np.zeros(int(here.sum())),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-FURTHEST, FURTHEST)] * int(here.sum()),
        options={"gtol": 1e-9, "ftol": 1e-14, "maxiter": 1000},
    ).x
    return _centred(offsets, here)


def _centred(offsets: Floats, here: NDArray[np.bool_]) -> Floats:
    """With a mean of 0 over the classes that have images; the others keep 0."""
    return np.where(here, offsets - offsets[here].mean(), 0) if here.any() else offsets
