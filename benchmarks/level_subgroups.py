"""How often subgroups, worst slices and error trees find what is not there, and what is.

    python -m benchmarks.level_subgroups [--of 1] [--processes 2] [--into docs/statistics.md]

Sets of patients are drawn as in `benchmarks.level`: errors are alike within a patient, and columns
say nothing of them. Counted are groups with p ≤ .05, sets in which any adjusted p is, intervals of
differences that leave 0 out, sets with a confirmed slice and with a tree that has more than a root.
In sets with a planted slice (face and female, errors thrice as frequent), those that find it. The
same of areas under the ROC curve in groups, where the share of errors is that of a class, and of
drift between parts to which patients were drawn; there with a planted shift, too.
"""

import os
from dataclasses import replace
from functools import partial

if __name__ == "__main__":  # tests that import this keep their threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.coverage import joined
from benchmarks.level import DRAWS, LEVEL, Cell, Part, run
from dermxai.metrics import delong, intervals
from dermxai.metrics.drift import drift
from dermxai.metrics.error_tree import error_tree
from dermxai.metrics.groups import groups
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.worst_slices import worst_slices

Floats = NDArray[np.float64]
Set = tuple[pd.DataFrame, NDArray[np.bool_], NDArray[np.intp]]
SITES = ("face", "scalp", "trunk", "arm", "leg")
PLANTED = 3.0
"""Times as many errors as elsewhere."""
APART = 1.2
"""Standard deviations between the scores of a class and of others: an area of 0.80."""
FEATURES = 20
SHIFT = 0.7
"""Standard deviations."""
COLUMNS = (("age", "sex", "device"), ("site", "sharpness"))
"""Of patients, and of images."""


def drawn(cell: Cell, rng: np.random.Generator, planted: bool = False) -> Set:
    """Columns, errors and patients of a set."""
    patient, wrong = cell.drawn(rng)
    people, n = cell.patients, patient.size
    table = pd.DataFrame(
        {
            "age": np.round(rng.normal(55, 15, people))[patient],
            "sex": rng.choice(["female", "male"], people)[patient],
            "device": rng.choice(["a", "b", "c"], people, p=[0.6, 0.3, 0.1])[patient],
            "site": rng.choice(SITES, n),
            "sharpness": rng.normal(size=n) + rng.normal(size=people)[patient],
            "images": np.bincount(patient)[patient],
        }
    )
    if planted:
        inside = (table["site"] == "face") & (table["sex"] == "female")
        more = min(1.0, (PLANTED - 1) * cell.share / (1 - cell.share))
        wrong |= inside.to_numpy() & (rng.random(n) < more)
    return table, wrong, patient


def subgroups(cell: Cell, number: int, seed: int = 1) -> Floats:
    """(3,) shares of groups with p ≤ .05 and of intervals without 0, and of sets with an adjusted
    p ≤ .05."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(number):
        table, wrong, patient = drawn(cell, rng)
        members = np.concatenate([groups(table[name]).members for name in table], axis=1)
        outcomes = np.repeat(~wrong[:, None], members.shape[1], axis=1)
        sides = [intervals.shares(outcomes, of) for of in (members, ~members)]
        p = intervals.difference_test(*sides, patient)
        ends = intervals.difference_interval(*sides, patient, 0.95)
        tested = np.isfinite(p)
        if tested.any():
            outside = (ends.low > 0) | (ends.high < 0)
            smallest = np.nanmin(holm(p)) <= LEVEL
            found.append((np.mean(p[tested] <= LEVEL), outside[tested].mean(), smallest))
    return np.mean(found, axis=0)


def slices(cell: Cell, number: int, seed: int = 2, *, planted: bool = False) -> Floats:
    """(2,) shares of sets with a confirmed slice, of two and of three conditions at most; where one
    is planted, with a confirmed one that is mostly it."""
    rng, found = np.random.default_rng(seed), []
    for turn in range(number):
        table, wrong, patient = drawn(cell, rng, planted)
        inside = ((table["site"] == "face") & (table["sex"] == "female")).to_numpy()
        row = []
        for conditions in (2, 3):
            asked = [groups(table[name]) for name in table]
            got = worst_slices(wrong, asked, patient, conditions=conditions, seed=turn)
            confirmed = got.members[:, got.table["confirmed"].to_numpy(bool)]
            if planted:  # half of its images, or a half of it
                both = (confirmed & inside[:, None]).sum(axis=0)
                confirmed = confirmed[:, both >= 0.5 * np.maximum(confirmed.sum(axis=0), 1)]
            row.append(confirmed.shape[1] > 0)
        found.append(row)
    return np.mean(found, axis=0)


def trees(cell: Cell, number: int, seed: int = 3, *, planted: bool = False) -> Floats:
    """(2,) share of sets whose tree has more than a root, and of leaves whose interval holds the
    true rate of errors; where a slice is planted, the second asks for site and sex."""
    rng, more, held = np.random.default_rng(seed), [], []
    for turn in range(number):
        table, wrong, patient = drawn(cell, rng, planted)
        made = error_tree(wrong, table, patient, seed=turn)
        more.append(len(made.nodes) > 1)
        if planted:
            asked = {node.condition.column for node in made.nodes if node.condition}
            held.append({"site", "sex"} <= asked)
            continue
        leaves = [node for node in made.nodes if node.leaf and np.isfinite(node.low)]
        held += [node.low <= cell.share <= node.high for node in leaves]
    return np.array([np.mean(more), np.mean(held)])


def areas(cell: Cell, number: int, seed: int = 4) -> Floats:
    """(3,) as `subgroups`, of areas under the ROC curve: the class is the group of a cell, scores
    are alike within a patient as much, and the columns say of neither."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < number:
        table, member, patient = drawn(cell, rng)
        members = np.concatenate([groups(table[name]).members for name in table], axis=1)
        own, shared = rng.normal(size=member.size), rng.normal(size=cell.patients)
        noise = np.sqrt(1 - cell.correlation) * own + np.sqrt(cell.correlation) * shared[patient]
        score, positive = (noise + APART * member)[:, None], member[:, None]
        sides = [
            joined([delong.areas(positive[of], score[of]).among(of) for of in each.T])
            for each in (members, ~members)
        ]
        p = intervals.difference_test(*sides, patient)
        ends = intervals.difference_interval(*sides, patient, 0.95)
        tested = np.isfinite(p)
        if tested.any():
            outside = (ends.low > 0) | (ends.high < 0)
            smallest = np.nanmin(holm(p)) <= LEVEL
            found.append((np.mean(p[tested] <= LEVEL), outside[tested].mean(), smallest))
    return np.mean(found, axis=0)


