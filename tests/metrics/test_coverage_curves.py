"""A quick part of `benchmarks.coverage_curves`, whose tables stand in docs/statistics.md."""

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn import metrics as sk

from benchmarks.coverage import Cell
from benchmarks.coverage_curves import apart, benefit, covered, posterior, precision


def test_intervals_hold_the_truth() -> None:
    table, sets = covered((Cell(2, "poisson", 0.3, 50, 0.5, 0.9), 40, 60))
    held = (1 - table["above"] - table["below"])[table["sets"] > 20]
    assert len(held) > 14
    assert held.min() > 0.78, "more than 8 of 40 missed, of 95 %: one measure in 1,000"
    assert sets["all_images"].between(0.85, 0.95).all()


def test_true_values_are_those_of_many_images() -> None:
    rng = np.random.default_rng(0)
    member = np.arange(400_000) % 4 == 0
    scores = rng.normal(size=member.size) + member * apart(0.9)
    called = posterior(scores, 0.9, 0.25) >= 0.3
    _, fp, _, tp = sk.confusion_matrix(member, called).ravel()
    assert benefit(0.9, 0.25, 0.3, 0.25) == pytest.approx((tp - fp * 3 / 7) / 400_000, abs=2e-3)
    cut = np.quantile(scores[member], 0.2)
    assert precision(0.9, 0.8, 0.25) == pytest.approx(member[scores >= cut].mean(), abs=0.01)
    assert sk.roc_auc_score(member, scores) == pytest.approx(ndtr(apart(0.9) / 2**0.5), abs=2e-3)
