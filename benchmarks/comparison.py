"""Coverage of the intervals of differences between models, and the level and power of their tests,
on the simulated patients of `benchmarks.coverage`.

    python -m benchmarks.comparison [--sets 100] [--processes 2] [--csv FILE] [--into DOCUMENT]

Two models with correlated errors and scores are compared as pages and `compare` do it: once as good
as each other (level), once with a quarter of the second's errors (power). Truths of kappa are those
of all sets of a cell together.
"""

import argparse
import multiprocessing
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.coverage import (
    CELL,
    LEVEL,
    RIVAL,
    Block,
    Cell,
    cells,
    latent,
    row,
    simulated,
    summarised,
    verdict,
)
from benchmarks.coverage_measures import confusion, four
from dermxai.metrics import agreement, binary, intervals, paired
from dermxai.metrics.measure_estimates import Decisions
from dermxai.metrics.measures import ALL
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.paired_measures import MACRO, TOP1, estimates_of, pair_differences

Floats = NDArray[np.float64]

BLOCK = 10  # sets that share their patients
SIGNIFICANT = 0.05
DRAWS = 399  # of signs, so that .05 is a share that p can take
SPARED = 0.25  # errors of the better model, of those of the other
START, END = "<!-- comparison -->", "<!-- /comparison -->"
TITLES = {
    ("class", "auc"): "AUC of a class",
    ("class", "sensitivity"): "sensitivity of a class",
    ("class", "specificity"): "specificity of a class",
    ("class", "accuracy"): "accuracy of a class",
    (MACRO, "auc"): "mean AUC",
    (MACRO, "sensitivity"): "mean sensitivity",
    (MACRO, "specificity"): "mean specificity",
    (MACRO, "accuracy"): "mean accuracy",
    (ALL, TOP1): "top-1 accuracy",
}


@dataclass(frozen=True)
class Rivals:
    """Scores (n, k, b) of the second model and of the better one, beside a block."""

    made: Block
    rival: Floats
    better: Floats

    @classmethod
    def of(cls, cell: Cell, sets: int, random: np.random.Generator) -> "Rivals":
        made = simulated(cell, sets, random)
        k = made.chance.size
        member = (made.true[:, None] == np.arange(k))[:, :, None]
        favour = np.sqrt(2) * ndtri(cell.value) * member
        own = latent(made.clusters, cell.alike, (k, sets), random)
        noise = RIVAL * (made.scores - favour) + np.sqrt(1 - RIVAL**2) * own
        more = np.sqrt(2) * ndtri(1 - SPARED * (1 - cell.value)) * member
        return cls(made, noise + favour, noise + more)


def decided(made: Block, predicted: NDArray[np.int64], scores: Floats) -> Decisions:
    k = made.chance.size
    return Decisions(
        made.true,
        predicted,
        made.true[:, None] == np.arange(k),
        predicted[:, None] == np.arange(k),
        scores,
        np.ones(k, dtype=bool),
        made.clusters,
        LEVEL,
    )


def truths(made: Block, cell: Cell) -> dict[tuple[str, str], tuple[float, float]]:
    """True difference, of the equal and of the better model less the first, and errors."""
    found: dict[tuple[str, str], tuple[float, float]] = {
        (scope, "auc"): (0.0, (1 - SPARED) * (1 - cell.value)) for scope in ("class", MACRO)
    }
    here = made.patients > 0
    worse = confusion(made)
    better = SPARED * worse
    np.fill_diagonal(better, made.patients - SPARED * (made.patients - np.diag(worse)))
    for name in ("sensitivity", "specificity", "accuracy"):
        one, other = (binary.MEASURES[name](four(matrix))[0] for matrix in (better, worse))
        found["class", name] = (0.0, float((one - other)[0]))
        found[MACRO, name] = (0.0, float((one - other)[here].mean()))
    top1 = (np.trace(better) - np.trace(worse)) / made.patients.sum()
    found[ALL, TOP1] = (0.0, float(top1))
    return found


