import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dermxai.errors import InputError
from dermxai.metrics.bootstrap import (
    confusion_replicates,
    interval,
    mean_interval,
    resampling,
    student_interval,
    sum_replicates,
)
from dermxai.metrics.confusion import confusion_matrix, top1_accuracy


def test_every_replicate_draws_as_many_patients_as_there_are():
    plan = resampling(np.repeat(["a", "b", "c"], 2), replicates=600)
    weights = np.concatenate(list(plan.weights()), axis=1)
    assert weights.shape == (3, 600)
    assert (weights.sum(axis=0) == 3).all()
    assert weights.mean(axis=1) == pytest.approx(1, abs=0.1)
    assert weights.var(axis=1) == pytest.approx(2 / 3, abs=0.1)  # of the multinomial


def test_replicates_count_whole_patients():
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(0, 3, (2, 50))
    patients = generator.integers(0, 8, 50)
    plan = resampling(patients, replicates=5)
    weights = next(plan.weights())
    names = np.unique(patients)
    for replicate, matrix in enumerate(confusion_replicates(true, predicted, 3, plan)):
        rows = np.concatenate(
            [
                np.flatnonzero(patients == name)
                for name, times in zip(names, weights[:, replicate], strict=True)
                for _ in range(int(times))
            ]
        )
        np.testing.assert_array_equal(matrix, confusion_matrix(true[rows], predicted[rows], 3))


def test_the_seed_decides():
    def draw(seed):
        return next(resampling(np.arange(20), replicates=10, seed=seed).weights())

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()


def test_interval_of_independent_images_is_near_the_binomial_one():
    right = np.arange(400) < 300
    plan = resampling(np.arange(400), replicates=4000)
    drawn = top1_accuracy(confusion_replicates(np.zeros(400, int), (~right).astype(int), 2, plan))
    ends = interval(0.75, drawn, 400, 0.95)
    assert ends == pytest.approx(proportion_confint(300, 400, method="wilson"), abs=0.008)


def test_images_of_one_patient_widen_the_interval():
    right = np.repeat(np.arange(50) < 35, 8)
    true, predicted = np.zeros(400, int), (~right).astype(int)

    def width(groups):
        plan = resampling(groups, replicates=2000)
        low, high = interval(
            0.7, top1_accuracy(confusion_replicates(true, predicted, 2, plan)), 50, 0.95
        )
        return high - low

    patients, images = width(np.repeat(np.arange(50), 8)), width(np.arange(400))
    assert patients / images == pytest.approx(np.sqrt(8), rel=0.15)


@pytest.mark.parametrize("units", [2, 10, 300])
def test_none_and_all_get_the_exact_bound(units):
    replicates = np.tile([0.0, 1.0], (10, 1))
    low, high = interval([0.0, 1.0], replicates, units, 0.95)
    for i, hits in enumerate((0, units)):
        exact = proportion_confint(hits, units, method="beta")
        assert (low[i], high[i]) == pytest.approx(exact, abs=1e-9)


def test_one_patient_and_no_image_have_no_interval():
    low, high = interval([0.5, np.nan], np.full((10, 2), 0.5), [1, 0], 0.95)
    assert np.isnan([low, high]).all()
    assert not list(resampling(["only"]).weights())
    assert not list(resampling([]).weights())


@pytest.mark.parametrize(("replicates", "level"), [(0, 0.95), (10, 0), (10, 1), (10, 95)])
def test_impossible_wishes_are_refused(replicates, level):
    with pytest.raises(InputError):
        resampling([1, 2], replicates, level=level)


@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_the_interval_of_a_mean_is_that_of_student(n: int):
    values = np.random.default_rng(n).normal(2, 3, (n, 1))
    plan = resampling(np.arange(n), 20_000)
    means = sum_replicates(values, plan) / n
    low, high = student_interval(values.mean(0), means, n, 0.95)
    student = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values[:, 0]))
    width = student[1] - student[0]
    np.testing.assert_allclose([low[0], high[0]], student, atol=0.02 * width)


def test_a_mean_of_one_patient_has_no_interval():
    plan = resampling(["p", "p"], 50)
    ends = student_interval([1.0], sum_replicates([[1.0], [1.0]], plan), 1, 0.95)
    assert np.isnan(ends).all()


def test_what_is_the_same_whoever_is_drawn_has_no_interval():
    same = np.full((200, 2), 0.5) + np.array([0, 1e-16])
    for low, high in (interval([0.5, 0.5], same, 4, 0.95), mean_interval(same, 4, 0.95)):
        assert np.isnan([low, high]).all()
