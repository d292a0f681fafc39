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

if __name__ == "__main__":  # tests that import this keep their threads
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
    """What one measure makes of a block of simulated sets.

    Attributes:
        estimates: one a set.
        truth: what their intervals should hold.
        errors: to be expected on the side that has fewest, or images on which two models or two
            sets differ; NaN of what counts no errors.
        interval: the function that makes them.
    """

    estimates: Estimates
    truth: float
    errors: float
    interval: Interval


@dataclass(frozen=True)
class Block:
    """b sets of the same n images and patients, in k classes.

    Attributes:
        clusters: (n,) index of each image's patient.
        true: (n,) class.
        predicted, rival: (n, b) its prediction by two models.
        scores: (n, k, b) what images are ranked by.
        votes: (n, 2, b) normal and skewed numbers of the images.
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
    clusters: NDArray[np.intp], alike: float, shape: tuple[int, ...], random: np.random.Generator
) -> Floats:
    """(n, *shape) standard normal numbers, correlated by ``alike`` within a cluster."""
    patients = random.standard_normal((clusters.max() + 1, *shape))[clusters]
    images = random.standard_normal((clusters.size, *shape))
    return np.asarray(np.sqrt(alike) * patients + np.sqrt(1 - alike) * images)


def sensitivities(cell: Cell) -> Floats:
    """(classes,) the cell's value in the mean; of 14 classes error rates differ by up to three."""
    spread = np.linspace(-0.5, 0.5, cell.classes - 1) if cell.classes > 2 else np.zeros(1)
    return cell.value + (1 - cell.value) * np.concatenate([[0], spread])


def simulated(cell: Cell, sets: int, random: np.random.Generator) -> Block:
    k = cell.classes
    first = max(1, round(cell.patients * cell.prevalence))
    of_patient = np.concatenate(
        [np.zeros(first, dtype=np.int64), 1 + np.arange(cell.patients - first) % (k - 1)]
    )
    clusters = np.repeat(np.arange(cell.patients), images_of(cell.sizes, cell.patients, random))
    true = of_patient[clusters]
    chance = sensitivities(cell)
    limit = ndtri(chance)[true][:, None]
    doubt, other = np.moveaxis(latent(clusters, cell.alike, (2, sets), random), 1, 0)
    rival = RIVAL * doubt + np.sqrt(1 - RIVAL**2) * other
    favourite = random.integers(1, k, (cell.patients, sets))[clusters]
    strays = random.random(favourite.shape) >= cell.alike
    wrong = np.where(strays, random.integers(1, k, favourite.shape), favourite)
    wrong = (true[:, None] + wrong) % k
    scores = latent(clusters, cell.alike, (k, sets), random)
    scores += np.sqrt(2) * ndtri(cell.value) * (true[:, None] == np.arange(k))[:, :, None]
    votes = latent(clusters, cell.alike, (2, sets), random)
    votes[:, 1] = np.exp(votes[:, 1] / 2)
    return Block(
        clusters=clusters,
        true=true,
        predicted=np.where(doubt < limit, true[:, None], wrong),
        rival=np.where(rival < limit, true[:, None], wrong),
        scores=scores,
        votes=votes,
        chance=chance,
        patients=np.bincount(of_patient, minlength=k),
    )


def joined(parts: Sequence[Estimates]) -> Estimates:
    """Those of several sets as one."""
    return Estimates(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.influences for part in parts], axis=1),
        np.concatenate([part.sides for part in parts], axis=2),
        np.concatenate([part.scale for part in parts], axis=1),
        parts[0].step,
        parts[0].fewest,
    )


def draw(
    estimates: Estimates,
    truth: float,
    interval: Interval = score_interval,
    wrong: NDArray[np.bool_] | None = None,
) -> Measure:
    """A measure, with the errors to be expected, or those found: ``wrong`` (n, b)."""
    errors = np.nan
    if interval is score_interval:
        errors = (1 - truth) * estimates.sides.sum(axis=0).min(axis=0).mean()
    elif wrong is not None:
        errors = (wrong[:, None] & estimates.sides).sum(axis=0).min(axis=0).mean()
    return Measure(estimates, float(truth), float(errors), interval)


def measured(cell: Cell, made: Block) -> Iterator[tuple[str, Measure]]:
    """Every measure on the sets of a block."""
    k, true, predicted = cell.classes, made.true, made.predicted
    member = true[:, None] == np.arange(k)
    right, rival = predicted == true[:, None], made.rival == true[:, None]
    every = np.ones_like(right)
    first = np.broadcast_to(member[:, :1], right.shape)
    patients, chance = made.patients, made.chance
    here = patients > 0
    top1 = float((patients * chance).sum() / patients.sum())
    whole = {
        "top-1 accuracy": intervals.shares(right, every),
        "balanced accuracy": intervals.class_mean(right, true),
        "mean AUC": mean_areas(member, made.scores),
    }
    yield "top-1 accuracy", draw(whole["top-1 accuracy"], top1)
    yield "balanced accuracy", draw(whole["balanced accuracy"], float(chance[here].mean()))
    yield "mean AUC", draw(whole["mean AUC"], cell.value)
    yield "sensitivity of a class", draw(intervals.shares(right, first), chance[0])
    alarms = (patients[1:] * (1 - chance[1:])).sum() / (k - 1) / patients[1:].sum()
    yield "specificity of a class", draw(intervals.shares(predicted != 0, ~first), 1 - alarms)
    yield "AUC of a class", draw(delong.areas(first, made.scores[:, 0]), cell.value)
    if k > 2 and here.all():
        yield from means_of_all_classes(made, top1)
        yield from gains(made)
    kept = np.arange(patients.sum())[made.clusters] % 2 == 1
    if (np.bincount(true[kept], minlength=k)[here] > 0).all():
        unseen = {
            "top-1 accuracy": intervals.shares(right[kept], every[kept]),
            "balanced accuracy": intervals.class_mean(right[kept], true[kept]),
            "mean AUC": mean_areas(member[kept], made.scores[kept]),
        }
        enough = patients[here].min() >= intervals.FEWEST_OF_CLASS
        for name in list(unseen)[: 3 if enough else 1]:
            added = leakage.difference(whole[name], kept, unseen[name])
            yield f"leakage premium, {name}", draw(added, 0, student_interval, ~right)
    changed = right != rival
    for name, of in (
        ("top-1", lambda outcome: intervals.shares(outcome, every)),
        ("balanced", lambda outcome: intervals.class_mean(outcome, true)),
    ):
        apart = of(rival).minus(of(right))
        yield f"difference of {name} accuracies", draw(apart, 0, student_interval, changed)
    for column, name, truth in ((0, "mean vote", 0), (1, "mean of skewed numbers", np.exp(0.125))):
        mean = intervals.means(made.votes[:, column], every)
        yield name, draw(mean, float(truth), student_interval)
    apart = intervals.group_difference(made.votes[:, 0], every, true == 0)
    yield "difference of groups of patients", draw(apart, 0, student_interval)
    apart = joined(
        [
            intervals.group_difference(votes[:, None], every[:, :1], ~of)
            for votes, of in zip(made.votes[:, 0].T, right.T, strict=True)
        ]
    )
    yield "difference of groups of images", draw(apart, 0, student_interval)


