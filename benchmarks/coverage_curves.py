"""Coverage of the intervals along curves, and of prediction sets, on the simulated patients of
`benchmarks.coverage`.

    python -m benchmarks.coverage_curves [--sets 60] [--csv FILE] [--into DOCUMENT]

Of the first class: bands of the ROC curve at fixed false positive rates and of the
precision-recall curve at fixed recalls, net benefit at fixed thresholds, here and at a prevalence.
Of all classes: the risk of the surest images. True values follow from the two normal
distributions that scores are drawn from; that of the risk is the share of errors among 400,000
images. Prediction sets are fitted on as many other patients; told is the share of images whose set
holds the true class, over all sets of a cell.
"""

import argparse
import multiprocessing
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, softmax

from benchmarks.coverage import (
    CELL,
    LEVEL,
    Block,
    Cell,
    cells,
    drawn,
    row,
    simulated,
    summarised,
    verdict,
)
from dermxai.metrics.abstention import risk_coverage
from dermxai.metrics.bands import GRID, bands
from dermxai.metrics.conformal import fitted_sets, measured_sets
from dermxai.metrics.decision_curve import decision_curve
from dermxai.metrics.intervals import Interval

Floats = NDArray[np.float64]

BLOCK = 10  # sets that share their patients
RATES = (0.02, 0.05, 0.1, 0.2, 0.5)
RECALLS = (0.2, 0.5, 0.8, 0.95)
ACTING = (0.05, 0.2, 0.5)
PREVALENCE = 0.1
KEPT = (0.5, 0.8, 1.0)
COVERAGE = 0.9
REPLICATES = 200
SIZES = ("poisson", "heavy")
VALUE = 0.9
"""Of all cells, those that are drawn: what the first class's AUC is."""
START, END = "<!-- coverage of curves -->", "<!-- /coverage of curves -->"


def apart(area: float) -> float:
    """Distance of two normal distributions of unit variance whose ROC curve has that area."""
    return float(np.sqrt(2) * ndtri(area))


def precision(area: float, recall: float, prevalence: float) -> float:
    hits = prevalence * recall
    alarms = (1 - prevalence) * ndtr(ndtri(recall) - apart(area))
    return float(hits / (hits + alarms))


def posterior(scores: Floats, area: float, prevalence: float) -> Floats:
    """Probability of the class by its score, which is normal about the distance, else about 0."""
    distance = apart(area)
    odds = prevalence / (1 - prevalence) * np.exp(distance * scores - distance**2 / 2)
    return np.asarray(odds / (1 + odds))


def benefit(area: float, prevalence: float, threshold: float, at: float) -> float:
    """Net benefit at a threshold of that probability, of images of a prevalence ``at``."""
    distance = apart(area)
    odds = threshold / (1 - threshold)
    cut = np.log(odds * (1 - prevalence) / prevalence) / distance + distance / 2
    return float(at * ndtr(distance - cut) - (1 - at) * odds * ndtr(-cut))


@cache
def risks(patients: tuple[int, ...], area: float) -> dict[float, float]:
    """Of the surest of many images, by how many are kept: the highest score is the prediction and
    the confidence its softmax.

    Args:
        patients: of each class.
    """
    random = np.random.default_rng(0)
    true = random.choice(len(patients), 400_000, p=np.array(patients) / sum(patients))
    scores = random.standard_normal((true.size, len(patients)))
    scores[np.arange(true.size), true] += apart(area)
    sure = softmax(scores, axis=1).max(axis=1)
    right = scores.argmax(axis=1) == true
    return {kept: float((~right[sure >= np.quantile(sure, 1 - kept)]).mean()) for kept in KEPT}