def shifts(cell: Cell, number: int, seed: int = 5, *, planted: bool = False) -> Floats:
    """(4,) shares of columns of patients and of images with p ≤ .05, of sets with an adjusted one,
    and of sets whose features tell the parts apart; a planted shift is of age and of features."""
    rng, found = np.random.default_rng(seed), []
    for turn in range(number):
        table, _, patient = drawn(cell, rng)
        second = rng.permutation(cell.patients) < max(5, round(cell.share * cell.patients))
        shared = rng.normal(size=(cell.patients, FEATURES))
        if planted:
            table["age"] += 15 * SHIFT * second[patient]
        own = rng.normal(size=(patient.size, FEATURES))
        values = np.sqrt(1 - cell.correlation) * own + np.sqrt(cell.correlation) * shared[patient]
        values[:, 0] += planted * SHIFT * second[patient]
        made = drift(table, second[patient], patient, values, draws=DRAWS, seed=turn)
        rows = made.table.set_index("column")
        of = [rows.loc[list(names), "p"].to_numpy(float) <= LEVEL + 1e-9 for names in COLUMNS]
        if planted:
            of = [of[0][:1], of[1]]
        adjusted = np.nanmin(rows["p_holm"].to_numpy(float)) <= LEVEL + 1e-9
        found.append((of[0].mean(), of[1].mean(), adjusted, made.p <= LEVEL + 1e-9))
    return np.mean(found, axis=0)


NULL = tuple(
    Cell(patients, sizes, correlation, share)
    for sizes in ("heavy-tailed", "equal")
    for patients in (60, 300)
    for correlation in (0.0, 0.5)
    for share in (0.1, 0.4)
)
PLANTS = tuple(
    Cell(patients, sizes, 0.3, 0.2)
    for sizes in ("heavy-tailed", "equal")
    for patients in (300, 1000)
)

PARTED = tuple(replace(cell, share=0.25) for cell in NULL if cell.share == 0.4)
"""Shares of the patients who are of the second part."""

PARTS = (
    Part(
        "Groups that differ where none does",
        1000,
        subgroups,
        NULL,
        ("p ≤ .05", "interval without 0", "any adjusted p ≤ .05"),
    ),
    Part(
        "Sets with a confirmed slice where there is none",
        400,
        slices,
        NULL,
        ("two conditions", "three conditions"),
    ),
    Part(
        "Sets that confirm a planted slice",
        100,
        partial(slices, planted=True),
        PLANTS,
        ("two conditions", "three conditions"),
    ),
    Part(
        "Error trees where errors are random",
        200,
        trees,
        NULL,
        ("more than a root", "leaves whose interval holds the truth"),
    ),
    Part(
        "Error trees with a planted slice",
        100,
        partial(trees, planted=True),
        PLANTS,
        ("more than a root", "by site and sex"),
    ),
    Part(
        "Areas under the ROC curve in groups that do not differ",
        500,
        areas,
        tuple(cell for cell in NULL if cell.sizes == "heavy-tailed"),
        ("p ≤ .05", "interval without 0", "any adjusted p ≤ .05"),
    ),
    Part(
        "Parts to which patients were drawn",
        500,
        shifts,
        PARTED,
        ("columns of patients", "columns of images", "any adjusted p ≤ .05", "features"),
    ),
    Part(
        "Parts with a planted shift",
        200,
        partial(shifts, planted=True),
        PARTED,
        ("age", "columns of images", "any adjusted p ≤ .05", "features"),
    ),
)


if __name__ == "__main__":
    run(PARTS, __doc__.splitlines()[0])
