"""Coverage of every interval that DermXAI prints, on simulated patients.

    python -m benchmarks.coverage [--sets 2000] [--processes 2] [--csv FILE] [--into DOCUMENT]

A cell is a combination of: patients, how many images each has (equal, Poisson, heavy-tailed up to
30; 4 in the mean), how alike a patient's images are (latent intra-patient correlation, ICC), the
share of the patients that are of the first class, 2 or 14 classes, and the true value. In each cell
`--sets` data sets are drawn, and every measure gets its interval from the functions that pages and
reports use. Reported: the share of intervals that hold the true value; the shares that lie above
and below it; mean width over the width of the central 95 % of the estimates; errors to be expected;
how many sets got no interval; and what of the goal is missed (`verdict`). A run that was stopped
goes on with its file.
"""

import argparse
import itertools
import multiprocessing
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import binomtest

from dermxai.metrics import delong, intervals, leakage, summary
from dermxai.metrics.intervals import Estimates, score_interval, student_interval

Floats = NDArray[np.float64]
Interval = Callable[[Estimates, NDArray[np.intp], float], intervals.Ends]

SIZES = ("equal", "poisson", "heavy")
ALIKE = (0.0, 0.3, 0.8)
PATIENTS = (8, 20, 50, 200)
PREVALENCES = (0.5, 0.1)
VALUES = (0.7, 0.9, 0.98)
CLASSES = (2, 14)
LEVEL = 0.95
IMAGES = 4  # of a patient in the mean
MOST = 30  # images of a patient where sizes are heavy-tailed
BLOCK = 20  # sets that share their patients
RIVAL = 0.7  # correlation of the two models' latent scores


@dataclass(frozen=True)
class Cell:
    classes: int
    sizes: str
    alike: float
    patients: int
    prevalence: float
    value: float


CELL = list(Cell.__dataclass_fields__)


@dataclass(frozen=True)
class Measure:
    """What one measure makes of one simulated set.

    Attributes:
        estimates: one.
        truth: what its interval should hold.
        errors: to be expected on the side that has fewest, or images on which two models or two
            sets differ; NaN of what counts no errors.
        interval: the function that makes it.
    """

    estimates: Estimates
    truth: float
    errors: float
    interval: Interval


@dataclass(frozen=True)
class Simulated:
    """One set: n images, k classes. Sets of a block share images and patients.

    Attributes:
        clusters: (n,) index of each image's patient.
        true, predicted, rival: (n,) class, and its prediction by two models.
        scores: (n, k) what images are ranked by.
        votes: (n, 2) normal and skewed numbers of the images.
        chance: (k,) true sensitivity of each class.
        patients: (k,) of each class.
    """

    clusters: NDArray[np.intp]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    rival: NDArray[np.int64]
    scores: Floats
    votes: Floats
    chance: Floats
    patients: NDArray[np.int64]


def cells(classes: Sequence[int] = CLASSES, patients: Sequence[int] = PATIENTS) -> list[Cell]:
    grid = itertools.product(classes, SIZES, ALIKE, patients, PREVALENCES, VALUES)
    return [Cell(*each) for each in grid]


def images_of(sizes: str, patients: int, random: np.random.Generator) -> NDArray[np.int64]:
    """(patients,) images of each."""
    if sizes == "equal":
        return np.full(patients, IMAGES)
    if sizes == "poisson":
        return 1 + random.poisson(IMAGES - 1, patients)
    counts = np.arange(1, MOST + 1)
    chances = counts**-1.5
    return random.choice(counts, p=chances / chances.sum(), size=patients)


def latent(
    clusters: NDArray[np.intp], alike: float, columns: int, random: np.random.Generator
) -> Floats:
    """(n, columns) standard normal numbers, correlated by ``alike`` within a cluster."""
    patients = random.standard_normal((clusters.max() + 1, columns))[clusters]
    images = random.standard_normal((clusters.size, columns))
    return np.asarray(np.sqrt(alike) * patients + np.sqrt(1 - alike) * images)


def sensitivities(cell: Cell) -> Floats:
    """(classes,) the cell's value in the mean; of 14 classes error rates differ by up to three."""
    spread = np.linspace(-0.5, 0.5, cell.classes - 1) if cell.classes > 2 else np.zeros(1)
    return cell.value + (1 - cell.value) * np.concatenate([[0], spread])


