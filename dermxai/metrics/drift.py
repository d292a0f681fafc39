"""How the images of two parts of a data set (development and test, say) differ, column by column.

Numbers are compared by the largest distance of their distribution functions (Kolmogorov & Smirnov),
categories by χ² over images, with Cramér's V as the effect; what is not stated is a category, and
of numbers it is left out. Patients are independent, their images are not: the null hypothesis is
that patients are exchangeable between the parts, images and all, and the p-value is the share of
exchanges of whole patients with as large a distance, (1 + as extreme) / (1 + draws), Phipson &
Smyth 2010, doi:10.2202/1544-6115.1585; exact, whatever the patients' numbers of images. Holm's
correction is for all columns. Patients who stand in both parts are left out of the test.

Of features, a ridge regression of the parts is fitted on other patients (Lopez-Paz & Oquab 2017,
doi:10.48550/arXiv.1610.06545): where its area under the ROC curve is above what exchanges of
patients give, the parts differ. The area alone can lie below 0.5 where parts were drawn to be
alike, as splits are that spread classes evenly: what one fold has more, the others have less.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import delong, intervals, probes
from dermxai.metrics.groups import groups
from dermxai.metrics.multiplicity import holm

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DRAWS, FEATURE_DRAWS = 1999, 199
FEWEST = 5
"""Patients of each part, below which nothing is tested."""
NUMBER, CATEGORY = "number", "category"
_CELLS = 4_000_000  # of numbers held at once
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Drift:
    """
    Attributes:
        table: a row a column, the smallest p first: ``column``, ``kind`` (`NUMBER` or
            `CATEGORY`), ``images`` (that state it), ``statistic`` (Kolmogorov-Smirnov distance, or
            Cramér's V), ``first`` and ``second`` (means of numbers, NaN of categories), ``shift``
            (difference of the means in pooled standard deviations; NaN of categories), ``p``,
            ``p_holm``.
        images, units: of the two parts.
        both: patients in both parts.
        area: under the ROC curve of the regression on features; ``p`` its p-value; both NaN
            without features or with too few patients.
    """

    table: pd.DataFrame
    images: tuple[int, int]
    units: tuple[int, int]
    both: int
    area: float
    p: float


def drift(
    samples: pd.DataFrame,
    second: Flags,
    clusters: NDArray[np.intp],
    features: NDArray[np.floating] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Drift:
    """
    Args:
        samples: (n rows) columns to compare.
        second: (n,) whether the image is of the second part.
        clusters: (n,) index of each image's patient.
        features: (n, d) to tell the parts apart by.
        draws: exchanges of patients.
        seed: of the draws and folds.

    Raises:
        InputError: lengths differ, or a part is empty.
    """
    if not second.size == len(samples) == clusters.size:
        raise InputError(
            f"{second.size} parts, {len(samples)} rows and {clusters.size} patients came; one of "
            "each is needed for every image."
        )
    if second.all() or not second.any():
        raise InputError("All images are of one part; a comparison needs two.")
    sides = np.column_stack([~second, second])
    held = np.stack([np.bincount(clusters, weights=side) for side in sides.T]) > 0
    shared: Flags = np.all(held, axis=0)
    kept = ~shared[clusters]
    index = intervals.cluster_index(clusters[kept])
    of_second = second[kept]
    rows = []
    for name, column in samples[kept].reset_index(drop=True).items():
        rows.append({"column": str(name), **_compared(column, of_second, index, draws, seed)})
    names = ["column", "kind", "images", "statistic", "first", "second", "shift", "p"]
    table = pd.DataFrame(rows, columns=names).sort_values(
        ["p", "column"], kind="stable", ignore_index=True
    )
    table["p_holm"] = holm(table["p"].to_numpy(np.float64))
    area = (np.nan, np.nan)
    if features is not None and features.shape[1]:
        area = _told_apart(np.asarray(features)[kept], of_second, index, seed)
    images, units = sides.sum(axis=0), held.sum(axis=1)
    return Drift(
        table,
        (int(images[0]), int(images[1])),
        (int(units[0]), int(units[1])),
        int(shared.sum()),
        *area,
    )


def _compared(
    column: pd.Series, second: Flags, clusters: NDArray[np.intp], draws: int, seed: int
) -> dict[str, object]:
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    told: dict[str, object] = {"first": np.nan, "second": np.nan, "shift": np.nan}
    if number:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        values, side, at = values[known], second[known], clusters[known]
        told |= {"kind": NUMBER, "images": int(known.sum())}
        one, other = values[~side], values[side]
        if one.size and other.size:
            spread = np.sqrt((one.var() + other.var()) / 2)
            told |= {"first": float(one.mean()), "second": float(other.mean())}
            told["shift"] = float((other.mean() - one.mean()) / spread) if spread > 0 else 0.0
        order = np.argsort(values, kind="stable")
        last = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)
        side, at = side[order], at[order]

        def statistic(parts: Flags) -> Floats:
            return _distance(parts, last)
    else:
        members = groups(column).members.astype(np.float32)
        side, at = second, clusters
        told |= {"kind": CATEGORY, "images": int(side.size)}

        def statistic(parts: Flags) -> Floats:
            return _cramer(parts, members)

    told["statistic"], told["p"] = np.nan, np.nan
    patients = np.unique(at[side]).size, np.unique(at[~side]).size
    if not min(patients):
        return told
    observed = float(statistic(side[None])[0])
    told["statistic"] = observed
    if min(patients) >= FEWEST:
        told["p"] = _p(observed, statistic, side, at, draws=draws, seed=seed)
    return told


def _p(
    observed: float,
    statistic: Callable[[Flags], Floats],
    second: Flags,
    clusters: NDArray[np.intp],
    *,
    draws: int,
    seed: int,
) -> float:
    """Share of exchanges of whole patients with as large a statistic."""
    index = intervals.cluster_index(clusters)
    part = np.zeros(int(index.max()) + 1, dtype=bool)
    part[index[second]] = True
    generator, extreme = np.random.default_rng(seed), 0
    most = max(1, _CELLS // index.size)
    for start in range(0, draws, most):
        size = min(most, draws - start)
        drawn = generator.permuted(np.broadcast_to(part, (size, part.size)), axis=1)
        extreme += int((statistic(drawn[:, index]) >= observed - _ROUNDING).sum())
    return (1 + extreme) / (1 + draws)


def _distance(parts: Flags, last: NDArray[np.intp]) -> Floats:
    """(b,) Kolmogorov-Smirnov distances.

    Args:
        parts: (b, n) whether each image is of the second part, values rising.
        last: places of the last image of each value.
    """
    held = np.cumsum(parts, axis=1, dtype=np.int32)
    images = np.arange(1, parts.shape[1] + 1)
    of_second = held[:, -1:]
    others = images - held
    apart = held[:, last] / of_second - others[:, last] / others[:, -1:]
    return np.asarray(np.abs(apart).max(axis=1))


def _cramer(parts: Flags, members: NDArray[np.float32]) -> Floats:
    """(b,) Cramér's V of parts (b, n) and groups (n, g)."""
    images, of_group = parts.shape[1], members.sum(axis=0, dtype=np.float64)
    held = (parts.astype(np.float32) @ members).astype(np.float64)
    share = parts.mean(axis=1)[:, None]
    expected = of_group * share
    squared = (held - expected) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        both = squared / expected + squared / (of_group - expected)
    return np.asarray(np.sqrt(np.nan_to_num(both).sum(axis=1) / images))


def _told_apart(
    features: NDArray[np.floating], second: Flags, clusters: NDArray[np.intp], seed: int
) -> tuple[float, float]:
    """Area of a ridge regression on held-out patients, and its one-sided p-value by exchanges."""
    sides = np.column_stack([second, ~second])
    if intervals.patients_with(sides, clusters).min() < FEWEST:
        return np.nan, np.nan
    at = probes.coordinates(features, np.ones(second.size, dtype=bool))
    generator = np.random.default_rng(seed)
    part = np.zeros(int(clusters.max()) + 1, dtype=bool)
    part[clusters[second]] = True
    fold = (generator.permutation(part.size) % probes.FOLDS)[clusters]
    drawn = generator.permuted(np.broadcast_to(part, (FEATURE_DRAWS, part.size)), axis=1)
    parts = np.concatenate([part[None], drawn])[:, clusters].T  # (n, 1 + draws)
    scores = np.zeros(parts.shape)
    for held in range(probes.FOLDS):
        here, there = fold != held, fold == held
        mean = at[here].mean(axis=0)
        known, target = at[here] - mean, parts[here] - parts[here].mean(axis=0)
        squares = known.T @ known
        penalty = float(np.trace(squares)) / len(squares) + float(np.finfo(np.float32).tiny)
        weights = np.linalg.solve(squares + penalty * np.eye(len(squares)), known.T @ target)
        scores[there] = (at[there] - mean) @ weights
    areas = np.array(
        [_area(score, of) for score, of in zip(scores.T, parts.T, strict=True)], dtype=np.float64
    )
    extreme = int((areas[1:] >= areas[0] - _ROUNDING).sum())
    return float(areas[0]), (1 + extreme) / (1 + FEATURE_DRAWS)


def _area(score: Floats, positive: Flags) -> float:
    """Under the ROC curve, ties half."""
    return float(delong.areas(positive[:, None], score[:, None]).value[0])
