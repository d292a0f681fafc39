"""What the numbers of a prediction are, and the scores that stand for them in a run."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from dermxai.core.activation import SIGMOID, SOFTMAX
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.runs.predictions.file_content import (
    LOGITS,
    PERCENT,
    PROBABILITIES,
    Floats,
    ImportOptions,
)

TINY = 1e-12
"""What stands in a score for a probability of 0, and its complement for one of 1."""
_EXACT = 1e-3  # by which sums of numbers that are not rounded may be off, as those of 16 bits
_COARSE = 0.25  # by which they may be off at most
_MOST = 0.9
"""Share of rows that add up to 1, where probabilities are those of a softmax."""


@dataclass(frozen=True)
class Kind:
    """
    Attributes:
        kind: "logits", "probabilities" or "percent".
        activation: "softmax" or "sigmoid".
    """

    kind: str
    activation: str


def number_kind(values: Floats, hint: str | None, options: ImportOptions) -> Kind:
    """What the numbers are, by their ranges and sums, unless a person says it.

    Args:
        values: (n, h, k) as they are written; rows with a number that is none are not asked.
        hint: what the outputs' names say.

    Raises:
        InputError: nobody can tell.
    """
    whole = values[np.isfinite(values).all(axis=(1, 2))]
    if not whole.size:
        raise InputError("Not one row of the predictions holds a number for each output.")
    kind = options.kind or _kind(whole, hint)
    if kind == LOGITS:
        return Kind(kind, options.activation or SOFTMAX)
    scale = 100.0 if kind == PERCENT else 1.0
    if (low := whole.min()) < 0 or whole.max() > scale * (1 + 1e-6):
        worst = low if low < 0 else whole.max()
        raise InputError(
            f"The predictions were to be {kind}, but hold {worst:g}; expected numbers from 0 to "
            f"{scale:g}, or --as {LOGITS}."
        )
    if whole.shape[1] > 1:
        raise InputError(
            f"Probabilities of {whole.shape[1]} heads came, which cannot be added up; expected "
            "the logits of each head, or the probabilities of all heads together."
        )
    if whole.shape[2] == 1:
        return Kind(kind, options.activation or SOFTMAX)
    close = _adds_up(whole[:, 0] / scale)
    return Kind(kind, options.activation or (SOFTMAX if close.mean() >= _MOST else SIGMOID))


def _kind(values: Floats, hint: str | None) -> str:
    if hint == LOGITS:
        return LOGITS
    low, high = values.min(), values.max()
    if low >= 0 and high <= 1 + 1e-6:
        return PROBABILITIES
    if low >= 0 and high <= 100 * (1 + 1e-6):
        if hint == PROBABILITIES or _adds_up(values[:, 0] / 100).mean() >= _MOST:
            return PERCENT
        raise InputError(
            f"The predictions range from {low:g} to {high:g} and do not add up to 100: nobody can "
            f"tell logits from percentages; say --as {LOGITS} or --as {PERCENT}."
        )
    if hint == PROBABILITIES:
        raise InputError(
            f"The outputs are called probabilities, but range from {low:g} to {high:g}; expected "
            f"0 to 1 or 0 to 100, or --as {LOGITS}."
        )
    return LOGITS


def _adds_up(probabilities: Floats) -> NDArray[np.bool_]:
    """(n,) which rows (n, k) add up to 1, as far as rounding lets them."""
    places = next(
        (
            places
            for places in range(1, 6)
            if np.allclose(probabilities, probabilities.round(places), rtol=0, atol=1e-9)
        ),
        None,
    )
    off = 0.0 if places is None else 0.5 * 10.0**-places * probabilities.shape[1]
    most = min(_COARSE, max(_EXACT, off)) + 1e-6
    return np.asarray(np.abs(probabilities.sum(axis=1) - 1) <= most)


@dataclass(frozen=True, eq=False)
class Scores:
    """
    Attributes:
        logits: (n, h, k).
        probabilities: (n, k) as they were given; None where they are the softmax of the logits.
        reasons: (n,) why a row is of no use, "" where it is.
        notes: what was done.
    """

    logits: Floats
    probabilities: Floats | None
    reasons: NDArray[np.object_]
    notes: tuple[str, ...]


def scores(values: Floats, kind: Kind) -> Scores:
    """Scores whose softmax (or sigmoid) gives the probabilities back.

    Args:
        values: (n, h, k) as they are written, k 1 for a single number that tells two classes
            apart; then k is 2 in what comes back.
    """
    reasons = np.where(
        np.isfinite(values).all(axis=(1, 2)), "", "its prediction is not a finite number"
    ).astype(object)
    if kind.kind == LOGITS:
        return _of_logits(values, kind, reasons)
    given = values[:, 0] / (100.0 if kind.kind == PERCENT else 1.0)
    if given.shape[1] == 1:
        given = np.concatenate([1 - given, given], axis=1)
    usable = reasons == ""
    clipped = int(np.count_nonzero((given[usable] <= 0) | (given[usable] >= 1)))
    notes: list[str] = []
    with np.errstate(invalid="ignore"):
        inside = np.clip(given, TINY, None if kind.activation == SOFTMAX else 1 - TINY)
        made = np.log(inside)
        if kind.activation == SIGMOID:
            made = made - np.log1p(-inside)
        else:
            off = usable & ~_adds_up(given)
            for row in np.flatnonzero(off):
                reasons[row] = f"its probabilities add up to {given[row].sum():.3g}, not to 1"
            notes += _rounded(given[usable & ~off])
    if clipped:
        notes.append(
            f"{count(clipped, 'value')} of 0 or 1: scores take {TINY:g} in place of 0, the "
            "probabilities stay."
        )
    if np.isin(given[usable], (0, 1)).all():
        notes.append("All probabilities are 0 or 1: areas under curves say little.")
    return Scores(made[:, None], given, reasons, tuple(notes))


def _of_logits(values: Floats, kind: Kind, reasons: NDArray[np.object_]) -> Scores:
    if values.shape[2] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=2)
        return Scores(values, None, reasons, ())
    if kind.activation == SOFTMAX:
        return Scores(values, None, reasons, ())
    with np.errstate(invalid="ignore"):
        each = expit(values.sum(axis=1))
    return Scores(values, each, reasons, ())


def _rounded(probabilities: Floats) -> Iterator[str]:
    sums = probabilities.sum(axis=1)
    if sums.size and np.abs(sums - 1).max() > 1e-4:
        yield (
            f"The probabilities of an image add up to {sums.min():.4f} to {sums.max():.4f}: they "
            "are rounded, and kept as they are."
        )


def mean(values: Floats, groups: NDArray[np.intp], images: int) -> Floats:
    """(images, h, k): the mean of the rows (n, h, k) of each image.

    Args:
        groups: (n,) the image of each row.
    """
    total = np.zeros((images, *values.shape[1:]))
    np.add.at(total, groups, values)
    number = np.bincount(groups, minlength=images)[:, None, None]
    made: Floats = total / number
    return made
