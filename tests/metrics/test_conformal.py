import math

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from dermxai.core.errors import InputError
from dermxai.metrics.conformal import (
    SetRule,
    fewest_images,
    fitted_sets,
    measured_sets,
)
from dermxai.metrics.intervals import score_interval, shares
from tests.verification import verified

K = 4
MAPIE = "MAPIE SplitConformalClassifier, lac"


class Told(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its probabilities."""

    classes_ = np.arange(K)

    def fit(self, *_: object) -> "Told":
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, probabilities: np.ndarray) -> np.ndarray:
        return probabilities

    def predict(self, probabilities: np.ndarray) -> np.ndarray:
        return probabilities.argmax(axis=1)


def drawn(seed: int, images: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.choice(K, images, p=(0.5, 0.3, 0.15, 0.05))
    told = softmax(rng.normal(size=(images, K)) + 1.5 * np.eye(K)[true], axis=1)
    if ties:
        told = np.round(told, 1)
        told[:, 0] += 1 - told.sum(axis=1)
        told = told.clip(0, 1)
        told /= told.sum(axis=1, keepdims=True)
    return true, told


def theirs(
    of: tuple[np.ndarray, np.ndarray], probabilities: np.ndarray, coverage: float
) -> np.ndarray:
    fitted = SplitConformalClassifier(
        Told(), confidence_level=coverage, prefit=True, conformity_score="lac"
    )
    fitted.conformalize(of[1], of[0])
    return fitted.predict_set(probabilities)[1][:, :, 0]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_marginal_sets_are_those_of_mapie(coverage: float, ties: bool) -> None:
    on, (true, told) = drawn(1, 203, ties), drawn(2, 300, ties)
    rule = fitted_sets(*on, coverage, units=203)
    expected = theirs(on, told, coverage)
    np.testing.assert_array_equal(rule.sets(told), expected)
    found = measured_sets(rule, true, told, np.arange(300), 0.95)
    held = expected[np.arange(300), true]
    verified(
        "Prediction sets: coverage and size",
        MAPIE,
        [
            found.overall["coverage"][0],
            found.overall["size"][0],
            *found.by_class["coverage"],
            *found.by_class["size"],
        ],
        [
            held.mean(),
            expected.sum(axis=1).mean(),
            *(held[true == k].mean() for k in range(K)),
            *(expected[true == k].sum(axis=1).mean() for k in range(K)),
        ],
        tolerance=1e-12,
    )
    pair = found.exactly([0, 2])
    alike = (expected == [True, False, True, False]).all(axis=1)
    verified(
        "Prediction sets: share that is exactly two classes",
        MAPIE,
        pair["share"],
        [alike.mean(), alike[true == 0].mean(), alike[true == 2].mean()],
        tolerance=1e-12,
        trivial=True,
    )
    assert list(pair["exactly"]) == [
        alike.sum(),
        alike[true == 0].sum(),
        alike[true == 2].sum(),
    ]
    assert (
        list(found.sizes["images"]) == np.bincount(expected.sum(axis=1), minlength=K + 1).tolist()
    )
    assert found.sizes["share"].sum() == pytest.approx(1)


def test_class_conditional_sets_are_mapies_of_each_class_alone() -> None:
    """A class's bound is that of the images of the class, as if there were no others."""
    on, (true, told) = drawn(3, 400), drawn(4, 300)
    rule = fitted_sets(*on, 0.8, by_class=True, units=400)
    expected = np.column_stack(
        [theirs((on[0][on[0] == k], on[1][on[0] == k]), told, 0.8)[:, k] for k in range(K)]
    )
    np.testing.assert_array_equal(rule.sets(told), expected)
    found = measured_sets(rule, true, told, np.arange(300), 0.95)
    verified(
        "Prediction sets: coverage and size",
        f"{MAPIE}, of each class",
        found.by_class["coverage"],
        [expected[true == k, k].mean() for k in range(K)],
        tolerance=1e-12,
    )
    assert list(rule.images) == np.bincount(on[0], minlength=K).tolist()


def test_intervals_of_coverage_are_those_of_shares_over_patients() -> None:
    on, (true, told) = drawn(5, 200), drawn(6, 240)
    rule, patients = fitted_sets(*on, units=200), np.arange(240) // 4
    found = measured_sets(rule, true, told, patients, 0.95)
    held = rule.sets(told)[np.arange(240), true]
    one = score_interval(shares(held[:, None], (true == 1)[:, None]), patients, 0.95)
    assert (found.by_class["low"][1], found.by_class["high"][1]) == (one.low[0], one.high[0])
    assert list(found.by_class["units"])[1] == np.unique(patients[true == 1]).size


def test_sets_hold_the_true_class_as_often_as_asked_for_on_average() -> None:
    held = []
    for seed in range(200):
        rule = fitted_sets(*drawn(seed, 99), 0.9, units=99)
        true, told = drawn(1000 + seed, 100)
        held.append(rule.sets(told)[np.arange(100), true].mean())
    assert np.mean(held) == pytest.approx(0.9, abs=4 * np.std(held) / math.sqrt(200))


def test_a_class_of_too_few_images_is_in_every_set() -> None:
    assert (fewest_images(0.9), fewest_images(0.95), fewest_images(0.8)) == (9, 19, 4)
    for images in (8, 9):
        true = np.append(np.zeros(50, dtype=int), np.ones(images, dtype=int))
        told = np.tile([0.6, 0.3, 0.1, 0.0], (true.size, 1))
        rule = fitted_sets(true, told, 0.9, by_class=True, units=true.size)
        assert list(np.isinf(rule.bounds)) == [False, images < 9, True, True]
        assert rule.sets(told)[:, 2:].all()


def test_degenerate_sets() -> None:
    """One class, constant scores, certainty, no image to measure."""
    constant = np.full((20, K), 0.25)
    rule = fitted_sets(np.zeros(20, dtype=int), constant, units=20)
    assert rule.sets(constant).all()
    sure = np.eye(K)[np.arange(40) % K]
    rule = fitted_sets(np.arange(40) % K, sure, units=40)
    found = measured_sets(rule, np.arange(40) % K, sure, np.arange(40), 0.95)
    assert found.overall["coverage"][0] == 1 and found.overall["size"][0] == 1
    empty = measured_sets(
        rule, np.zeros(0, dtype=int), np.zeros((0, K)), np.zeros(0, dtype=int), 0.95
    )
    assert math.isnan(empty.overall["coverage"][0]) and not empty.sizes["images"].any()
    assert math.isnan(empty.exactly([0, 1])["share"][0])
    missing = measured_sets(rule, np.zeros(9, dtype=int), sure[:9], np.arange(9), 0.95)
    assert np.isnan(missing.by_class["coverage"][1:]).all()


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    true, told = drawn(0, 30)
    rule = fitted_sets(true, told, units=30)
    told[3, 1] = bad
    with pytest.raises(InputError, match="1 of 120 probabilities"):
        fitted_sets(true, told, units=30)
    with pytest.raises(InputError, match="1 of 120 probabilities"):
        rule.sets(told)


def test_requests_that_cannot_be_met() -> None:
    true, told = drawn(0, 30)
    for bad in (0.0, 1.0, math.nan, -1.0):
        with pytest.raises(InputError, match="between 0 and 1"):
            fitted_sets(true, told, bad, units=30)
    with pytest.raises(InputError, match="No image came"):
        fitted_sets(true[:0], told[:0], units=0)
    with pytest.raises(InputError, match="one bound for each class"):
        SetRule(0.9, False, np.ones(3), np.ones(3, dtype=int), 1).sets(told)
