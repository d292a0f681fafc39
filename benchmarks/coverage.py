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
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import binomtest

from dermxai.metrics import delong, intervals, leakage, summary
from dermxai.metrics.intervals import (
    Estimates,
    Interval,
    difference_interval,
    score_interval,
    student_interval,
)

Floats = NDArray[np.float64]
Formula = Callable[[Estimates, NDArray[np.intp], float], Interval]

SIZES = ("equal", "poisson", "heavy")
ALIKE = (0.0, 0.3, 0.8)
PATIENTS = (8, 20, 50, 200)
PREVALENCES = (0.5, 0.1)
VALUES = (0.7, 0.9, 0.98)
CLASSES = (2, 14)
LEVEL = 0.95
IMAGES = 4  # of a patient in the mean
MOST = 30  # images of a patient where sizes are heavy-tailed
BLOCK = 50  # sets that share their patients
ERRORS = 4  # column of `drawn`
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
class Block:
    """b sets of the same n images and patients, in k classes.

    Attributes:
        clusters: (n,) index of each image's patient.
        true: (n,) class.
        predicted, rival, better: (n, b) its prediction by three models, of which the last makes a
            quarter of the errors.
        scores: (n, k, b) what images are ranked by.
        votes: (n, 2, b) normal and skewed numbers of the images.
        chance: (k,) true sensitivity of each class.
        patients: (k,) of each class.
    """

    clusters: NDArray[np.intp]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    rival: NDArray[np.int64]
    better: NDArray[np.int64]
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
    limit, higher = (ndtri(1 - share * (1 - chance))[true][:, None] for share in (1, 0.25))
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
        better=np.where(rival < higher, true[:, None], wrong),
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
    clusters: NDArray[np.intp],
    interval: Formula = score_interval,
    wrong: NDArray[np.bool_] | None = None,
) -> Floats:
    """Of the sets of a block, as `drawn`.

    Args:
        wrong: (n, b) errors that are counted; else those to be expected are.
    """
    errors: Floats | float = np.nan
    if wrong is not None:
        errors = (wrong[:, None] & estimates.sides).sum(axis=0).min(axis=0)
    elif interval is score_interval:
        errors = (1 - truth) * estimates.sides.sum(axis=0).min(axis=0)
    found = interval(estimates, clusters, LEVEL)
    return drawn(
        estimates.value,
        found,
        truth=truth,
        errors=errors,
        sides=estimates.sides,
        clusters=clusters,
    )


