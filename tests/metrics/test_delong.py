import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from dermxai.metrics.delong import areas, mean_area
from dermxai.metrics.intervals import score_interval
from tests.verification import verified


def textbook_variance(positive, scores):
    """DeLong, DeLong, Clarke-Pearson 1988, by all pairs."""
    above, below = scores[positive][:, None], scores[~positive][None]
    wins = (above > below) + 0.5 * (above == below)
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    return by_positive.var(ddof=1) / by_positive.size + by_negative.var(ddof=1) / by_negative.size


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_influences_are_those_of_delong(seed, ties):
    generator = np.random.default_rng(seed)
    positive = np.arange(40) < 12
    scores = generator.normal(size=40) + positive
    scores = scores.round(0) if ties else scores
    order = generator.permutation(40)
    found = areas(positive[order, None], scores[order, None])
    influence, member = found.influences[:, 0], positive[order]
    variance = sum(
        (influence[side] ** 2).sum() * side.sum() / (side.sum() - 1) for side in (member, ~member)
    )
    verified(
        "Standard error of an AUC",
        "DeLong et al. 1988, by all pairs",
        np.sqrt(variance),
        np.sqrt(textbook_variance(positive, scores)),
        tolerance=1e-12,
    )
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.value[0] == pytest.approx(roc_auc_score(positive, scores))


def test_an_influence_is_what_an_image_changes_the_area_by():
    """The derivative in the image's weight, against small finite weights."""
    generator = np.random.default_rng(3)
    positive = np.arange(30) % 3 == 0
    scores = generator.normal(size=30) + positive
    found = areas(positive[:, None], scores[:, None])
    for image in (0, 1, 7):
        weight = np.ones(30)
        weight[image] += 1e-6
        moved = roc_auc_score(positive, scores, sample_weight=weight)
        assert (moved - found.value[0]) / 1e-6 == pytest.approx(
            found.influences[image, 0], abs=1e-5
        )


def test_the_mean_area_is_that_of_scikit_learn_and_its_influences_the_means():
    generator = np.random.default_rng(0)
    true = generator.integers(0, 4, 200)
    scores = generator.dirichlet(np.ones(4), 200)
    member = true[:, None] == np.arange(5)
    padded = np.column_stack([scores, generator.random(200)])  # a class without images
    found = mean_area(member, padded)
    peer = roc_auc_score(true, scores, multi_class="ovr", average="macro")
    assert found.value[0] == pytest.approx(peer)
    each = areas(member[:, :4], scores)
    np.testing.assert_allclose(found.influences[:, 0], each.influences.mean(axis=1))
    assert found.sides[:, :, 0].sum(axis=1).tolist() == [1] * 200


def test_of_one_side_nothing_is_ranked():
    found = areas(np.ones((6, 1), dtype=bool), np.arange(6.0)[:, None])
    assert np.isnan(found.value).all()
    assert np.isnan(score_interval(found, np.arange(6), 0.95).low).all()
    assert np.isnan(mean_area(np.ones((6, 1), dtype=bool), np.arange(6.0)[:, None]).value).all()


def test_a_perfect_ranking_has_the_highest_lower_bound():
    positive = (np.arange(80) < 40)[:, None]
    patients = np.arange(80) // 2
    bounds = []
    for swapped in range(6):
        scores = positive[:, 0] + np.linspace(0, 0.5, 80)
        scores[np.arange(swapped) * 2] -= 0.9  # each of another patient, below some of the others
        found = areas(positive, scores[:, None])
        bounds.append(score_interval(found, patients, 0.95).low[0])
        assert found.value[0] == 1 if not swapped else found.value[0] < 1
    assert np.diff(bounds).max() <= 0
    assert 0.8 < bounds[0] < 1
