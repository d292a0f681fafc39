"""How often tests reject what is true: the level of every p-value, and its power.

    python -m benchmarks.level [--of 1] [--processes 2] [--into docs/statistics.md]

Sets of patients are drawn in which the columns say nothing about the group (`association`'s null
hypothesis), or something, and those with p ≤ .05 are counted. Sets that are not tested, for too few
images or patients of a group, are drawn again. Of 10,000 sets, a share of 5 % is known to ±0.4
percentage points (95 %), of 2,000 to ±1.
"""

import argparse
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # tests that import this keep their threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import false_discovery_control, rankdata

from dermxai.metrics import association
from dermxai.metrics.clustering import clustering

Floats = NDArray[np.float64]
Groups = NDArray[np.bool_]

DRAWS = 159  # so that .05, and .05 of eight, are shares that p can take
LEVEL = 0.05
SIZES = ("heavy-tailed", "Poisson", "equal")
DOMINATED = "Poisson, one patient has two thirds"
COLUMNS = (
    "number of images",
    "follows it",
    "image's number",
    "patient's number (age)",
    "partly missing",
    "half of the patients",
    "a tenth of the patients",
    "a tenth of the images",
)
EFFECTS = {
    "image's number": 0.5,
    "patient's number (age)": 0.7,
    "half of the patients": 0.9,
    "a tenth of the images": 1.2,
}
"""What the group adds: standard deviations, or to the logit of the share."""


@dataclass(frozen=True)
class Cell:
    """
    Attributes:
        sizes: how the patients' numbers of images are distributed, one of `SIZES` or `DOMINATED`.
        correlation: of two images of a patient, of the normal variable whose lowest values are
            the group; or of the group itself.
        share: of the group.
        of_group: whether the correlation is the group's, with beta-binomial counts.
    """

    patients: int
    sizes: str
    correlation: float
    share: float
    of_group: bool = False

    def drawn(self, rng: np.random.Generator) -> tuple[NDArray[np.intp], Groups]:
        """Patient and group of each image of a set, (n,) both."""
        counts = images(self.patients, self.sizes, rng)
        patient = np.repeat(np.arange(self.patients), counts)
        if self.of_group:
            strength = 1 / self.correlation - 1
            chances = rng.beta(strength * self.share, strength * (1 - self.share), self.patients)
            return patient, rng.random(patient.size) < chances[patient]
        own, shared = rng.normal(size=patient.size), rng.normal(size=self.patients)
        latent = np.sqrt(1 - self.correlation) * own + np.sqrt(self.correlation) * shared[patient]
        return patient, latent < ndtri(self.share)


def images(patients: int, sizes: str, rng: np.random.Generator) -> NDArray[np.intp]:
    """Numbers of images of the patients; the mean is 4 but for heavy tails (1 to 30, median 1)."""
    if sizes == "equal":
        return np.full(patients, 4)
    if sizes in ("Poisson", DOMINATED):
        counts = 1 + rng.poisson(3, patients)
        counts[0] = 2 * counts[1:].sum() if sizes == DOMINATED else counts[0]
        return counts
    return np.minimum(30, (1 - rng.random(patients)) ** (-1 / 1.2)).astype(np.intp)