def compared(drawn: Rivals, cell: Cell) -> Iterator[tuple[str, list[float], float]]:
    """Measure, a row as `coverage.drawn`, and p, of each set of a block."""
    made = drawn.made
    truth = truths(made, cell)
    sizes = np.bincount(made.clusters)
    of_patient = made.true[np.r_[0, np.cumsum(sizes)[:-1]]]
    holding = np.bincount(of_patient, minlength=made.chance.size)
    fewest = {"class": min(holding[0], holding[1:].sum()), MACRO: holding.min(), ALL: sizes.size}
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    codes = [str(k) for k in range(made.chance.size)]
    for b in range(made.predicted.shape[1]):
        first = decided(made, made.predicted[:, b], made.scores[:, :, b])
        for better, (predicted, scores) in enumerate(
            ((made.rival, drawn.rival), (made.better, drawn.better))
        ):
            other = decided(made, predicted[:, b], scores[:, :, b])
            table = pair_differences(
                *((other, first), estimates_of(other), estimates_of(first), codes, True),
                draws=DRAWS,
            )
            table = table[table["class"].isin(("", "0"))]
            changed = ((first.predicted == made.true) != (other.predicted == made.true)).sum()
            for each in table.to_dict("records"):
                key = each["scope"], each["measure"]
                ends = [each["difference"], each["low"], each["high"], truth[key][better]]
                about = [float(changed) / 2, float(fewest[key[0]]), effective]
                name = TITLES[key] + (", one better" if better else "")
                yield name, [*ends, *about], each["p"]


def agreements(drawn: Rivals) -> Iterator[tuple[intervals.Estimates, Floats]]:
    """Kappa of both models' predictions, and the joint matrix, of each set."""
    made, k = drawn.made, drawn.made.chance.size
    for one, other in zip(made.predicted.T, made.rival.T, strict=True):
        joint = np.bincount(one * k + other, minlength=k * k).reshape(k, k)
        yield agreement.agreement("kappa", one, other, k), joint.astype(np.float64)


def covered(task: tuple[Cell, int]) -> pd.DataFrame:
    """A row a measure of one cell: as `coverage.row`, and the share of sets with p ≤ .05."""
    cell, sets = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    found: dict[str, list[list[float]]] = {}
    p_values: dict[str, list[float]] = {}
    kappas: list[list[float]] = []
    joint = np.zeros((cell.classes, cell.classes))
    for start in range(0, sets, BLOCK):
        drawn = Rivals.of(cell, min(BLOCK, sets - start), random)
        for name, numbers, p in compared(drawn, cell):
            found.setdefault(name, []).append(numbers)
            p_values.setdefault(name, []).append(p)
        clusters = drawn.made.clusters
        for each, matrix in agreements(drawn):
            joint += matrix / matrix.sum()
            ends = intervals.score_interval(each, clusters, LEVEL)
            apart = matrix.sum() - np.trace(matrix)
            patients = float(clusters.max() + 1)
            kappas.append([each.value[0], ends.low[0], ends.high[0], 0, apart, patients, patients])
    truth = (1 + agreement.kappa(joint)[0]) / 2
    found["kappa of two models"] = [[*each[:3], truth, *each[4:]] for each in kappas]
    rows = []
    for name, numbers in found.items():
        p = np.array(p_values.get(name, [np.nan]))
        tested = np.isfinite(p)
        rejected = float((p[tested] <= SIGNIFICANT).mean()) if tested.any() else np.nan
        rows.append(asdict(cell) | {"measure": name} | row(np.array(numbers)))
        rows[-1] |= {"tested": int(tested.sum()), "rejected": rejected}
    table = pd.DataFrame(rows)
    return table.assign(verdict=table.apply(verdict, axis=1))