def block(cell: Cell, sets: int, random: np.random.Generator) -> Iterator[Simulated]:
    """Sets of the same patients, whose numbers of images are drawn once."""
    k = cell.classes
    first = max(1, round(cell.patients * cell.prevalence))
    of_patient = np.concatenate(
        [np.zeros(first, dtype=np.int64), 1 + np.arange(cell.patients - first) % (k - 1)]
    )
    clusters = np.repeat(np.arange(cell.patients), images_of(cell.sizes, cell.patients, random))
    true = of_patient[clusters]
    chance = sensitivities(cell)
    for _ in range(sets):
        doubt = latent(clusters, cell.alike, 2, random)
        mixed = RIVAL * doubt[:, 0] + np.sqrt(1 - RIVAL**2) * doubt[:, 1]
        favourite = random.integers(1, k, cell.patients)[clusters]
        strays = random.random(true.size) >= cell.alike
        wrong = (true + np.where(strays, random.integers(1, k, true.size), favourite)) % k
        scores = latent(clusters, cell.alike, k, random)
        scores += np.sqrt(2) * ndtri(cell.value) * (true[:, None] == np.arange(k))
        votes = latent(clusters, cell.alike, 2, random)
        votes[:, 1] = np.exp(votes[:, 1] / 2)
        yield Simulated(
            clusters=clusters,
            true=true,
            predicted=np.where(doubt[:, 0] < ndtri(chance)[true], true, wrong),
            rival=np.where(mixed < ndtri(chance)[true], true, wrong),
            scores=scores,
            votes=votes,
            chance=chance,
            patients=np.bincount(of_patient, minlength=k),
        )


def measured(cell: Cell, made: Simulated) -> Iterator[tuple[str, Measure]]:
    """Every measure on one set."""
    k, clusters, true = cell.classes, made.clusters, made.true
    member = true[:, None] == np.arange(k)
    right, rival = (made.predicted == true)[:, None], (made.rival == true)[:, None]
    every = np.ones_like(right)
    changed = (right != rival)[:, 0]

    def draw(
        estimates: Estimates,
        truth: float,
        interval: Interval = score_interval,
        wrong: NDArray[np.bool_] = changed,
    ) -> Measure:
        sides = estimates.sides[:, :, 0]
        errors = np.nan
        if interval is score_interval:
            errors = (1 - truth) * sides.sum(axis=0).min()
        elif estimates.step:
            errors = (wrong @ sides.astype(float)).min()
        return Measure(estimates, float(truth), float(errors), interval)

    found = summary.overall(true, made.predicted, made.scores, [str(code) for code in range(k)])
    patients, chance = made.patients, made.chance
    here = patients > 0
    top1 = float((patients * chance).sum() / patients.sum())
    yield "top-1 accuracy", draw(found["top1_accuracy"], top1)
    yield "balanced accuracy", draw(found["balanced_accuracy"], float(chance[here].mean()))
    yield "mean AUC", draw(found["mean_auc"], cell.value)
    yield "sensitivity of a class", draw(intervals.shares(right, member[:, :1]), chance[0])
    alarms = patients[1:] * (1 - chance[1:]) / (k - 1)
    rejected = (made.predicted != 0)[:, None]
    specificity = intervals.shares(rejected, ~member[:, :1])
    yield "specificity of a class", draw(specificity, 1 - float(alarms.sum() / patients[1:].sum()))
    yield "AUC of a class", draw(delong.areas(member[:, :1], made.scores[:, :1]), cell.value)
    if k > 2 and here.all():
        yield "mean accuracy", draw(found["mean_accuracy"], 1 - 2 * (1 - top1) / k)
        falsely = (1 - chance) * patients / (k - 1)  # patients taken for each other class
        of_others = [
            (falsely.sum() - falsely[i]) / (patients.sum() - patients[i]) for i in range(k)
        ]
        yield "mean specificity", draw(found["mean_specificity"], 1 - float(np.mean(of_others)))
        yield from gains(made, draw)
    seen = np.arange(patients.sum())[clusters] % 2 == 0
    if (np.bincount(true[~seen], minlength=k)[here] > 0).all():
        unseen = summary.overall(
            true[~seen],
            made.predicted[~seen],
            made.scores[~seen],
            [str(code) for code in range(k)],
        )
        enough = patients[here].min() >= intervals.FEWEST_OF_CLASS
        for measure in ("top1_accuracy", "balanced_accuracy", "mean_auc")[: 3 if enough else 1]:
            added = leakage.difference(found[measure], ~seen, unseen[measure])
            yield f"leakage premium, {measure}", draw(added, 0, student_interval, ~right[:, 0])
    apart = intervals.shares(rival, every).minus(intervals.shares(right, every))
    yield "difference of top-1 accuracies", draw(apart, 0, student_interval)
    apart = intervals.class_mean(rival, true).minus(intervals.class_mean(right, true))
    yield "difference of balanced accuracies", draw(apart, 0, student_interval)
    for column, name, truth in ((0, "mean vote", 0), (1, "mean of skewed numbers", np.exp(0.125))):
        mean = intervals.means(made.votes[:, [column]], every)
        yield name, draw(mean, float(truth), student_interval)
    for group, name in ((true == 0, "patients"), (~right[:, 0], "images")):
        apart = intervals.group_difference(made.votes[:, :1], every, group)
        yield f"difference of groups of {name}", draw(apart, 0, student_interval)