def columns(patient: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """(n, k) of `COLUMNS`, none of which knows of the group."""
    count = np.bincount(patient)
    n, size = patient.size, count[patient]
    noise, of_patient = rng.normal(size=(3, n)), rng.normal(size=(2, count.size))
    stated = rng.random(n) < 1 / (1 + np.exp(np.log(size) - 1.5))
    return np.column_stack(
        [
            size,
            np.log(size) + noise[0],
            noise[1],
            np.round(55 + 15 * of_patient[0])[patient],
            np.where(stated, np.log(size) + of_patient[1][patient] + noise[2], np.nan),
            (rng.random(count.size) < 0.5)[patient],
            (rng.random(count.size) < 0.1)[patient],
            rng.random(n) < 0.1,
        ]
    )


def associated(patient: NDArray[np.intp], group: Groups, rng: np.random.Generator) -> Floats:
    """(n, k) of `EFFECTS`: the group, or a patient's share of it, moves the column."""
    count = np.bincount(patient)
    share = np.bincount(patient, weights=group) / count
    noise, of_patient = rng.normal(size=group.size), rng.normal(size=count.size)
    image, age, half, tenth = EFFECTS.values()
    halves = rng.random(count.size) < 1 / (1 + np.exp(2 * half * (0.5 - share)))
    tenths = rng.random(group.size) < 1 / (1 + np.exp(2.2 - tenth * group))
    return np.column_stack(
        [noise + image * group, (of_patient + age * share)[patient], halves[patient], tenths]
    )


def tested(
    values: Floats, group: Groups, patient: NDArray[np.intp], seed: int, draws: int = DRAWS
) -> Floats:
    """p-values (k,) as `differences` has them."""
    ranked = [np.unique(column[np.isfinite(column)]).size > 2 for column in values.T]
    scores = [association.scores(v, ranked=r) for v, r in zip(values.T, ranked, strict=True)]
    return association.p_values(np.column_stack(scores), group, patient, draws, seed)


def exchanged(
    values: Floats, group: Groups, patient: NDArray[np.intp], seed: int, draws: int = DRAWS
) -> Floats:
    """The same of a test that takes patients as exchangeable whatever their numbers of images:
    groups are exchanged within patients, excess counts between them."""
    rng = np.random.default_rng(seed)
    scores = rankdata(values, axis=0)
    scores -= scores.mean(axis=0)
    size = np.bincount(patient)
    share = np.bincount(patient, weights=group) / size
    means = np.stack([np.bincount(patient, weights=each) / size for each in scores.T], axis=1)
    within, excess = scores - means[patient], size * (share - group.mean())
    between = rng.permuted(np.broadcast_to(excess, (draws, size.size)), axis=1)
    order = np.argsort(patient + rng.random((draws, group.size)), axis=1)
    statistic = np.abs(between @ means + group[order] @ within)
    observed = np.abs(group @ scores) * (1 - 1e-9) - 1e-9
    return (1 + (statistic >= observed).sum(axis=0)) / (1 + draws)


def enough(patient: NDArray[np.intp], group: Groups) -> bool:
    """Whether `differences` tests such a set."""
    held, size = np.bincount(patient, weights=group), np.bincount(patient).astype(np.float64)
    return bool(association.testable(held, size))


def sets(
    cell: Cell, number: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], Groups, np.random.Generator, int]]:
    """Sets that are tested, with a generator and a seed of their own."""
    rng = np.random.default_rng(seed)
    given = 0
    for turn in range(20 * number):
        patient, group = cell.drawn(rng)
        if enough(patient, group):
            yield patient, group, rng, seed + turn
            given += 1
        if given == number:
            return


def false_positives(cell: Cell, number: int, seed: int = 1) -> Floats:
    """(k + 1,) shares of sets with p ≤ .05, of each of `COLUMNS`, and with a q ≤ .05 among them."""
    found = np.array([tested(columns(p, r), g, p, s) for p, g, r, s in sets(cell, number, seed)])
    smallest = false_discovery_control(found, axis=1).min(axis=1)
    return np.append((found <= LEVEL + 1e-9).mean(axis=0), (smallest <= LEVEL + 1e-9).mean())


def size_exchanged(cell: Cell, number: int, seed: int = 5) -> Floats:
    """(1,) share of sets with p ≤ .05 of `exchanged`, of the number of images."""
    drawn = sets(cell, number, seed)
    found = [exchanged(np.bincount(p)[p][:, None], g, p, own) for p, g, _, own in drawn]
    return (np.array(found) <= LEVEL + 1e-9).mean(axis=0)


def power(cell: Cell, number: int, seed: int = 2) -> Floats:
    """(2, k) shares of sets with p ≤ .05 of each of `EFFECTS`: ours, and `exchanged`."""
    found = []
    for patient, group, rng, own in sets(cell, number, seed):
        values = associated(patient, group, rng)
        found.append([test(values, group, patient, own) for test in (tested, exchanged)])
    return (np.array(found) <= LEVEL + 1e-9).mean(axis=0)


def false_discoveries(cell: Cell, number: int, seed: int = 3) -> Floats:
    """(2,) mean share of columns without effect among those with q ≤ .05, two of eight having one,
    and the share of these that is found."""
    rates = []
    for patient, group, rng, own in sets(cell, number, seed):
        values = columns(patient, rng)
        values[:, 2:4] = associated(patient, group, rng)[:, :2]
        q = false_discovery_control(tested(values, group, patient, own))
        positive, true = q <= LEVEL + 1e-9, np.isin(np.arange(q.size), (2, 3))
        false = (positive & ~true).sum() / max(positive.sum(), 1)
        rates.append((false, positive[true].mean()))
    return np.mean(rates, axis=0)


