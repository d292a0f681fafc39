"""Slices of images with more errors than the rest: found on half of the patients, confirmed on the
other half.

A slice is a conjunction of up to three groups of different columns. On the first half all groups,
all pairs of groups, and the extensions of the best pairs by a third are ranked by their excess of
errors, over the error rate of the half, in standard errors over patients; a slice is left out that
is nearly the same as a better one, or that narrows one without more errors. On the other half,
which has had no say in this, each slice that was found is compared with its rest as in
`subgroups`, one-sided, and Holm's correction is for the slices that were found: with no such slice
in truth, any is confirmed with a chance of 5 % at most. ``benchmarks/level_subgroups.py`` measures
it. The idea of searching slices by size and error is that of Chung et al. 2019,
doi:10.1109/ICDE.2019.00139.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio
from dermxai.metrics.groups import Groups
from dermxai.metrics.multiplicity import holm

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CONDITIONS, MOST_CONDITIONS = 2, 3
COUNT, MOST_COUNT = 5, 20
"""Slices that are found."""
FEWEST_IMAGES, FEWEST_UNITS = 15, 8
"""Of a slice, in the half that it is found on."""
CONFIRMED = 0.05
_EXTENDED = 30  # pairs that a third group is added to
_SAME = 0.7  # share of the images of two slices that both have, from which on they are one
_MOST_GROUPS = 400


@dataclass(frozen=True, eq=False)
class WorstSlices:
    """
    Attributes:
        table: a row a slice, the one found with the largest excess first: ``found`` (its error rate
            in the half that it was found on); of the other half ``images``, ``units``, ``value``
            (error rate) with ``low`` and ``high``, ``rest``, ``difference`` with
            ``difference_low`` and ``difference_high``, one-sided ``p``, ``p_holm`` and
            ``confirmed``.
        conditions: of each row, column and group of each condition.
        members: (n, rows) whether each image is in the slice, of both halves.
        first: (n,) whether the image's patient is of the half that slices were found on.
        errors: error rates of both halves.
        searched: how many slices were ranked.
        level: of the intervals.
    """

    table: pd.DataFrame
    conditions: tuple[tuple[tuple[str, str], ...], ...]
    members: Flags
    first: Flags
    errors: tuple[float, float]
    searched: int
    level: float


def worst_slices(
    wrong: ArrayLike,
    asked: Sequence[Groups],
    units: ArrayLike,
    *,
    conditions: int = CONDITIONS,
    count: int = COUNT,
    seed: int = 0,
    level: float = 0.95,
) -> WorstSlices:
    """
    Args:
        wrong: (n,) whether each image is an error.
        asked: groups of these images, in their order.
        units: (n,) the patient of each image, or whatever is independent.
        conditions: of a slice, at most.
        count: slices that are found, at most.
        seed: of the halves.
        level: of the intervals.

    Raises:
        InputError: lengths differ, fewer than two patients, or a number is out of range.
    """
    errors, clusters = np.asarray(wrong, dtype=bool), intervals.cluster_index(units)
    for name, value, most in (
        ("conditions", conditions, MOST_CONDITIONS),
        ("slices", count, MOST_COUNT),
    ):
        if not 1 <= value <= most:
            raise InputError(f"{value} {name} came; expected 1 to {most}.")
    if any(len(each.members) != errors.size for each in asked) or clusters.shape != errors.shape:
        raise InputError("Errors, groups and patients came of different images; expected the same.")
    patients = int(clusters.max(initial=-1)) + 1
    if patients < 2:
        raise InputError(
            f"{patients} patients came; slices are found on half of them and confirmed on the rest."
        )
    drawn = np.random.default_rng(seed).permutation(patients)
    first = (drawn < patients / 2)[clusters]
    named = [(each.column, name) for each in asked for name in each.names][:_MOST_GROUPS]
    own = [each.members for each in asked]
    members = np.concatenate([np.empty((errors.size, 0), dtype=bool), *own], axis=1)
    members = members[:, :_MOST_GROUPS]
    columns = np.array([column for column, _ in named], dtype=object)
    ranked = _ranked(members[first], columns, errors[first], clusters[first], conditions)
    chosen = list(_distinct(ranked, members[first], errors[first], count))
    slices = np.array([members[:, each].all(axis=1) for each in chosen], dtype=bool)
    slices = slices.reshape(len(chosen), errors.size).T
    there = _confirmed(errors[~first], slices[~first], clusters[~first], level)
    there.insert(0, "found", [errors[side & first].mean() for side in slices.T])
    return WorstSlices(
        there,
        tuple(tuple(named[at] for at in each) for each in chosen),
        slices,
        first,
        (float(errors[first].mean()), float(errors[~first].mean())),
        len(ranked),
        level,
    )


def _ranked(
    members: Flags,
    columns: NDArray[np.object_],
    errors: Flags,
    clusters: NDArray[np.intp],
    conditions: int,
) -> list[tuple[float, tuple[int, ...]]]:
    """Slices large enough with more errors than the half, the largest excess first."""
    summing = _summing(clusters)
    excess = errors - errors.mean()
    flags = members.astype(np.float64)

    def extended(base: tuple[int, ...]) -> Iterator[tuple[float, tuple[int, ...]]]:
        inside = members[:, list(base)].all(axis=1)
        at = np.array([place for place in range(len(columns)) if _after(place, base, columns)])
        if not at.size or inside.sum() < FEWEST_IMAGES:
            return
        part = flags[np.ix_(inside, at)]
        sums = summing[:, inside] @ (part * excess[inside, None])
        held = summing[:, inside] @ part
        score = ratio(sums.sum(axis=0), np.sqrt((sums**2).sum(axis=0)))
        enough = (held.sum(axis=0) >= FEWEST_IMAGES) & (
            np.count_nonzero(held, axis=0) >= FEWEST_UNITS
        )
        for place, value, large in zip(at.tolist(), score, enough, strict=True):
            if large and value > 0:
                yield float(value), (*base, place)

    def order(each: tuple[float, tuple[int, ...]]) -> tuple[float, tuple[int, ...]]:
        return -each[0], each[1]

    found = list(extended(()))
    if conditions > 1:
        pairs = [pair for at in range(len(columns)) for pair in extended((at,))]
        found += pairs
        if conditions > 2:
            for _, pair in sorted(pairs, key=order)[:_EXTENDED]:
                found += list(extended(pair))
    distinct = {tuple(sorted(places)): value for value, places in found}
    return sorted(((value, places) for places, value in distinct.items()), key=order)


def _after(place: int, base: tuple[int, ...], columns: NDArray[np.object_]) -> bool:
    """Whether a group may extend a slice: of another column; of pairs, each once."""
    if len(base) == 1 and place <= base[0]:
        return False
    return all(columns[place] != columns[at] for at in base)


def _distinct(
    ranked: Sequence[tuple[float, tuple[int, ...]]], members: Flags, errors: Flags, count: int
) -> Iterator[tuple[int, ...]]:
    kept: list[Flags] = []
    for _, places in ranked:
        if len(kept) == count:
            return
        inside: Flags = np.all(members[:, list(places)], axis=1)
        if any(_repeats(inside, other, errors) for other in kept):
            continue
        kept.append(inside)
        yield places


def _repeats(inside: Flags, other: Flags, errors: Flags) -> bool:
    """Whether a slice says nothing beside a better one."""
    both = np.count_nonzero(inside & other)
    if both >= _SAME * np.count_nonzero(inside | other):
        return True
    narrower = both == np.count_nonzero(inside)
    return bool(narrower and errors[inside].mean() <= errors[other].mean())


def _confirmed(
    errors: Flags, slices: Flags, clusters: NDArray[np.intp], level: float
) -> pd.DataFrame:
    outcomes = np.repeat(errors[:, None], slices.shape[1], axis=1)
    first, second = (intervals.shares(outcomes, side) for side in (slices, ~slices))
    ends = intervals.score_interval(first, clusters, level)
    apart = intervals.difference_interval(first, second, clusters, level)
    both = intervals.difference_test(first, second, clusters)
    difference = first.value - second.value
    p = np.where(difference > 0, both / 2, 1 - both / 2)
    # a slice without enough images in this half has had its chance, too
    adjusted = np.where(np.isfinite(p), holm(np.where(np.isfinite(p), p, 1.0)), np.nan)
    return pd.DataFrame(
        {
            "images": slices.sum(axis=0),
            "units": intervals.patients_with(slices, clusters),
            "value": first.value,
            "low": ends.low,
            "high": ends.high,
            "rest": second.value,
            "difference": difference,
            "difference_low": np.clip(apart.low, -1, 1),
            "difference_high": np.clip(apart.high, -1, 1),
            "p": p,
            "p_holm": adjusted,
            "confirmed": adjusted <= CONFIRMED,
        }
    )


def _summing(clusters: NDArray[np.intp]) -> csr_array:
    shape = (int(clusters.max(initial=-1)) + 1, clusters.size)
    return csr_array((np.ones(clusters.size), (clusters, np.arange(clusters.size))), shape=shape)
