import math

import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.abstention import SHARES, risk_coverage
from dermxai.metrics.intervals import score_interval, shares
from tests.verification import verified

N = 173


def drawn(ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sure = rng.random(N)
    right = rng.random(N) < 0.3 + 0.7 * sure
    return right, np.round(sure, 1) if ties else sure


@pytest.mark.parametrize("ties", [False, True])
def test_errors_among_the_surest(ties: bool) -> None:
    right, sure = drawn(ties)
    found = risk_coverage(right, sure, np.arange(N), 0.95)
    ones = np.ones(N, dtype=bool)
    expected = []
    for at_least, threshold in zip(SHARES, found.table["threshold"], strict=True):
        kept = sure >= threshold
        assert kept.sum() >= at_least * N - 1e-9
        assert (sure > threshold).sum() < at_least * N  # no higher threshold keeps so many
        expected.append(1 - sk.accuracy_score(ones[kept], right[kept]))
    verified(
        "Abstention: errors among the images kept",
        "scikit-learn accuracy_score of the images kept",
        found.table["risk"],
        expected,
        tolerance=1e-12,
    )
    np.testing.assert_allclose(
        found.table["kept"], [(sure >= each).mean() for each in found.table["threshold"]]
    )
    area = np.mean([1 - right[sure >= each].mean() for each in sure])
    best = np.mean([max(kept - right.sum(), 0) / kept for kept in range(1, N + 1)])
    verified(
        "Abstention: area under the risk–coverage curve",
        "the definition, written out",
        [found.area, found.area_best],
        [area, best],
        tolerance=1e-12,
    )
    assert found.area_best < found.area < 1 - right.mean()


def test_intervals_are_those_of_shares_over_patients() -> None:
    right, sure = drawn()
    patients = np.arange(N) // 3
    found = risk_coverage(right, sure, patients, 0.9).table.iloc[59]
    kept = sure >= found["threshold"]
    one = score_interval(shares(~right[:, None], kept[:, None]), patients, 0.9)
    np.testing.assert_allclose((found["low"], found["high"]), (one.low[0], one.high[0]))


def test_degenerate_confidences() -> None:
    right, _ = drawn()
    alike = risk_coverage(right, np.full(N, 0.5), np.arange(N), 0.95)
    assert (alike.table["kept"] == 1).all() and alike.area == pytest.approx(1 - right.mean())
    faultless = risk_coverage(np.ones(9, dtype=bool), np.arange(9.0), np.arange(9), 0.95)
    assert (faultless.area, faultless.area_best) == (0, 0) and (faultless.table["low"] == 0).sum()
    wrong = risk_coverage(np.zeros(9, dtype=bool), np.arange(9.0), np.arange(9), 0.95)
    assert (wrong.area, wrong.area_best) == (1, 1)
    nothing = risk_coverage(np.zeros(0, dtype=bool), np.zeros(0), np.zeros(0, dtype=int), 0.95)
    assert math.isnan(nothing.area) and math.isnan(nothing.area_best)
    assert nothing.table["risk"].isna().all() and len(nothing.table) == SHARES.size
    few = risk_coverage(right[:4], np.arange(4.0), np.arange(4), 0.95)
    assert few.table["low"].isna().all() and few.table["risk"].notna().all()
    for bad in (math.nan, math.inf):
        with pytest.raises(InputError, match="1 of 3 confidences"):
            risk_coverage(np.ones(3, dtype=bool), np.array([0.1, bad, 0.2]), np.arange(3), 0.95)
