import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.confusion import (
    balanced_accuracy,
    confusion_matrix,
    mean_defined,
    merged,
    normalised,
    one_vs_rest,
    top1_accuracy,
)
from tests.verification import verified

K = 5
labels = hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(0, K - 1))


@given(labels, st.integers(0, 2**32 - 1))
def test_counts_and_accuracies_equal_scikit_learn(true, seed):
    predicted = np.random.default_rng(seed).integers(0, K, true.size)
    matrix = confusion_matrix(true, predicted, K)
    assert matrix.sum() == true.size
    if not true.size:
        assert np.isnan(top1_accuracy(matrix)) and np.isnan(balanced_accuracy(matrix))
        return
    verified(
        "Confusion matrix, images",
        "scikit-learn confusion_matrix",
        matrix,
        sk.confusion_matrix(true, predicted, labels=range(K)),
        tolerance=0,
        trivial=True,
    )
    verified(
        "Top-1 accuracy",
        "scikit-learn accuracy_score",
        top1_accuracy(matrix),
        sk.accuracy_score(true, predicted),
        tolerance=1e-12,
        trivial=True,
    )
    verified(
        "Balanced accuracy",
        "scikit-learn recall_score, mean of the classes that occur",
        balanced_accuracy(matrix),
        sk.recall_score(true, predicted, labels=np.unique(true), average="macro"),
        tolerance=1e-12,
        trivial=True,
    )


@given(labels, st.integers(0, 2**32 - 1))
def test_one_vs_rest_equals_scikit_learn_on_each_binary_question(true, seed):
    predicted = np.random.default_rng(seed).integers(0, K, true.size)
    measures = one_vs_rest(confusion_matrix(true, predicted, K))
    for k in range(K):
        positive, called = true == k, predicted == k
        expected = {
            "accuracy": (positive == called).mean() if true.size else np.nan,
            "sensitivity": called[positive].mean() if positive.any() else np.nan,
            "specificity": (~called[~positive]).mean() if (~positive).any() else np.nan,
        }
        for measure, value in expected.items():
            assert getattr(measures, measure)[k] == pytest.approx(value, nan_ok=True)


@given(labels, st.integers(0, 2**32 - 1))
def test_many_matrices_at_once_equal_one_at_a_time(true, seed):
    generator = np.random.default_rng(seed)
    matrices = np.stack(
        [confusion_matrix(true, generator.integers(0, K, true.size), K) for _ in range(3)]
    )
    together = one_vs_rest(matrices)
    for i, matrix in enumerate(matrices):
        alone = one_vs_rest(matrix)
        for measure in ("accuracy", "sensitivity", "specificity"):
            np.testing.assert_array_equal(getattr(together, measure)[i], getattr(alone, measure))
        np.testing.assert_array_equal(top1_accuracy(matrices)[i], top1_accuracy(matrix))


def test_rows_and_columns_become_shares_and_empty_ones_are_undefined():
    matrix = [[3, 1, 0], [0, 0, 0], [1, 3, 0]]
    by_row, by_column = normalised(matrix, "row"), normalised(matrix, "column")
    np.testing.assert_array_equal(by_row[0], [0.75, 0.25, 0])
    assert np.isnan(by_row[1]).all()
    np.testing.assert_array_equal(by_column[:, 0], [0.75, 0, 0.25])
    assert np.isnan(by_column[:, 2]).all()


@given(labels, st.integers(0, 2**32 - 1))
def test_merging_two_classes_is_relabelling_them(true, seed):
    predicted = np.random.default_rng(seed).integers(0, K, true.size)
    relabelled = [np.where(y == 3, 1, np.where(y > 3, y - 1, y)) for y in (true, predicted)]
    expected = confusion_matrix(*relabelled, K - 1)
    np.testing.assert_array_equal(merged(confusion_matrix(true, predicted, K), 1, 3), expected)


def test_the_mean_leaves_out_what_is_undefined():
    np.testing.assert_array_equal(
        mean_defined([[1.0, np.nan, 0.0], [np.nan, np.nan, np.nan]]), [0.5, np.nan]
    )


@pytest.mark.parametrize(
    ("true", "predicted"), [([0, 1], [0]), ([0, 2], [0, 1]), ([-1], [0]), ([[0]], [[0]])]
)
def test_what_does_not_fit_is_refused(true, predicted):
    with pytest.raises(InputError):
        confusion_matrix(true, predicted, 2)
