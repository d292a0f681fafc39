from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.metrics.delong import influence, interval
from dermxai.metrics.ranking import auc
from tests.verification import verified


def textbook_variance(positive, scores):
    """DeLong, DeLong, Clarke-Pearson 1988, by all pairs."""
    above, below = scores[positive][:, None], scores[~positive][None]
    wins = (above > below) + 0.5 * (above == below)
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    return by_positive.var(ddof=1) / by_positive.size + by_negative.var(ddof=1) / by_negative.size


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_one_image_a_patient_is_delong(seed, ties):
    generator = np.random.default_rng(seed)
    positive = np.arange(40) < 12
    scores = generator.normal(size=40) + positive
    scores = scores.round(0) if ties else scores
    parts = influence(positive, scores, generator.permutation(40))
    verified(
        "Standard error of an AUC",
        "DeLong et al. 1988, by all pairs",
        np.sqrt((parts**2).sum()),
        np.sqrt(textbook_variance(positive, scores)),
        tolerance=1e-12,
    )
    assert parts.sum() == pytest.approx(0, abs=1e-12)


def test_repeated_images_add_no_certainty():
    generator = np.random.default_rng(0)
    positive = np.arange(60) < 20
    scores = generator.normal(size=60) + positive
    alone = influence(positive, scores, np.arange(60))
    repeated = influence(np.repeat(positive, 5), np.repeat(scores, 5), np.repeat(np.arange(60), 5))
    np.testing.assert_allclose(repeated, alone)


def test_intervals_cover_the_truth_with_images_in_patients():
    generator = np.random.default_rng(1)
    patients = np.repeat(np.arange(60), 4)
    truth = NormalDist().cdf(0.5)  # both sides have variance 2, their means differ by 1
    covered, rounds = 0, 300
    for _ in range(rounds):
        positive = (np.arange(60) % 3 == 0)[patients]
        scores = positive + generator.normal(size=60)[patients] + generator.normal(size=240)
        area = auc(positive, scores)
        low, high = interval(area, influence(positive, scores, patients), 0.95)
        covered += low <= truth <= high
    assert 0.91 <= covered / rounds <= 0.98


@pytest.mark.parametrize(
    ("positive", "scores", "patients"),
    [
        ([True, True, False, False], [4.0, 3, 2, 1], [0, 1, 2, 3]),  # perfect
        ([True, True, False, False], [4.0, 1, 3, 2], [0, 0, 1, 2]),  # one patient's positives
        ([True, True, True], [3.0, 2, 1], [0, 1, 2]),  # no negative
    ],
)
def test_without_spread_there_is_no_interval(positive, scores, patients):
    positive, scores, patients = map(np.array, (positive, scores, patients))
    parts = influence(positive, scores, patients)
    assert np.isnan(interval(auc(positive, scores), parts, 0.95)).all()