def gathers(cell: Cell, number: int, seed: int = 4) -> Floats:
    """(1,) share of sets with p ≤ .05 of `clustering`, errors being spread at random."""
    rng = np.random.default_rng(seed)
    p = []
    for turn in range(number):
        patient, _ = cell.drawn(rng)
        wrong = rng.permutation(patient.size) < max(2, round(cell.share * patient.size))
        p.append(clustering(wrong, patient, draws=DRAWS, seed=turn).p)
    return np.array([np.mean(np.array(p) <= LEVEL + 1e-9)])


NULL = tuple(
    Cell(patients, sizes, correlation, share)
    for sizes in SIZES
    for patients in (40, 150)
    for correlation in (0.0, 0.3, 0.8)
    for share in (0.08, 0.4)
)
FEW = tuple(
    Cell(patients, sizes, correlation, 0.4)
    for patients, sizes in ((12, "heavy-tailed"), (20, "heavy-tailed"), (40, DOMINATED))
    for correlation in (0.0, 0.8)
)
OF_GROUP = tuple(
    Cell(patients, "heavy-tailed", 0.8, share, of_group=True)
    for patients in (40, 150)
    for share in (0.08, 0.4)
)
POWER = tuple(
    Cell(patients, sizes, correlation, share)
    for patients in (40, 150)
    for sizes in ("equal", "heavy-tailed")
    for correlation in (0.0, 0.8)
    for share in (0.08, 0.4)
)
UNEQUAL = tuple(
    Cell(patients, "heavy-tailed", correlation, 0.4)
    for patients in (40, 150)
    for correlation in (0.0, 0.8)
)
MIXED = tuple(cell for cell in POWER if cell.sizes == "heavy-tailed")
CLUSTERING = tuple(cell for cell in NULL if cell.correlation == 0)


@dataclass(frozen=True)
class Part:
    """A table: what of which cells, from how many sets each."""

    title: str
    sets: int
    of: Callable[[Cell, int], Floats]
    cells: Sequence[Cell]
    heads: Sequence[str]


PARTS = (
    Part(
        "False positives",
        10_000,
        false_positives,
        (*NULL, *OF_GROUP, *FEW),
        (*COLUMNS, "smallest q"),
    ),
    Part("Excess counts exchanged", 1_000, size_exchanged, UNEQUAL, (COLUMNS[0],)),
    Part("Power", 2_000, power, POWER, tuple(EFFECTS)),
    Part("True effects", 2_000, false_discoveries, MIXED, ("false discoveries", "found")),
    Part("Clustered errors", 10_000, gathers, CLUSTERING, ("false positives",)),
)


def lines(part: Part, number: int, found: Iterator[Floats]) -> Iterator[str]:
    """Markdown, a line at a time, as the cells come."""
    yield f"{part.title}, % of {number:,} sets a cell:"
    yield ""
    yield "| patients | images a patient | ICC | errors | " + " | ".join(part.heads) + " |"
    yield "|---" * (4 + len(part.heads)) + "|"
    for cell, numbers in zip(part.cells, found, strict=True):
        rows = np.atleast_2d(100 * numbers)
        cells = [f"{first:.1f}" for first in rows[0]]
        if len(rows) > 1:
            cells = [f"{first:.0f} ({other:.0f})" for first, other in rows.T]
        correlation = f"{cell.correlation:g}{' (errors)' if cell.of_group else ''}"
        of = f"| {cell.patients} | {cell.sizes} | {correlation} | {cell.share:g} | "
        yield of + " | ".join(cells) + " |"


def written(text: str, part: Part, table: str) -> str:
    """A document with the table of a part, which ends where an empty line follows its rows."""
    old = re.compile(rf"^{re.escape(part.title)}, % of .*?:\n\n(\|.*\n)*", re.MULTILINE)
    return old.sub(lambda _: table + "\n", text)


def run(parts: Sequence[Part], title: str) -> None:
    """Draws the sets of parts as the command line asks, and prints or writes their tables."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--of", type=float, default=1.0, help="share of the sets that are drawn")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--parts", type=int, nargs="*", default=range(len(parts)))
    parser.add_argument("--into", type=Path, help="document whose tables are replaced")
    given = parser.parse_args()
    with ProcessPoolExecutor(given.processes) as pool:
        for part in [parts[index] for index in given.parts]:
            number = max(1, round(given.of * part.sets))
            said = []
            for line in lines(part, number, pool.map(partial(part.of, number=number), part.cells)):
                print(line, flush=True)
                said.append(line)
            if given.into:
                text = given.into.read_text(encoding="utf-8")
                given.into.write_text(written(text, part, "\n".join(said)), encoding="utf-8")


if __name__ == "__main__":
    run(PARTS, __doc__.splitlines()[0])