def gains(made: Simulated, draw: Callable[..., Measure]) -> Iterator[tuple[str, Measure]]:
    """What counting the first two classes as one adds."""
    k, true, predicted = made.chance.size, made.true, made.predicted
    patients, chance = made.patients, made.chance
    mended = ((true < 2) & (predicted < 2) & (true != predicted))[:, None]
    each = (1 - chance[:2]) / (k - 1)
    lost = patients[:2] * each
    share = float(lost.sum() / patients.sum())
    gain = intervals.shares(mended, np.ones_like(mended))
    yield "gain of merging, top-1", replace(draw(gain, share), errors=share * true.size)
    separate = intervals.class_mean((true == predicted)[:, None], true)
    together = intervals.class_mean((true == predicted)[:, None] | mended, np.maximum(true, 1))
    gain = replace(together, sides=separate.sides, scale=separate.scale).minus(separate)
    joint = (patients[:2] * (chance[:2] + each)).sum() / patients[:2].sum()
    truth = (joint + chance[2:].sum()) / (k - 1) - chance.mean()
    yield "gain of merging, balanced", draw(gain, float(truth), student_interval)


def covered(task: tuple[Cell, int]) -> pd.DataFrame:
    """A row a measure of one cell."""
    cell, sets = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    found: dict[str, list[Floats]] = {}
    for start in range(0, sets, BLOCK):
        together: dict[str, list[Measure]] = {}
        for made in block(cell, min(BLOCK, sets - start), random):
            for name, each in measured(cell, made):
                together.setdefault(name, []).append(each)
        for name, measures in together.items():
            found.setdefault(name, []).append(drawn(measures, made.clusters))
    table = pd.DataFrame(
        [asdict(cell) | {"measure": name} | row(np.vstack(of)) for name, of in found.items()]
    )
    return table.assign(verdict=table.apply(verdict, axis=1))


def drawn(measures: Sequence[Measure], clusters: NDArray[np.intp]) -> Floats:
    """(sets, 6) of one measure on sets of the same patients: estimate, interval, truth, errors and
    patients of the side that has fewest."""
    parts = [each.estimates for each in measures]
    joined = Estimates(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.influences for part in parts], axis=1),
        np.concatenate([part.sides for part in parts], axis=2),
        np.concatenate([part.scale for part in parts], axis=1),
        parts[0].step,
        parts[0].fewest,
    )
    low, high = measures[0].interval(joined, clusters, LEVEL)
    holding = [
        min(np.unique(clusters[side]).size for side in part.sides[:, :, 0].T) for part in parts
    ]
    truth, errors = ([getattr(each, name) for each in measures] for name in ("truth", "errors"))
    return np.column_stack([joined.value, low, high, truth, errors, holding])


