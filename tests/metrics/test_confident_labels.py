import numpy as np
import pytest
from scipy.stats import binom

from dermxai.metrics.confident_labels import confident_labels
from tests.verification import verified


def drawn(seed, flipped=0.0, apart=4.0, n=60):
    rng = np.random.default_rng(seed)
    positive = np.repeat([True, False], n)
    scores = rng.standard_normal(2 * n) + np.where(positive, apart / 2, -apart / 2)
    return scores, positive ^ (rng.random(2 * n) < flipped)


@pytest.mark.parametrize("seed", range(4))
def test_labels_in_error_lie_deep_in_the_other_class(seed):
    scores, labels = drawn(seed, flipped=0.2)
    found = confident_labels(scores, labels)
    assert found.p < 0.01 and found.low > 0
    wrong = found.deep + found.shallow
    verified(
        "Deep among those on the wrong side, less what tails put there",
        "the definition",
        found.excess,
        found.deep / wrong - found.expected,
        tolerance=1e-12,
    )
    extreme = binom.pmf(np.arange(wrong + 1), wrong, found.expected)
    verified(
        "p of labels in error",
        "binomial distribution",
        found.p,
        extreme[extreme <= extreme[found.deep] * (1 + 1e-7)].sum(),
        tolerance=1e-12,
    )


def test_hard_cases_and_tails_are_no_labels_in_error():
    rejected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scores, labels = drawn(seed)
        scores /= np.sqrt(rng.chisquare(5, scores.size) / 5)
        hard = rng.random(scores.size) < 0.3
        scores[hard] = rng.standard_normal(hard.sum())
        found = confident_labels(scores, labels)
        rejected += found.p <= 0.05 and found.excess > 0
    assert rejected <= 3


def test_scores_that_say_nothing_or_the_opposite_contradict_no_label():
    scores, labels = drawn(0)
    for each in (-scores, np.zeros(scores.size), np.where(labels, 1.0, 0.0)):
        found = confident_labels(each, labels)
        assert found.p == 1 and np.isnan(found.excess)
        assert not found.is_deep.any()
