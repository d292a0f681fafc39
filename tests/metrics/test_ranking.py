import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.ranking import auc, macro_average, micro_average, roc_curve
from tests.verification import verified

# Few distinct scores make ties, infinities are scores too.
tied = hnp.arrays(
    np.float64, st.integers(1, 40), elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0])
)
distinct = hnp.arrays(
    np.float64, st.integers(1, 40), elements=st.floats(-10, 10, allow_nan=False), unique=True
)
seeds = st.integers(0, 2**32 - 1)


def drawn(scores, seed):
    return np.random.default_rng(seed).random(scores.size) < 0.4


@given(st.one_of(tied, distinct), seeds)
def test_area_equals_scikit_learn(scores, seed):
    positive = drawn(scores, seed)
    if positive.all() or not positive.any():
        assert np.isnan(auc(positive, scores))
        return
    finite = np.where(np.isinf(scores), -1e9, scores)  # scikit-learn refuses infinity
    verified(
        "AUC of a class",
        "scikit-learn roc_auc_score",
        auc(positive, scores),
        sk.roc_auc_score(positive, finite),
        tolerance=1e-12,
        trivial=True,
    )


@given(st.one_of(tied, distinct), seeds)
def test_curve_equals_scikit_learn_at_every_threshold(scores, seed):
    positive = drawn(scores, seed)
    assume(positive.any() and not positive.all())
    curve = roc_curve(positive, scores)
    finite = np.where(np.isinf(scores), -1e9, scores)
    fpr, tpr, _ = sk.roc_curve(positive, finite, drop_intermediate=False)
    points = set(zip(fpr, tpr, strict=True))
    for x, y in zip(curve.false_positive_rate, curve.true_positive_rate, strict=True):
        assert (x, y) in points
    assert curve.false_positive_rate[0] == curve.true_positive_rate[0] == 0
    assert curve.false_positive_rate[-1] == curve.true_positive_rate[-1] == 1
    for threshold, x, y in zip(
        curve.thresholds, curve.false_positive_rate, curve.true_positive_rate, strict=True
    ):
        assert y == (scores >= threshold)[positive].mean() or np.isinf(threshold)
        assert x == (scores >= threshold)[~positive].mean() or np.isinf(threshold)


@given(st.one_of(tied, distinct), seeds)
def test_no_point_lies_between_its_neighbours(scores, seed):
    positive = drawn(scores, seed)
    assume(positive.any() and not positive.all())
    curve = roc_curve(positive, scores)
    x = np.round(curve.false_positive_rate * (~positive).sum()).astype(int)
    y = np.round(curve.true_positive_rate * positive.sum()).astype(int)
    dx, dy = np.diff(x), np.diff(y)
    assert (dx[:-1] * dy[1:] != dx[1:] * dy[:-1]).all()


@pytest.mark.parametrize("positive", [[], [True], [False, False]])
def test_with_one_side_only_there_is_no_curve(positive):
    curve = roc_curve(positive, np.zeros(len(positive)))
    assert curve.false_positive_rate.size == 0
    assert np.isnan(curve.auc)


def test_equal_scores_are_chance():
    assert auc([True, False, True, False], [1, 1, 1, 1]) == 0.5


@given(seeds)
def test_macro_and_micro_areas_equal_scikit_learn(seed):
    generator = np.random.default_rng(seed)
    true, scores = generator.integers(0, 4, 50), generator.random((50, 4)).round(1)
    scores /= scores.sum(axis=1, keepdims=True) + 1e-9
    member = true[:, None] == np.arange(4)
    assume(member.any(axis=0).all())
    curves = [roc_curve(member[:, k], scores[:, k]) for k in range(4)]
    macro, micro = macro_average(curves), micro_average(member, scores)
    for average, curve in (("macro", macro), ("micro", micro)):
        verified(
            f"AUC, {average} average",
            "scikit-learn roc_auc_score",
            curve.auc,
            sk.roc_auc_score(member, scores, average=average),
            tolerance=1e-12,
            trivial=True,
        )
    area = np.trapezoid(macro.true_positive_rate, macro.false_positive_rate)
    assert area == pytest.approx(macro.auc)


def test_macro_curve_of_one_curve_is_that_curve():
    curve = roc_curve([True, False, True, False], [4, 3, 2, 1])
    macro = macro_average([curve, roc_curve([True], [1])])
    np.testing.assert_array_equal(macro.false_positive_rate, curve.false_positive_rate)
    np.testing.assert_array_equal(macro.true_positive_rate, curve.true_positive_rate)


def test_macro_of_nothing_is_undefined():
    assert np.isnan(macro_average([]).auc)


@pytest.mark.parametrize(
    ("positive", "scores"), [([True, False], [1.0]), ([True, False], [1.0, np.nan])]
)
def test_what_cannot_be_ranked_is_refused(positive, scores):
    with pytest.raises(InputError):
        roc_curve(positive, scores)
