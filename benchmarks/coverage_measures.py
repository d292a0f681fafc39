"""Coverage of the intervals of `dermxai.metrics.measures`, on the simulated patients of
`benchmarks.coverage`.

    python -m benchmarks.coverage_measures [--sets 500] [--csv FILE] [--into DOCUMENT]

Of the first class, and averaged over all. True values: of what is counted, the measure of the
expected confusion matrix; of what ranks, the integral over the two normal distributions that
scores are drawn from.
"""

import argparse
import multiprocessing
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from benchmarks.coverage import (
    CELL,
    LEVEL,
    Block,
    Cell,
    cells,
    draw,
    drawn,
    joined,
    row,
    simulated,
    summarised,
    verdict,
)
from dermxai.metrics import agreement, binary, intervals
from dermxai.metrics.intervals import Estimates, Interval
from dermxai.metrics.measure_estimates import RANKING, Decisions, averages, of_classes
from dermxai.metrics.measures import quotient_interval
from dermxai.metrics.partial_area import SENSITIVITY

Floats = NDArray[np.float64]

BLOCK = 10  # sets that share their patients
PREVALENCE = 0.1
OF_CLASS = ("ppv", "npv", "f1", "balanced_accuracy", "kappa", "mcc")
AVERAGED = {
    "macro": ("ppv", "f1", "mcc", "average_precision"),
    "weighted": ("f1",),
    "micro": ("f1", "mcc", "auc", "average_precision"),
}
START, END = "<!-- coverage of measures -->", "<!-- /coverage of measures -->"


def confusion(made: Block) -> Floats:
    """(k, k) expected, in patients."""
    k = made.chance.size
    wrong = np.repeat((1 - made.chance)[:, None], k, axis=1) / (k - 1)
    np.fill_diagonal(wrong, made.chance)
    return made.patients[:, None] * wrong


def four(matrix: Floats) -> Floats:
    """(4, k) true positives, false negatives, false positives, true negatives."""
    hits = np.diag(matrix)
    missed, alarms = matrix.sum(axis=1) - hits, matrix.sum(axis=0) - hits
    return np.stack([hits, missed, alarms, matrix.sum() - hits - missed - alarms])


def average_precision(area: float, prevalence: float) -> float:
    """Of two normal distributions of unit variance whose ROC curve has that area."""
    apart = np.sqrt(2) * ndtri(area)

    def precision(sensitivity: float) -> float:
        alarms = ndtr(ndtri(sensitivity) - apart)
        hits = prevalence * sensitivity
        return float(hits / (hits + (1 - prevalence) * alarms))

    return float(quad(precision, 1e-12, 1 - 1e-12, limit=200)[0])


def partial_area(area: float) -> float:
    """Mean specificity above the sensitivity."""
    apart = np.sqrt(2) * ndtri(area)
    total = quad(lambda share: ndtr(apart - ndtri(share)), SENSITIVITY, 1 - 1e-12)[0]
    return float(total / (1 - SENSITIVITY))


def truths(made: Block, area: float) -> dict[tuple[str, str], float]:
    """By scope and measure, on the scale of the estimates, 0 to 1."""
    matrix, k = confusion(made), made.chance.size
    counted, here = four(matrix), made.patients > 0
    share = made.patients / made.patients.sum()
    found: dict[tuple[str, str], float] = {}
    for name, measure in binary.MEASURES.items():
        value = measure(counted)[0]
        pooled = measure(counted.sum(axis=1)[:, None])[0][0]
        if name in binary.SIGNED:
            value, pooled = (1 + value) / 2, (1 + pooled) / 2
        found["class", name] = float(value[0])
        found["macro", name] = float(value[here].mean())
        found["weighted", name] = float(share[here] @ value[here])
        found["micro", name] = float(pooled)
    each = [average_precision(area, part) for part in share[here]]
    found["class", "average_precision"] = average_precision(area, share[0])
    found["macro", "average_precision"] = float(np.mean(each))
    found["micro", "average_precision"] = average_precision(area, 1 / k)
    found["class", "partial_auc"] = partial_area(area)
    found["micro", "auc"] = area
    for name, measure_ in agreement.MEASURES.items():
        found["all", name] = (1 + measure_(matrix)[0]) / 2
    return found


def sets_of(made: Block) -> Iterator[Decisions]:
    """Each set of a block under argmax."""
    member = made.true[:, None] == np.arange(made.chance.size)
    for predicted, scores in zip(made.predicted.T, np.moveaxis(made.scores, 2, 0), strict=True):
        chosen = predicted[:, None] == np.arange(made.chance.size)
        decided = np.ones(made.chance.size, dtype=bool)
        yield Decisions(made.true, predicted, member, chosen, scores, decided, made.clusters, LEVEL)


