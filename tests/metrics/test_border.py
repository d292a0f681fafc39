import numpy as np
import pytest
from scipy.optimize import bisect
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from dermxai.metrics import border, intervals
from tests.verification import verified


def drawn(seed=0, moved=0.0, n=(40, 90)):
    rng = np.random.default_rng(seed)
    positive = np.repeat([True, False], n)
    return rng.normal(np.where(positive, 1.5, -1.5) + moved, 2.0), positive


@pytest.mark.parametrize("seed", range(4))
def test_the_offset_is_the_fitted_one_of_classes_that_weigh_alike(seed):
    margins, positive = drawn(seed, moved=3.0)
    weight = 0.5 / np.where(positive, positive.sum(), (~positive).sum())
    gradient = lambda moved: weight @ (expit(margins + moved) - positive)  # noqa: E731
    verified(
        "Offset of the border",
        "where the balanced log loss has no slope, by bisection",
        border.offset(margins, positive),
        bisect(gradient, -20, 20, xtol=1e-12),
        tolerance=0.02,  # ours has a slight penalty
        relative=True,
    )


@pytest.mark.parametrize("seed", range(4))
def test_calibration_is_a_balanced_logistic_regression(seed):
    margins, positive = drawn(seed, moved=3.0)
    peer = LogisticRegression(C=1e6, class_weight="balanced", tol=1e-10)
    peer.fit(margins[:, None], positive)
    expected = (peer.coef_[0, 0], peer.intercept_[0])
    assert border.calibrated(margins, positive) == pytest.approx(expected, rel=0.02)


def test_what_is_mended_is_the_difference_of_balanced_errors():
    margins, positive = drawn(1, moved=3.0)
    found = border.mended(margins, margins - 3, positive)
    before, after = ((each >= 0) != positive for each in (margins, margins - 3))
    expected = [(each[positive].mean() + each[~positive].mean()) / 2 for each in (before, after)]
    verified(
        "Balanced error of the pair that an offset saves",
        "the definition",
        found.value[0],
        expected[0] - expected[1],
        tolerance=1e-12,
    )
    assert found.value[0] > 0.05
    assert intervals.student_test(found, np.arange(margins.size))[0] < 0.01


def test_margins_that_speak_for_the_other_class_have_no_border():
    margins, positive = drawn(2)
    assert np.isnan(border.offset(-margins, positive))
    assert np.isnan(border.offset(np.zeros(margins.size), positive))


def test_classes_told_apart_entirely_have_a_border_between_them():
    margins = np.array([5.0, 6, 7, 8, -1, 0, 1])
    moved = border.offset(margins, margins > 3)
    assert np.isfinite(moved)
    assert not border.wrong(margins + moved, margins > 3).any()