def draw_difference(
    first: Estimates,
    second: Estimates,
    truth: float,
    clusters: NDArray[np.intp],
    events: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> Floats:
    """Of the sets of a block, as `drawn`: a first measure less a second; ``events`` (n, b) are what
    each counts."""
    sides = np.concatenate([first.sides, second.sides], axis=1)
    counted = [
        (event[:, None] & part.sides).sum(axis=0)
        for event, part in zip(events, (first, second), strict=True)
    ]
    errors = np.concatenate(counted).min(axis=0)
    found = difference_interval(first, second, clusters, LEVEL)
    return drawn(
        first.value - second.value,
        found,
        truth=truth,
        errors=errors,
        sides=sides,
        clusters=clusters,
    )


def drawn(
    value: Floats,
    found: Interval,
    *,
    truth: float,
    errors: ArrayLike,
    sides: NDArray[np.bool_],
    clusters: NDArray[np.intp],
) -> Floats:
    """(b, 7) of the sets of a block: estimate, both ends, truth, errors of the part that has fewest
    (of a difference gains and losses, of a premium seen and unseen images), and patients of the
    side that has fewest, counted and effective (Kish 1965: as many of equal size)."""
    starts = np.flatnonzero(np.diff(clusters, prepend=-1))
    images = np.add.reduceat(sides.astype(float), starts)
    holding = (images > 0).sum(axis=0).min(axis=0)
    squares = np.maximum((images**2).sum(axis=0), 1)
    effective = (images.sum(axis=0) ** 2 / squares).min(axis=0)
    parts = (value, found.low, found.high, truth, errors, holding, effective)
    return np.column_stack([np.broadcast_to(part, value.shape) for part in parts])


def measured(made: Block, value: float) -> Iterator[tuple[str, Floats]]:
    """Every measure on the sets of a block, as `drawn`; ``value`` is the true area."""
    true, predicted, clusters = made.true, made.predicted, made.clusters
    member = true[:, None] == np.arange(made.chance.size)
    right = predicted == true[:, None]
    every = np.ones_like(right)
    first = np.broadcast_to(member[:, :1], right.shape)
    patients, chance = made.patients, made.chance
    here = patients > 0
    top1 = float((patients * chance).sum() / patients.sum())
    yield "top-1 accuracy", draw(intervals.shares(right, every), top1, clusters)
    balanced = intervals.class_mean(right, true)
    yield "balanced accuracy", draw(balanced, float(chance[here].mean()), clusters)
    yield "mean AUC", draw(mean_areas(member, made.scores), value, clusters)
    yield "sensitivity of a class", draw(intervals.shares(right, first), chance[0], clusters)
    alarms = (patients[1:] * (1 - chance[1:])).sum() / (chance.size - 1) / patients[1:].sum()
    specificity = intervals.shares(predicted != 0, ~first)
    yield "specificity of a class", draw(specificity, 1 - alarms, clusters)
    yield "AUC of a class", draw(delong.areas(first, made.scores[:, 0]), value, clusters)
    if chance.size > 2 and here.all():
        yield from means_of_all_classes(made, top1)
        yield from gains(made)
    yield from premiums(made, member, here)
    for name, other, share in (("", made.rival, 1.0), (", one better", made.better, 0.25)):
        yield from changes(name, right, other == true[:, None], made, 1 - share)
    for name, column, mean in (("mean vote", 0, 0.0), ("mean of skewed numbers", 1, np.exp(0.125))):
        numbers = intervals.means(made.votes[:, column], every)
        yield name, draw(numbers, float(mean), clusters, student_interval)
    yield from groups(made, right, value)


def changes(
    name: str,
    right: NDArray[np.bool_],
    other: NDArray[np.bool_],
    made: Block,
    spared: float,
) -> Iterator[tuple[str, Floats]]:
    """Another model less this one, which makes ``spared`` of its errors more."""
    every = np.ones_like(right)
    parts = intervals.gains_and_losses(other, right)
    gain, loss = (intervals.shares(part, every) for part in parts)
    wrong = 1 - made.chance
    truth = spared * float((made.patients * wrong).sum() / made.patients.sum())
    events = (other & ~right, right & ~other)
    found = draw_difference(gain, loss, truth, made.clusters, events)
    yield f"difference of top-1 accuracies{name}", found
    gain, loss = (intervals.class_mean(part, made.true) for part in parts)
    truth = spared * float(wrong[made.patients > 0].mean())
    found = draw_difference(gain, loss, truth, made.clusters, events)
    yield f"difference of balanced accuracies{name}", found


def groups(made: Block, right: NDArray[np.bool_], value: float) -> Iterator[tuple[str, Floats]]:
    """What distinguishes images of the first class from the others, or those predicted right."""
    votes, clusters, first = made.votes[:, 0], made.clusters, made.true == 0
    every = np.ones_like(right)
    apart = intervals.group_difference(votes, every, first)
    found = draw(apart, 0, clusters, student_interval)
    yield "difference of groups of patients", found
    for name, share in (("", value), (", half in one", 0.5)):
        outcome = votes > ndtri(np.where(first, share, value))[:, None]
        one, other = (
            intervals.shares(outcome, np.broadcast_to(side[:, None], every.shape))
            for side in (first, ~first)
        )
        found = draw_difference(one, other, value - share, clusters, (outcome, outcome))
        yield f"difference of groups' shares{name}", found
    apart = joined(
        [
            intervals.group_difference(vote[:, None], every[:, :1], ~of)
            for vote, of in zip(votes.T, right.T, strict=True)
        ]
    )
    yield "difference of groups of images", draw(apart, 0, clusters, student_interval)


def premiums(
    made: Block, member: NDArray[np.bool_], here: NDArray[np.bool_]
) -> Iterator[tuple[str, Floats]]:
    """What images that were seen add, where every other patient was: nothing, and where all of
    theirs are right ("leak")."""
    true, clusters = made.true, made.clusters
    kept = np.arange(made.patients.sum())[clusters] % 2 == 1
    images = np.stack([member[rows].sum(axis=0) for rows in (~kept, kept)])
    if not images[:, here].all():
        return
    weights = images[0] / np.maximum(images.sum(axis=0), 1)
    enough = made.patients[here].min() >= intervals.FEWEST_OF_CLASS
    every = np.ones_like(made.predicted, dtype=bool)
    honest = made.predicted == true[:, None]
    for leak, right in (("", honest), (" (leak)", honest | ~kept[:, None])):
        chance = np.where(~kept & bool(leak), 1, made.chance[true])
        seen, unseen = (intervals.shares(right[of], every[of]) for of in (~kept, kept))
        about = {"kept": kept, "clusters": clusters, "wrong": ~right}
        value = right.mean(axis=0) - unseen.value
        truth = float(chance.mean() - chance[kept].mean())
        found = premium(value, truth, seen, unseen, share=float((~kept).mean()), **about)
        yield f"leakage premium, top-1 accuracy{leak}", found
        if not enough:
            continue
        seen, unseen = (intervals.class_mean(right[of], true[of], weights) for of in (~kept, kept))
        plain = (intervals.class_mean(right[of], true[of]).value for of in (slice(None), kept))
        share, value = float(weights[here].mean()), np.subtract(*plain)
        truth = float((weights * (1 - made.chance))[here].mean()) if leak else 0.0
        found = premium(value, truth, seen, unseen, share=share, **about)
        yield f"leakage premium, balanced accuracy{leak}", found
    if enough:
        seen, unseen = (mean_areas(member[of], made.scores[of], weights) for of in (~kept, kept))
        plain = (mean_areas(member[of], made.scores[of]).value for of in (slice(None), kept))
        found = premium(np.subtract(*plain), 0, seen, unseen, share=share, **about)
        yield "leakage premium, mean AUC", found


def premium(
    value: Floats,
    truth: float,
    seen: Estimates,
    unseen: Estimates,
    *,
    kept: NDArray[np.bool_],
    share: float,
    clusters: NDArray[np.intp],
    wrong: NDArray[np.bool_],
) -> Floats:
    """Of the sets of a block, as `drawn`."""
    found = leakage.interval(
        value, seen, unseen, kept=kept, share=share, clusters=clusters, level=LEVEL
    )
    sides = np.repeat(np.stack([~kept, kept], axis=1)[:, :, None], value.size, axis=2)
    errors = (wrong[:, None] & sides).sum(axis=0).min(axis=0)
    return drawn(value, found, truth=truth, errors=errors, sides=sides, clusters=clusters)


def mean_areas(
    member: NDArray[np.bool_], scores: Floats, weights: ArrayLike | None = None
) -> Estimates:
    return joined([delong.mean_area(member, each, weights) for each in np.moveaxis(scores, 2, 0)])


def means_of_all_classes(made: Block, top1: float) -> Iterator[tuple[str, Floats]]:
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
    yield "mean accuracy", draw(accuracy, 1 - 2 * (1 - top1) / k, made.clusters)
    yield "mean specificity", draw(specificity, 1 - float(others.mean()), made.clusters)


def gains(made: Block) -> Iterator[tuple[str, Floats]]:
    """What counting the first two classes as one adds."""
    k, true, predicted = made.chance.size, made.true, made.predicted
    patients, chance = made.patients, made.chance
    right = predicted == true[:, None]
    mended = (true < 2)[:, None] & (predicted < 2) & ~right
    each = (1 - chance[:2]) / (k - 1)
    share = float((patients[:2] * each).sum() / patients.sum())
    found = draw(intervals.shares(mended, np.ones_like(mended)), share, made.clusters)
    found[:, ERRORS] = share * true.size
    yield "gain of merging, top-1", found
    separate = intervals.class_mean(right, true)
    together = intervals.class_mean(right | mended, np.maximum(true, 1))
    apart = replace(together, sides=separate.sides, scale=separate.scale).minus(separate)
    joint = (patients[:2] * (chance[:2] + each)).sum() / patients[:2].sum()
    truth = (joint + chance[2:].sum()) / (k - 1) - chance.mean()
    found = draw(apart, float(truth), made.clusters, student_interval, mended)
    yield "gain of merging, balanced", found


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
    5 %. "high": that of the coverage lies above 98 %, though 5 errors are to be expected in each
    part and the patients are worth 10 of equal size. "wide": over 1.5 times as wide as the central
    95 % of the estimates, of 20 patients or more, or "few" where fewer than 5 errors are to be
    expected. "none": an interval is missing though each side has 10 patients.
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
    if low > 0.98 and found["effective"] >= 10 and not few:
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