def sides(*of: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n, s, 1)"""
    return np.stack(of, axis=1)[:, :, None]


def measured(made: Block, area: float, replicates: int) -> Iterator[tuple[str, Floats]]:
    """Every curve on the sets of a block, as `coverage.drawn`."""
    member = made.true == 0
    prevalence = made.patients[0] / made.patients.sum()
    both = sides(member, ~member)
    every = sides(np.ones_like(member))
    expected = risks(tuple(made.patients.tolist()), area)
    told = {"sides": both, "clusters": made.clusters}
    images = np.array([member.sum(), (~member).sum()])
    for scores in np.moveaxis(made.scores, 2, 0):
        of = scores[:, 0]
        (found,) = bands(member[:, None], of[:, None], made.clusters, LEVEL, replicates=replicates)
        for rate in RATES:
            at = int(np.argmin(np.abs(GRID - rate)))
            truth = float(ndtr(apart(area) + ndtri(rate)))
            errors = min((1 - truth) * images[0], truth * images[0], rate * images[1])
            yield (
                f"sensitivity at a false positive rate of {rate:.0%}",
                drawn(*point(found.roc, at), truth=truth, errors=errors, **told),
            )
        for recall in RECALLS:
            at = int(np.argmin(np.abs(GRID - recall)))
            truth = precision(area, recall, prevalence)
            alarms = images[0] * recall * (1 / truth - 1)
            errors = min(alarms, (1 - recall) * images[0])
            yield (
                f"precision at a recall of {recall:.0%}",
                drawn(*point(found.precision_recall, at), truth=truth, errors=errors, **told),
            )
        probability = posterior(of, area, prevalence)
        for at_prevalence in (None, PREVALENCE):
            curve = decision_curve(
                member,
                probability,
                made.clusters,
                LEVEL,
                prevalence=at_prevalence,
                thresholds=np.array(ACTING),
            ).table
            for _, line in curve.iterrows():
                threshold = float(line["threshold"])
                truth = benefit(area, prevalence, threshold, at_prevalence or member.mean())
                called = probability >= threshold
                wrong = min((called & ~member).sum(), (~called & member).sum())
                name = f"net benefit at {threshold:.0%}"
                name += f", prevalence {PREVALENCE:.0%}" if at_prevalence else ""
                ends = Interval(*(np.array([line[end]]) for end in ("low", "high")), "Newcombe")
                yield (
                    name,
                    drawn(
                        np.array([line["net_benefit"]]),
                        ends,
                        truth=truth,
                        errors=wrong,
                        **told,
                    ),
                )
        probabilities = softmax(scores, axis=1)
        right = scores.argmax(axis=1) == made.true
        surest = risk_coverage(right, probabilities.max(axis=1), made.clusters, LEVEL).table
        for kept, truth in expected.items():
            line = surest.iloc[round(kept * len(surest)) - 1]
            ends = Interval(*(np.array([line[end]]) for end in ("low", "high")), "Wilson")
            yield (
                f"risk of the surest {kept:.0%}",
                drawn(
                    np.array([line["risk"]]),
                    ends,
                    truth=truth,
                    errors=truth * line["images"],
                    sides=every,
                    clusters=made.clusters,
                ),
            )


def point(band: object, at: int) -> tuple[Floats, Interval]:
    """Estimate and interval of one point of a band."""
    value, low, high = (np.array([getattr(band, name)[at]]) for name in ("y", "low", "high"))
    return value, Interval(low, high, "Wilson")


def held(made: Block, other: Block) -> Iterator[tuple[str, bool, float, float]]:
    """Of each set: what kind of bounds, whether of the first class, the share of images whose set
    holds the true class, and that of the lowest covered class with 8 patients and more."""
    for scores, others in zip(
        np.moveaxis(made.scores, 2, 0), np.moveaxis(other.scores, 2, 0), strict=True
    ):
        for by_class in (False, True):
            rule = fitted_sets(
                made.true,
                softmax(scores, axis=1),
                COVERAGE,
                by_class=by_class,
                units=int(made.patients.sum()),
            )
            found = measured_sets(rule, other.true, softmax(others, axis=1), other.clusters, LEVEL)
            name = "class-conditional" if by_class else "marginal"
            yield name, by_class, found.overall["coverage"][0], found.by_class["coverage"][0]


def covered(task: tuple[Cell, int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row a measure of one cell, and a row a kind of prediction sets."""
    cell, sets, replicates = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    found: dict[str, list[Floats]] = {}
    of_sets = []
    for start in range(0, sets, BLOCK):
        size = min(BLOCK, sets - start)
        made = simulated(cell, size, random)
        for name, each in measured(made, cell.value, replicates):
            found.setdefault(name, []).append(each)
        of_sets += list(held(made, simulated(cell, size, random)))
    table = pd.DataFrame(
        [asdict(cell) | {"measure": name} | row(np.vstack(of)) for name, of in found.items()]
    )
    names = ["kind", "by_class", "all_images", "first_class"]
    kinds = pd.DataFrame(of_sets, columns=names).drop(columns="by_class")
    means = kinds.groupby("kind").mean().reset_index()
    return table.assign(verdict=table.apply(verdict, axis=1)), means.assign(**asdict(cell))


def of_sets_summarised(table: pd.DataFrame) -> str:
    """Markdown: a row a kind and number of patients."""
    lines = [
        "| prediction sets of 90 % | patients | cells | all images: least | median | most "
        "| first class: least | median | most |",
        "|---" * 9 + "|",
    ]
    for (kind, patients), of in table.groupby(["kind", "patients"], sort=False):
        numbers = [
            f"{100 * of[column].quantile(share):.1f}"
            for column in ("all_images", "first_class")
            for share in (0, 0.5, 1)
        ]
        lines.append(f"| {kind} | {patients} | {len(of)} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def written(document: str, text: str) -> str:
    """The document with its tables replaced."""
    before, rest = document.split(START)
    return f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=60)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--patients", type=int, nargs="+", default=(20, 50, 200))
    parser.add_argument("--csv", type=Path, help="gets a row a cell and measure")
    parser.add_argument("--into", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    grid = cells((2,), options.patients) + cells((14,), (200,))
    grid = [each for each in grid if each.value == VALUE and each.sizes in SIZES]
    tasks = [(each, options.sets, options.replicates) for each in grid]
    parts = []
    with multiprocessing.Pool(options.processes) as pool:
        for count, part in enumerate(pool.imap_unordered(covered, tasks), 1):
            parts.append(part)
            print(f"\r{count} of {len(tasks)} cells", end="", file=sys.stderr)
    table, kinds = (pd.concat(of, ignore_index=True) for of in zip(*parts, strict=True))
    table = table.sort_values(["measure", *CELL], ignore_index=True)
    kinds = kinds.sort_values(["kind", *CELL], ignore_index=True)
    if options.csv:
        table.round(4).to_csv(options.csv, index=False)
    text = f"{summarised(table)}\n\n{of_sets_summarised(kinds)}"
    if options.into:
        document = options.into.read_text(encoding="utf-8")
        options.into.write_text(written(document, text), encoding="utf-8")
    print(text)
    print(table[table["verdict"] != ""].to_string())


if __name__ == "__main__":
    main()
