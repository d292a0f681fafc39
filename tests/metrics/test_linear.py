"""Ridge and logistic regression against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from dermxai.core.errors import InputError
from dermxai.metrics import linear
from dermxai.metrics.linear import Problem, best, logistic, ridge


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    true = draws.integers(4, size=150)
    features = draws.standard_normal((150, 20)) * np.arange(1, 21)
    features[:, :4] += 2 * np.eye(4)[true]
    features[:, 7] = 3.0  # does not vary
    return features, true, draws.uniform(0.2, 3, 150)


def standardised(features: np.ndarray, weight: np.ndarray) -> np.ndarray:
    varying = np.delete(features, 7, axis=1)
    return StandardScaler().fit_transform(varying, sample_weight=weight)


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_ridge_is_that_of_scikit_learn(data, penalty: float) -> None:
    features, true, weight = data
    alpha = penalty * len(true)
    told = standardised(features, weight)
    scaled = weight * len(true) / weight.sum()
    peer = Ridge(alpha=alpha).fit(told, np.eye(4)[true], sample_weight=scaled)
    (made,) = ridge(Problem.of(features, true, 4, weight), [penalty])
    np.testing.assert_allclose(made.scores(features), peer.predict(told), atol=1e-9)
    assert not made.weights[7].any()


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_logistic_regression_is_that_of_scikit_learn(data, penalty: float) -> None:
    features, true, weight = data
    told = standardised(features, weight)
    scaled = weight * len(true) / weight.sum()
    peer = LogisticRegression(C=1 / (penalty * len(true)), tol=1e-10, max_iter=5000)
    peer.fit(told, true, sample_weight=scaled)
    made, start = logistic(Problem.of(features, true, 4, weight), penalty, tolerance=1e-9)
    logits = made.scores(features)
    expected = peer.decision_function(told)
    centred = [each - each.mean(axis=1, keepdims=True) for each in (logits, expected)]
    np.testing.assert_allclose(*centred, atol=2e-5)
    again, _ = logistic(Problem.of(features, true, 4, weight), penalty, start, tolerance=1e-9)
    np.testing.assert_allclose(again.scores(features), logits, atol=1e-4)


def test_many_images_in_single_precision_give_nearly_the_same(data, monkeypatch) -> None:
    features, true, weight = data
    exact = Problem.of(features, true, 4, weight)
    monkeypatch.setattr(linear, "_EXACT", 0)
    monkeypatch.setattr(linear, "_BLOCK", 64)
    rough = Problem.of(features.astype(np.float32), true, 4, weight)
    assert rough.features.dtype == np.float32
    np.testing.assert_allclose(rough.gram, exact.gram, atol=1e-5)
    for fit in (lambda of: ridge(of, [0.1])[0], lambda of: logistic(of, 0.1)[0]):
        np.testing.assert_allclose(
            fit(rough).scores(features), fit(exact).scores(features), atol=1e-3
        )


def test_degenerate_features_have_no_weight_or_are_refused() -> None:
    true = np.array([0, 1, 0, 1])
    (made,) = ridge(Problem.of(np.ones((4, 3)), true, 2), [0.1])
    assert not made.weights.any()
    np.testing.assert_allclose(made.bias, [0.5, 0.5])
    broken = np.ones((4, 3))
    broken[1, 2] = np.nan
    for features, weight, told in (
        (broken, None, "1 of 4 images"),
        (np.ones((4, 0)), None, "0 features"),
        (np.ones((4, linear.MOST_FEATURES + 1)), None, "at most"),
        (np.ones((4, 2)), np.zeros(4), "not positive"),
        (np.ones((4, 2)), np.array([1, 1, np.nan, 1]), "not positive"),
    ):
        with pytest.raises(InputError, match=told):
            Problem.of(features, true, 2, weight)


def test_the_best_penalty_is_found_and_weaker_ones_are_left_out() -> None:
    tried: list[float] = []

    def fitted(penalty: float) -> float:
        tried.append(penalty)
        return penalty

    assert best([0.001, 0.01, 0.1, 1, 10], fitted, lambda made: abs(np.log10(made) - 0.2)) == 1
    assert tried == [10, 1, 0.1, 0.01]