def only(estimates: Estimates, column: int = 0) -> Estimates:
    """One of them."""
    at = slice(column, column + 1)
    return replace(
        estimates,
        value=estimates.value[at],
        influences=estimates.influences[:, at],
        sides=estimates.sides[:, :, at],
        scale=estimates.scale[:, at],
    )


def measured(made: Block, area: float) -> Iterator[tuple[str, Floats]]:
    """Every measure on the sets of a block, as `coverage.drawn`."""
    truth, found = truths(made, area), {}
    all_classes = bool((made.patients > 0).all())
    for each in sets_of(made):
        by_class = dict(of_classes(each))
        for name in (*OF_CLASS, *RANKING[1:], "sensitivity", "specificity"):
            found.setdefault(("class", name), []).append(only(by_class[name]))
        if made.chance.size > 2 and all_classes:
            for scope, names in AVERAGED.items():
                for name, estimates, _ in averages(scope, by_class, each, names):
                    found.setdefault((scope, name), []).append(estimates)
            for name in agreement.MEASURES:
                estimates = agreement.agreement(name, each.true, each.predicted, made.chance.size)
                found.setdefault(("all", name), []).append(estimates)
    rates = [joined(found.pop(("class", name))) for name in ("sensitivity", "specificity")]
    for (scope, name), parts in found.items():
        title = f"{name.replace('_', ' ')}, {scope if scope != 'all' else 'all classes'}"
        by_sides = groupby(sorted(parts, key=_sides), key=_sides)  # classes that it is defined of
        yield (
            title,
            np.vstack(
                [
                    draw(joined(list(group)), truth[scope, name], made.clusters)
                    for _, group in by_sides
                ]
            ),
        )
    yield "ppv at a prevalence, class", at_prevalence(rates, truth, made.clusters)


def _sides(part: Estimates) -> int:
    return part.sides.shape[1]


def at_prevalence(
    rates: list[Estimates], truth: dict[tuple[str, str], float], clusters: NDArray[np.intp]
) -> Floats:
    """As `coverage.drawn`."""
    sensitivity, specificity = (
        (each.value, *intervals.score_interval(each, clusters, LEVEL)[:2]) for each in rates
    )
    wrong = (1 - specificity[0], 1 - specificity[2], 1 - specificity[1])
    odds = (1 - PREVALENCE) / PREVALENCE
    true = (1 - truth["class", "specificity"]) / truth["class", "sensitivity"]
    value, low, high = quotient_interval(wrong, sensitivity)
    sides = np.concatenate([each.sides for each in rates], axis=1)
    alarms = (1 - truth["class", "specificity"]) * rates[1].sides.sum(axis=(0, 1))
    return drawn(
        1 / (1 + odds * value),
        Interval(1 / (1 + odds * high), 1 / (1 + odds * low), "Wilson"),
        truth=1 / (1 + odds * true),
        errors=alarms,
        sides=sides,
        clusters=clusters,
    )


def covered(task: tuple[Cell, int]) -> pd.DataFrame:
    """A row a measure of one cell."""
    cell, sets = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    found: dict[str, list[Floats]] = {}
    for start in range(0, sets, BLOCK):
        made = simulated(cell, min(BLOCK, sets - start), random)
        for name, each in measured(made, cell.value):
            found.setdefault(name, []).append(each)
    table = pd.DataFrame(
        [asdict(cell) | {"measure": name} | row(np.vstack(of)) for name, of in found.items()]
    )
    return table.assign(verdict=table.apply(verdict, axis=1))


def written(document: str, table: pd.DataFrame) -> str:
    """The document with its table replaced."""
    before, rest = document.split(START)
    return f"{before}{START}\n{summarised(table)}\n{END}{rest.split(END)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="gets a row a cell and measure")
    parser.add_argument("--into", type=Path, help="document whose table is replaced")
    options = parser.parse_args()
    grid = cells((2,), (20, 50, 200)) + cells((14,), (200,))
    tasks = [(each, options.sets) for each in grid]
    parts = []
    with multiprocessing.Pool(options.processes) as pool:
        for count, part in enumerate(pool.imap_unordered(covered, tasks), 1):
            parts.append(part)
            print(f"\r{count} of {len(tasks)} cells", end="", file=sys.stderr)
    table = pd.concat(parts).sort_values(["measure", *CELL], ignore_index=True)
    if options.csv:
        table.round(4).to_csv(options.csv, index=False)
    if options.into:
        text = options.into.read_text(encoding="utf-8")
        options.into.write_text(written(text, table), encoding="utf-8")
    print(summarised(table))
    print(table[table["verdict"] != ""].to_string())


if __name__ == "__main__":
    main()
