"""Coverage of the intervals of `dermxai.metrics.measure_changes`: what a change of a classifier
adds to each measure, on the same simulated patients.

    python -m benchmarks.coverage_changes [--sets 200] [--first 12] [--measures f1 …] [--csv FILE]
        [--into DOCUMENT]

Both classifiers give each class a score, correlated by `coverage.RIVAL`; the second is as good as
the first, so that every difference is 0, or better (" better"). True differences of the latter are
those of a set of many patients. Patients, images of each and their likeness are those of
`benchmarks.coverage`; a row a measure and cell, with its `verdict`.
"""

import argparse
import itertools
import multiprocessing
import os
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.coverage import LEVEL, RIVAL, images_of, latent, summarised, verdict
from dermxai.metrics.decision import ARGMAX
from dermxai.metrics.measure_changes import KEYS, differences
from dermxai.metrics.measure_estimates import NAMES, Decisions

CLASSES = 3
MANY = 6000  # patients of which true differences are taken
BETTER = 0.5  # more of the own class's score, in standard deviations
START, END = "<!-- coverage of changes -->", "<!-- /coverage of changes -->"


@dataclass(frozen=True)
class Cell:
    """As in `benchmarks.coverage`; ``value`` is the area of one class against another."""

    sizes: str
    alike: float
    patients: int
    prevalence: float
    value: float
    better: float


def cells() -> list[Cell]:
    grid = itertools.product(
        (0.0, BETTER), (0.8, 0.95), (50, 200, 20), (0.3, 0.8, 0.0), (0.5, 0.1), ("poisson", "heavy")
    )
    return [
        Cell(sizes, alike, patients, prevalence, value, better)
        for better, value, patients, alike, prevalence, sizes in grid
    ]


def drawn(cell: Cell, random: np.random.Generator, names: Sequence[str]) -> pd.DataFrame:
    """Differences of one set, as `measure_changes.differences` gives them."""
    first = max(1, round(cell.patients * cell.prevalence))
    rest = 1 + np.arange(cell.patients - first) % (CLASSES - 1)
    of_patient = np.concatenate([np.zeros(first, dtype=np.intp), rest])
    clusters = np.repeat(np.arange(cell.patients), images_of(cell.sizes, cell.patients, random))
    true = of_patient[clusters]
    member = true[:, None] == np.arange(CLASSES)
    own = np.sqrt(2) * ndtri(cell.value) * member
    doubt, other = (latent(clusters, cell.alike, (CLASSES,), random) for _ in range(2))
    rival = RIVAL * doubt + np.sqrt(1 - RIVAL**2) * other + cell.better * member
    one, two = (_decided(true, member, scores + own, clusters) for scores in (doubt, rival))
    rows = differences(one, two, [str(k) for k in range(CLASSES)], (ARGMAX, ARGMAX), names)
    table = pd.DataFrame(rows, columns=[*KEYS, "difference", "low", "high"])
    table["errors"] = min(int((made.predicted != true).sum()) for made in (one, two))
    return table[(table["scope"] != "class") | (table["class"] == "0")]


def _decided(
    true: NDArray[np.intp],
    member: NDArray[np.bool_],
    scores: NDArray[np.float64],
    clusters: NDArray[np.intp],
) -> Decisions:
    predicted = scores.argmax(axis=1)
    chosen = predicted[:, None] == np.arange(CLASSES)
    every = np.ones(CLASSES, dtype=bool)
    return Decisions(true, predicted, member, chosen, scores, every, clusters, LEVEL)


def covered(task: tuple[Cell, int, Sequence[str]]) -> pd.DataFrame:
    """A row a measure of one cell."""
    cell, sets, names = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    truth = None
    if cell.better:
        many = Cell(**{**vars(cell), "patients": MANY, "alike": 0.0, "sizes": "equal"})
        truth = drawn(many, random, names).set_index([*KEYS])["difference"]
    found = pd.concat([drawn(cell, random, names) for _ in range(sets)])
    rows = []
    for key, of in found.groupby([*KEYS], sort=False):
        true = 0.0 if truth is None else float(truth[key])
        given = of["low"].notna()
        spread = np.quantile(of["difference"].dropna(), [0.025, 0.975]) if len(of) else [0, 0]
        width = float((of["high"] - of["low"])[given].mean()) if given.any() else np.nan
        rows.append(
            vars(cell)
            | {
                "measure": " ".join(part for part in (key[0], key[2].replace("_", " "))),
                "sets": int(given.sum()),
                "without": int((~given).sum()),
                "above": float((of["low"] > true)[given].mean()) if given.any() else np.nan,
                "below": float((of["high"] < true)[given].mean()) if given.any() else np.nan,
                "width": width / np.ptp(spread) if np.ptp(spread) > 0 else np.nan,
                "errors": float(of["errors"].mean()),
                "fewest": round(cell.patients * min(cell.prevalence, 1 - cell.prevalence)),
                "effective": float(cell.patients * cell.prevalence / 3),
            }
        )
    table = pd.DataFrame(rows)
    table["measure"] += " better" if cell.better else ""
    return table.assign(verdict=table.apply(verdict, axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=len(cells()), help="so many cells alone")
    parser.add_argument("--measures", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--into", type=Path, help="document whose table is replaced")
    options = parser.parse_args()
    parts = []
    with multiprocessing.Pool(options.processes) as pool:
        tasks = [(cell, options.sets, options.measures) for cell in cells()[: options.first]]
        for count, part in enumerate(pool.imap_unordered(covered, tasks), 1):
            parts.append(part)
            print(f"\r{count} of {len(tasks)} cells", end="", file=sys.stderr)
            if options.csv:
                pd.concat(parts).round(4).to_csv(options.csv, index=False)
    table = pd.concat(parts).sort_values(["measure", *vars(cells()[0])], ignore_index=True)
    if options.into:
        before, rest = options.into.read_text(encoding="utf-8").split(START)
        text = f"{before}{START}\n{summarised(table)}\n{END}{rest.split(END)[1]}"
        options.into.write_text(text, encoding="utf-8")
    print(pd.crosstab(table["measure"], table["verdict"]).to_string())


if __name__ == "__main__":
    main()