def mean_areas(member: NDArray[np.bool_], scores: Floats) -> Estimates:
    return joined([delong.mean_area(member, each) for each in np.moveaxis(scores, 2, 0)])


def means_of_all_classes(made: Block, top1: float) -> Iterator[tuple[str, Measure]]:
    """Accuracy and specificity, where every class has patients."""
    k, patients, chance = made.chance.size, made.patients, made.chance
    member = made.true[:, None] == np.arange(k)
    falsely = (1 - chance) * patients / (k - 1)  # patients taken for each other class
    others = (falsely.sum() - falsely) / (patients.sum() - patients)
    accuracy, specificity = (
        joined([of(predicted) for predicted in made.predicted.T])
        for of in (
            lambda predicted: summary.mean_accuracy(made.true, predicted, member.any(axis=0)),
            lambda predicted: summary.mean_specificity(member, predicted),
        )
    )
    yield "mean accuracy", draw(accuracy, 1 - 2 * (1 - top1) / k)
    yield "mean specificity", draw(specificity, 1 - float(others.mean()))


def gains(made: Block) -> Iterator[tuple[str, Measure]]:
    """What counting the first two classes as one adds."""
    k, true, predicted = made.chance.size, made.true, made.predicted
    patients, chance = made.patients, made.chance
    right = predicted == true[:, None]
    mended = (true < 2)[:, None] & (predicted < 2) & ~right
    each = (1 - chance[:2]) / (k - 1)
    share = float((patients[:2] * each).sum() / patients.sum())
    gain = draw(intervals.shares(mended, np.ones_like(mended)), share)
    yield "gain of merging, top-1", replace(gain, errors=share * true.size)
    separate = intervals.class_mean(right, true)
    together = intervals.class_mean(right | mended, np.maximum(true, 1))
    apart = replace(together, sides=separate.sides, scale=separate.scale).minus(separate)
    joint = (patients[:2] * (chance[:2] + each)).sum() / patients[:2].sum()
    truth = (joint + chance[2:].sum()) / (k - 1) - chance.mean()
    yield "gain of merging, balanced", draw(apart, float(truth), student_interval, mended)


def covered(task: tuple[Cell, int]) -> pd.DataFrame:
    """A row a measure of one cell."""
    cell, sets = task
    random = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    found: dict[str, list[Floats]] = {}
    for start in range(0, sets, BLOCK):
        made = simulated(cell, min(BLOCK, sets - start), random)
        for name, each in measured(cell, made):
            found.setdefault(name, []).append(drawn(each, made.clusters))
    table = pd.DataFrame(
        [asdict(cell) | {"measure": name} | row(np.vstack(of)) for name, of in found.items()]
    )
    return table.assign(verdict=table.apply(verdict, axis=1))


def drawn(of: Measure, clusters: NDArray[np.intp]) -> Floats:
    """(b, 7) of the sets of a block: estimate, both ends, truth, errors, and patients of the side
    that has fewest, counted and effective (Kish 1965: as many of equal size)."""
    low, high = of.interval(of.estimates, clusters, LEVEL)
    starts = np.flatnonzero(np.diff(clusters, prepend=-1))
    images = np.add.reduceat(of.estimates.sides.astype(float), starts)
    holding = (images > 0).sum(axis=0).min(axis=0)
    squares = np.maximum((images**2).sum(axis=0), 1)
    effective = (images.sum(axis=0) ** 2 / squares).min(axis=0)
    alike = np.ones_like(low)
    return np.column_stack(
        [of.estimates.value, low, high, of.truth * alike, of.errors * alike, holding, effective]
    )


def row(found: Floats) -> dict[str, float]:
    """Of the sets of a cell, as `drawn` gives them."""
    value, low, high, truth, errors, patients, effective = found.T
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
        "effective": float(np.median(effective)),
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
    """Markdown: a row a measure and number of patients, over the cells in which half of the sets or
    more have an interval."""
    lines = [
        f"{int(table['sets'].max()):,} sets a cell.",
        "",
        "| measure | patients | cells | coverage: least | median | above, most | below, most "
        "| width, median | low | high | wide | few | none |",
        "|---" * 13 + "|",
    ]
    given = table[table["sets"] >= table["without"].clip(lower=1)]
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
