import math

import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.decision_curve import THRESHOLDS, decision_curve
from tests.verification import verified

N = 400


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    told = rng.beta(1, 3, N)
    return rng.random(N) < told, told


@pytest.mark.parametrize("prevalence", [None, 0.05, 0.6])
def test_net_benefit_is_the_published_formula(prevalence: float | None) -> None:
    """Vickers & Elkin 2006, from scikit-learn's counts; at a prevalence as dcurves has it."""
    member, told = drawn()
    found = decision_curve(member, told, np.arange(N), 0.95, prevalence=prevalence).table
    expected, on_all = [], []
    of = member.mean() if prevalence is None else prevalence
    for threshold in THRESHOLDS:
        tn, fp, fn, tp = sk.confusion_matrix(member, told >= threshold).ravel()
        odds = threshold / (1 - threshold)
        if prevalence is None:
            expected.append(tp / N - fp / N * odds)
        else:
            expected.append(tp / (tp + fn) * of - fp / (fp + tn) * (1 - of) * odds)
        on_all.append(of - (1 - of) * odds)
    verified(
        "Net benefit",
        "Vickers & Elkin 2006, on scikit-learn confusion_matrix",
        found["net_benefit"],
        expected,
        tolerance=1e-12,
    )
    verified(
        "Net benefit of acting on all images",
        "Vickers & Elkin 2006, written out",
        found["act_on_all"],
        on_all,
        tolerance=1e-12,
    )
    np.testing.assert_allclose(found["over_all"], np.subtract(expected, on_all), atol=1e-12)
    given = found.dropna()
    assert (given["low"] <= given["net_benefit"]).all()
    assert (given["net_benefit"] <= given["high"]).all() and len(given) == len(found)


def test_where_it_is_useful() -> None:
    member, told = drawn(1)
    curve = decision_curve(member, told, np.arange(N), 0.95)
    inside = np.zeros(THRESHOLDS.size, dtype=bool)
    for low, high in curve.useful:
        inside |= (low <= THRESHOLDS) & (high >= THRESHOLDS)
    table = curve.table
    np.testing.assert_array_equal(inside, (table["low"] > 0) & (table["over_all_low"] > 0))
    assert len(curve.useful) and curve.prevalence == member.mean()
    chance = decision_curve(member, told[::-1].copy(), np.arange(N), 0.95)
    assert not len(chance.useful)


def test_patients_widen_the_interval() -> None:
    member, told = (np.repeat(each[:100], 4) for each in drawn(2))
    apart, together = (
        decision_curve(member, told, patients, 0.95).table
        for patients in (np.arange(400), np.arange(400) // 4)
    )
    wide, narrow = ((each["high"] - each["low"]).mean() for each in (together, apart))
    assert wide > 1.4 * narrow


@pytest.mark.parametrize("prevalence", [None, 0.2])
def test_degenerate_images(prevalence: float | None) -> None:
    """One class, constant probabilities, no image."""
    everyone, patients = np.ones(20, dtype=bool), np.arange(20)
    for member in (everyone, ~everyone):
        found = decision_curve(member, np.linspace(0, 1, 20), patients, 0.95, prevalence=prevalence)
        assert found.table[["low", "over_all_low"]].isna().all().all() and not len(found.useful)
        assert found.table["net_benefit"].isna().all()
    half = np.arange(20) < 10
    constant = decision_curve(half, np.full(20, 0.3), patients, 0.95, prevalence=prevalence).table
    below = constant["threshold"] <= 0.3
    np.testing.assert_allclose(constant["net_benefit"][below], constant["act_on_all"][below])
    assert (constant["net_benefit"][~below] == 0).all()
    nothing = decision_curve(
        half[:0], np.zeros(0), np.zeros(0, dtype=int), 0.95, prevalence=prevalence
    )
    assert nothing.table["net_benefit"].isna().all()


def test_what_is_no_share_is_refused() -> None:
    member, told = drawn()
    for bad in (0.0, 1.0, math.nan, 2.0):
        with pytest.raises(InputError, match="prevalence"):
            decision_curve(member, told, np.arange(N), 0.95, prevalence=bad)
        with pytest.raises(InputError, match="threshold"):
            decision_curve(member, told, np.arange(N), 0.95, thresholds=np.array([bad]))
    told[0] = math.nan
    with pytest.raises(InputError, match="1 of 400 probabilities"):
        decision_curve(member, told, np.arange(N), 0.95)