def family(task: tuple[Cell, int]) -> dict[str, object]:
    """Share of sets in which the smallest of three adjusted p-values is ≤ .05, of three models that
    are as good as each other, by top-1 accuracy."""
    cell, sets = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()) + 1)
    smallest: list[float] = []
    for start in range(0, sets, BLOCK):
        made = simulated(cell, min(BLOCK, sets - start), random)
        limit = ndtri(1 - (1 - made.chance))[made.true][:, None]
        common, *own = np.moveaxis(
            latent(made.clusters, cell.alike, (4, made.predicted.shape[1]), random), 1, 0
        )
        right = [RIVAL * common + np.sqrt(1 - RIVAL**2) * each < limit for each in own]
        side = np.ones_like(right[0])
        p = [
            paired.mcnemar(one, other, side, made.clusters) for one, other in combinations(right, 2)
        ]
        smallest += holm(np.array(p).T).min(axis=1).tolist()
    return asdict(cell) | {"rejected": float((np.array(smallest) <= SIGNIFICANT).mean())}


def levels(table: pd.DataFrame) -> str:
    """Markdown: a row a measure and number of patients: how often tests reject."""
    lines = [
        "| measure | patients | cells | level: median | most | power: median |",
        "|---" * 6 + "|",
    ]
    better = table["measure"].str.endswith(", one better")
    given = table[(table["tested"] >= table["tested"].max() / 2) & ~better]
    powers = table[better].copy()
    powers["measure"] = powers["measure"].str.removesuffix(", one better")
    for (measure, patients), of in given.groupby(["measure", "patients"], sort=False):
        alike = (powers["measure"] == measure) & (powers["patients"] == patients)
        found = powers[alike & powers["rejected"].notna()]
        lines.append(
            f"| {measure} | {patients} | {len(of)} | {100 * of['rejected'].median():.1f} "
            f"| {100 * of['rejected'].max():.1f} | {100 * found['rejected'].median():.0f} |"
        )
    return "\n".join(lines)


def told(table: pd.DataFrame, together: pd.DataFrame) -> str:
    """Both tables, and what Holm's procedure keeps to."""
    share = 100 * together["rejected"]
    return (
        f"{summarised(table)}\n\nTests, % of sets with p ≤ .05:\n\n{levels(table)}\n\n"
        f"Any of three pairs of equal models has an adjusted p ≤ .05 (top-1 accuracy, "
        f"{len(together)} cells): {share.median():.1f} % of sets in the median, at most "
        f"{share.max():.1f} %."
    )


def written(document: str, text: str) -> str:
    """The document with its part replaced."""
    before, rest = document.split(START)
    return f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}"


def grid() -> list[Cell]:
    """Cells of two classes, and of 14 where each has patients enough."""
    every = cells((2,), (20, 50, 200)) + cells((14,), (200,))
    return [
        each
        for each in every
        if each.sizes != "poisson" and each.alike != 0.3 and each.value == 0.9
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="gets a row a cell and measure")
    parser.add_argument("--into", type=Path, help="document whose part is replaced")
    options = parser.parse_args()
    tasks = [(each, options.sets) for each in grid()]
    parts = []
    with multiprocessing.Pool(options.processes) as pool:
        for count, part in enumerate(pool.imap_unordered(covered, tasks), 1):
            parts.append(part)
            print(f"\r{count} of {len(tasks)} cells", end="", file=sys.stderr)
        together = pd.DataFrame(pool.map(family, [(cell, 5 * sets) for cell, sets in tasks]))
    table = pd.concat(parts).sort_values(["measure", *CELL], ignore_index=True)
    if options.csv:
        table.round(4).to_csv(options.csv, index=False)
    text = told(table, together)
    if options.into:
        document = options.into.read_text(encoding="utf-8")
        options.into.write_text(written(document, text), encoding="utf-8")
    print(text)
    print(table[table["verdict"] != ""].to_string())


if __name__ == "__main__":
    main()
