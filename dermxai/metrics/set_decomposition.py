"""Additive decomposition of the logit over a set of images: which head drives it from one class
towards another.

A head's vote on an image is its logit for the target less that for the other class; the votes of
all heads add up to the margin (`dermxai.explain.decomposition`). Here they are averaged over a
set, and the averages of two sets compared. Intervals are over patients (`intervals`), which the two
sets of a comparison may share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SetDecomposition:
    """The mean votes of h heads for ``target`` against ``against`` over a set of images.

    Attributes:
        images, units: how many images and independent units (patients) the set has.
        votes, low, high: (h,) mean vote of each head and its interval, in logits.
        margin, margin_low, margin_high: the same of the sum of all heads.
        flips: (h,) images that would be predicted as another class if that head did not vote;
            empty, as are the next three, for a network of one head, without which nothing is read.
        turned: (h,) those of them that would be predicted as ``against``.
        flip_low, flip_high: (h,) ends of the interval of ``flips`` as a share of the images.
    """

    target: str
    against: str
    heads: tuple[str, ...]
    images: int
    units: int
    votes: Floats
    low: Floats
    high: Floats
    margin: float
    margin_low: float
    margin_high: float
    flips: Counts
    turned: Counts
    flip_low: Floats
    flip_high: Floats


@dataclass(frozen=True, eq=False)
class SetDifference:
    """How the mean votes of one set of images differ from those of another.

    Attributes:
        images, units: of the first and the second set.
        votes, low, high: (h,) mean of the first less mean of the second set, in logits.
        margin, margin_low, margin_high: the same of the sum of all heads.
    """

    target: str
    against: str
    heads: tuple[str, ...]
    images: tuple[int, int]
    units: tuple[int, int]
    votes: Floats
    low: Floats
    high: Floats
    margin: float
    margin_low: float
    margin_high: float

    @property
    def driver(self) -> str | None:
        """The head that moves most towards the target; None where none does."""
        if not self.votes.size or not np.nanmax(self.votes, initial=-np.inf) > 0:
            return None
        return self.heads[int(np.nanargmax(self.votes))]


def set_decomposition(
    logits: ArrayLike,
    heads: Sequence[str],
    classes: Sequence[str],
    target: str,
    against: str,
    *,
    units: ArrayLike,
    level: float = 0.95,
) -> SetDecomposition:
    """The averaged decomposition of a set of images.

    Args:
        logits: (n, h, k).
        heads: h names.
        classes: k codes.
        target, against: two of them.
        units: (n,) the patient of each image, or whatever is independent.

    Raises:
        InputError: a class is unknown, both are the same, or there is no image.
    """
    values, one, other = _checked(logits, heads, classes, target, against)
    if not len(values):
        raise InputError("The set has no image; choose one that has.")
    scores = values.sum(axis=1)  # (n, k)
    others = scores[:, None] - values[:, : len(heads) if len(heads) > 1 else 0]
    left_out = others.argmax(axis=2)  # (n, h): the decision without each head
    changed = left_out != scores.argmax(axis=1)[:, None]
    with_margin = _with_margin(values, one, other)

    clusters = intervals.cluster_index(units)
    votes = intervals.means(with_margin, np.ones_like(with_margin))
    flips = intervals.shares(changed, np.ones_like(changed))
    mean = votes.value
    low, high, _ = intervals.student_interval(votes, clusters, level)
    of_flips = intervals.score_interval(flips, clusters, level)
    return SetDecomposition(
        target=target,
        against=against,
        heads=tuple(heads),
        images=len(values),
        units=np.unique(clusters).size,
        votes=mean[:-1],
        low=low[:-1],
        high=high[:-1],
        margin=float(mean[-1]),
        margin_low=float(low[-1]),
        margin_high=float(high[-1]),
        flips=changed.sum(axis=0),
        turned=(changed & (left_out == other)).sum(axis=0),
        flip_low=of_flips.low,
        flip_high=of_flips.high,
    )


def set_difference(
    logits: ArrayLike,
    heads: Sequence[str],
    classes: Sequence[str],
    target: str,
    against: str,
    *,
    chosen: ArrayLike,
    units: ArrayLike,
    level: float = 0.95,
) -> SetDifference:
    """How the votes of the chosen images differ from those of the others.

    Args:
        logits, heads, classes, target, against, units: as for `set_decomposition`.
        chosen: (n,) whether an image belongs to the first set; the others are the second.

    Raises:
        InputError: as `set_decomposition`, or one of the sets is empty.
    """
    values, one, other = _checked(logits, heads, classes, target, against)
    first = np.asarray(chosen, dtype=bool)
    if first.all() or not first.any():
        raise InputError(
            f"{first.sum()} and {(~first).sum()} images came; a comparison needs one in each set."
        )
    sides = np.column_stack([first, ~first])
    with_margin = _with_margin(values, one, other)
    clusters = intervals.cluster_index(units)
    apart = intervals.group_difference(with_margin, np.ones_like(with_margin, dtype=bool), first)
    mean = apart.value
    low, high, _ = intervals.student_interval(apart, clusters, level)
    counts = intervals.patients_with(sides, clusters)
    return SetDifference(
        target=target,
        against=against,
        heads=tuple(heads),
        images=(int(first.sum()), int((~first).sum())),
        units=(int(counts[0]), int(counts[1])),
        votes=mean[:-1],
        low=low[:-1],
        high=high[:-1],
        margin=float(mean[-1]),
        margin_low=float(low[-1]),
        margin_high=float(high[-1]),
    )


def _with_margin(values: Floats, one: int, other: int) -> Floats:
    """(n, h + 1): the vote of each head, and the margin they add up to."""
    votes = values[..., one] - values[..., other]
    return np.column_stack([votes, votes.sum(axis=1)])


def _checked(
    logits: ArrayLike, heads: Sequence[str], classes: Sequence[str], target: str, against: str
) -> tuple[Floats, int, int]:
    values = np.asarray(logits, dtype=np.float64)
    if values.ndim != 3 or values.shape[1:] != (len(heads), len(classes)):
        raise InputError(
            f"Logits {values.shape} came for {len(heads)} heads and {len(classes)} classes; "
            "expected (images, heads, classes)."
        )
    for code in (target, against):
        if code not in classes:
            raise InputError(f"The model has no class {code!r}; it has {', '.join(classes)}.")
    if target == against:
        raise InputError(f"{target} came twice; a margin needs two different classes.")
    return values, classes.index(target), classes.index(against)