def row(found: Floats) -> dict[str, float]:
    """Of the sets of a cell, as `drawn` gives them."""
    value, low, high, truth, errors, patients = found.T
    given = np.isfinite(low)
    ends = np.quantile(value[np.isfinite(value)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    width = (high - low)[given].mean() if given.any() else np.nan
    return {
        "sets": int(given.sum()),
        "without": int((~given).sum()),
        "above": float((low > truth)[given].mean()) if given.any() else np.nan,
        "below": float((high < truth)[given].mean()) if given.any() else np.nan,
        "width": float(width / np.diff(ends)[0]) if np.diff(ends)[0] > 0 else np.nan,
        "errors": float(np.mean(errors)),
        "fewest": int(np.median(patients)),
    }


def verdict(found: pd.Series) -> str:
    """What of the goal a row misses, "" where nothing.

    "low": the 99 % Monte Carlo interval of the coverage lies below 93 %, or that of a tail above
    5 %. "high": that of the coverage lies above 98 %, though 5 errors are to be expected and 10
    patients count. "wide": over 1.5 times as wide as the central 95 % of the estimates, of 20
    patients or more, or "few" where fewer than 5 errors are to be expected. "none": an interval is
    missing though each side has 10 patients.
    """
    sets, few = int(found["sets"]), found["errors"] < 5
    if found["without"] and found["fewest"] >= 10:
        return "none"
    if not sets:
        return ""

    def ends(share: float) -> tuple[float, float]:
        of = binomtest(round(share * sets), sets).proportion_ci(0.99, "exact")
        return of.low, of.high

    low, high = ends(1 - found["above"] - found["below"])
    if high < 0.93 or max(ends(found["above"])[0], ends(found["below"])[0]) > 0.05:
        return "low"
    if low > 0.98 and found["fewest"] >= 10 and not few:
        return "high"
    if found["width"] > 1.5 and found["fewest"] >= 20:
        return "few" if few else "wide"
    return ""


def summarised(table: pd.DataFrame) -> str:
    """Markdown: a row a measure and number of patients, over all cells that have intervals."""
    lines = [
        f"{int(table['sets'].max()):,} sets a cell.",
        "",
        "| measure | patients | cells | coverage: least | median | above, most | below, most "
        "| width, median | low | high | wide | few | none |",
        "|---" * 13 + "|",
    ]
    given = table[table["sets"] > 0]
    for (measure, patients), cells_ in given.groupby(["measure", "patients"], sort=False):
        held = 100 * (1 - cells_["above"] - cells_["below"])
        said = cells_["verdict"].value_counts()
        lines.append(
            f"| {measure} | {patients} | {len(cells_)} | {held.min():.1f} | {held.median():.1f} "
            f"| {100 * cells_['above'].max():.1f} | {100 * cells_['below'].max():.1f} "
            f"| {cells_['width'].median():.2f} | "
            + " | ".join(str(said.get(name, 0)) for name in ("low", "high", "wide", "few", "none"))
            + " |"
        )
    return "\n".join(lines)


def written(document: str, table: pd.DataFrame) -> str:
    """The document with its table replaced."""
    start, end = "<!-- coverage -->", "<!-- /coverage -->"
    before, rest = document.split(start)
    return f"{before}{start}\n{summarised(table)}\n{end}{rest.split(end)[1]}"


def read_finished(path: Path | None) -> pd.DataFrame:
    """Rows of cells that have been drawn before, by a run that was stopped."""
    if path is None or not path.exists():
        return pd.DataFrame()
    return pd.read_csv(path).fillna({"verdict": ""})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
    parser.add_argument("--patients", type=int, nargs="+", default=PATIENTS)
    parser.add_argument(
        "--csv", type=Path, help="gets a row a cell and measure; goes on with one that is there"
    )
    parser.add_argument("--into", type=Path, help="document whose table is replaced")
    options = parser.parse_args()
    done = read_finished(options.csv)
    finished = {Cell(*key) for key in done.groupby(CELL).groups} if len(done) else set()
    tasks = [(each, options.sets) for each in cells(options.classes, options.patients)]
    tasks = [task for task in tasks if task[0] not in finished]
    parts = [done]
    with multiprocessing.Pool(options.processes) as pool:
        for count, part in enumerate(pool.imap_unordered(covered, tasks), 1):
            parts.append(part)
            if options.csv:
                part.to_csv(options.csv, mode="a", header=not options.csv.exists(), index=False)
            print(f"\r{count} of {len(tasks)} cells", end="", file=sys.stderr)
    table = pd.concat(parts).sort_values(["measure", *CELL], ignore_index=True)
    if options.csv:
        table.round(4).to_csv(options.csv, index=False)
    if options.into:
        text = options.into.read_text(encoding="utf-8")
        options.into.write_text(written(text, table), encoding="utf-8")
    print(table[table["verdict"] != ""].to_string())
    print(pd.crosstab(table["measure"], table["verdict"]).to_string())


if __name__ == "__main__":
    main()
