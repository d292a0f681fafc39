"""A quick part of `benchmarks.coverage`: the whole table stands in docs/coverage.csv."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage
from benchmarks.coverage import Cell, covered, verdict

SETS = 240


@pytest.mark.parametrize(
    "cell",
    [
        Cell(2, "equal", 0.8, 20, 0.5, 0.9),
        Cell(2, "heavy", 0.8, 20, 0.5, 0.7),
        Cell(2, "poisson", 0.0, 50, 0.1, 0.98),
        Cell(14, "heavy", 0.3, 200, 0.1, 0.9),
    ],
)
def test_intervals_hold_the_truth(cell, monkeypatch):
    monkeypatch.setattr(coverage, "BLOCK", 10)
    table = covered((cell, SETS))
    given = table[table["sets"] > SETS // 2]
    assert len(given) >= 7
    held = 1 - given["above"] - given["below"]
    # of 240 sets, a coverage of 93 % and a tail of 5 % lie beyond these in 1 of 1,000
    assert held.min() > 0.88, given[held == held.min()]
    assert given[["above", "below"]].to_numpy().max() < 0.1
    assert "none" not in set(table.apply(verdict, axis=1))


def test_a_class_of_few_patients_has_no_mean_over_classes():
    table = covered((Cell(14, "equal", 0.3, 20, 0.5, 0.9), 20)).set_index("measure")
    assert table.loc["balanced accuracy", "without"] == 20
    assert table.loc["mean AUC", "without"] == 20
    assert table.loc["top-1 accuracy", "without"] == 0


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"above": 0.07, "below": 0.03}, "low"),
        ({"above": 0.0, "below": 0.0}, "high"),
        ({"above": 0.0, "below": 0.0, "errors": 2.0}, ""),
        ({"above": 0.0, "below": 0.0, "effective": 8.0}, ""),
        ({"above": 0.02, "below": 0.02, "width": 1.6}, "wide"),
        ({"above": 0.02, "below": 0.02, "width": 1.6, "errors": 2.0}, "few"),
        ({"above": 0.02, "below": 0.02, "without": 1}, "none"),
        ({"above": 0.02, "below": 0.02, "width": np.nan}, ""),
    ],
)
def test_the_verdict_is_the_goal(found, said):
    row = {"sets": 2000, "without": 0, "width": 1.1, "errors": 40.0, "fewest": 50}
    row |= {"effective": 40.0} | found
    assert verdict(pd.Series(row)) == said
