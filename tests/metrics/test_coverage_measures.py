"""A quick part of `benchmarks.coverage_measures`, whose table stands in docs/statistics.md."""

import numpy as np
import pytest
from sklearn import metrics as sk

from benchmarks.coverage import Cell
from benchmarks.coverage_measures import average_precision, covered, partial_area
from dermxai.metrics.partial_area import STANDARDISED

SETS = 120


@pytest.mark.parametrize(
    "cell", [Cell(2, "equal", 0.8, 50, 0.5, 0.9), Cell(14, "poisson", 0.3, 120, 0.1, 0.9)]
)
def test_intervals_hold_the_truth(cell):
    table = covered((cell, SETS))
    given = table[table["sets"] > SETS // 2]
    assert len(given) >= (8 if cell.classes == 2 else 15)
    held = 1 - given["above"] - given["below"]
    # of 120 sets, a coverage of 93 % lies beyond this in 1 of 1,000
    assert held.min() > 0.84, given[held == held.min()]


def test_true_values_are_those_of_many_images():
    rng = np.random.default_rng(0)
    member = np.arange(400_000) % 10 == 0
    scores = rng.normal(size=member.size) + member * np.sqrt(2) * 1.2815515655446004
    assert average_precision(0.9, 0.1) == pytest.approx(
        sk.average_precision_score(member, scores), abs=0.01
    )
    whole = sk.roc_auc_score(~member, -scores, max_fpr=0.2)
    low, high = STANDARDISED
    assert low + (high - low) * partial_area(0.9) == pytest.approx(whole, abs=0.01)
