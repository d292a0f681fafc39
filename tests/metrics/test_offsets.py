"""Offsets against Bayes' theorem and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import softmax

from dermxai.metrics.offsets import fitted_offsets, prior_offsets
from tests.verification import verified


def drawn(seed: int = 0, n: int = 400, k: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    true = draws.integers(k, size=n)
    logits = draws.standard_normal((n, k)) + 1.5 * np.eye(k)[true] + np.arange(k)
    return logits, true, draws.uniform(0.2, 3, n)


def test_prior_correction_is_the_closed_form() -> None:
    shares = np.array([0.7, 0.2, 0.1, 0.0])
    offsets = prior_offsets(shares, 1.5)
    expected = -1.5 * np.log(shares[:3])
    np.testing.assert_allclose(offsets[:3], expected - expected.mean())
    assert offsets[3] == 0
    logits = np.random.default_rng(0).standard_normal((9, 3))
    corrected = softmax(logits + prior_offsets(shares[:3]), axis=1)
    by_bayes = softmax(logits, axis=1) / shares[:3]
    expected = by_bayes / by_bayes.sum(axis=1, keepdims=True)
    authority = "Bayes' theorem with equal priors, written out"
    verified("Prior correction of logits", authority, corrected, expected, tolerance=1e-12)


def test_fitted_offsets_match_shares() -> None:
    """Where the log loss is lowest, mean probabilities are the classes' shares."""
    logits, true, weight = drawn()
    told = softmax(logits + fitted_offsets(logits, true, weight), axis=1)
    shares = np.bincount(true, weights=weight) / weight.sum()
    np.testing.assert_allclose(weight @ told / weight.sum(), shares, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_of_two_classes_they_are_a_logistic_regression_of_slope_1(seed: int) -> None:
    logits, true, weight = drawn(seed, k=2)
    margin = logits[:, 1] - logits[:, 0]
    family = sm.families.Binomial()
    peer = sm.GLM(true, np.ones(true.size), family, offset=margin, freq_weights=weight).fit()
    other, one = fitted_offsets(logits, true, weight)
    verified(
        "Offset of the border",
        "statsmodels, GLM with an offset",
        one - other,
        peer.params[0],
        tolerance=5e-3,  # ours has a slight penalty
        relative=True,
    )


def test_a_class_without_images_and_one_alone_keep_their_logits() -> None:
    logits, true, weight = drawn()
    true = np.where(true == 1, 0, true)
    offsets = fitted_offsets(logits, true, weight)
    assert offsets[1] == 0 and offsets.sum() == pytest.approx(0) and offsets[0] != 0
    assert not fitted_offsets(logits, np.zeros_like(true), weight).any()


def test_classes_that_separate_have_finite_offsets() -> None:
    true = np.array([0, 1, 0, 1])
    logits = 1e3 * np.eye(2)[true]
    assert np.abs(fitted_offsets(logits, true, np.ones(4))).max() < 20
