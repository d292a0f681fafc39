import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dermxai.metrics.intervals import (
    FEWEST,
    FEWEST_OF_CLASS,
    FEWEST_OF_MEAN,
    class_mean,
    cluster_index,
    group_difference,
    means,
    patients_with,
    score_interval,
    shares,
    student_interval,
)
from tests.verification import verified


def share(right, clusters, level=0.95):
    outcome = np.asarray(right)[:, None]
    low, high = score_interval(shares(outcome, np.ones_like(outcome)), clusters, level)
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(("hits", "n"), [(300, 400), (20, 400), (1990, 2000)])
def test_of_independent_images_it_is_wilsons(hits, n):
    ends = share(np.arange(n) < hits, np.arange(n))
    verified(
        "Interval of a share, independent images",
        "statsmodels proportion_confint (Wilson); ours has t in place of z",
        ends,
        proportion_confint(hits, n, method="wilson"),
        tolerance=1e-3,
    )


def test_images_of_one_patient_widen_it():
    right = np.repeat(np.arange(200) < 140, 8)
    alike, apart = (share(right, clusters) for clusters in (np.arange(1600) // 8, np.arange(1600)))
    assert (alike[1] - alike[0]) / (apart[1] - apart[0]) == pytest.approx(np.sqrt(8), rel=0.05)
    wilson = proportion_confint(140, 200, method="wilson")
    assert alike == pytest.approx(wilson, abs=0.01)  # each patient is one image, eight times


@settings(max_examples=60)
@given(st.integers(5, 40), st.integers(1, 12), st.integers(0, 40), st.data())
def test_one_more_error_never_raises_the_lower_bound(patients, most, extra, data):
    """From no error on, as long as no patient has more than one."""
    images = np.array(
        data.draw(st.lists(st.integers(1, most), min_size=patients, max_size=patients))
    )
    clusters = np.repeat(np.arange(patients), images)
    first = np.r_[0, np.cumsum(images)[:-1]]
    order = np.argsort(data.draw(st.permutations(range(patients))))
    right = np.ones(clusters.size, dtype=bool)
    last = share(right, clusters)
    assert last[1] == 1 and 0 < last[0] < 1
    for patient in order[: max(1, patients // 2)]:
        right[first[patient]] = False
        ends = share(right, clusters)
        assert ends[0] <= last[0] + 1e-12 and ends[1] <= 1
        last = ends


def test_what_the_issue_of_perfect_scores_was():
    """25 patients of 6 images: percentiles gave 86.3 for no error, 98.0 for one."""
    clusters = np.arange(150) // 6
    none, one = (share(np.arange(150) >= errors, clusters) for errors in (0, 1))
    assert 0.9 < one[0] <= none[0] < 0.98


@given(st.integers(0, 2**32 - 1))
def test_a_share_and_its_complement_mirror_each_other(seed):
    random = np.random.default_rng(seed)
    right, clusters = random.random(60) < random.random(), cluster_index(random.integers(0, 15, 60))
    low, high = share(right, clusters)
    assert share(~right, clusters) == pytest.approx((1 - high, 1 - low))
    assert 0 <= low <= right.mean() <= high <= 1


@given(st.integers(0, 2**32 - 1))
def test_names_and_order_change_nothing(seed):
    random = np.random.default_rng(seed)
    right, units = random.random(50) < 0.8, random.integers(0, 12, 50)
    order = random.permutation(50)
    names = np.array([f"patient {11 - unit}" for unit in units], dtype=object)
    assert share(right[order], cluster_index(names[order])) == pytest.approx(
        share(right, cluster_index(units)), nan_ok=True
    )


@pytest.mark.parametrize("n", [3, 5, 40])
def test_the_interval_of_a_mean_of_independent_images_is_students(n):
    values = np.random.default_rng(n).normal(2, 3, (n, 1))
    low, high = student_interval(means(values, np.ones_like(values)), np.arange(n), 0.95)
    peer = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values[:, 0]))
    verified(
        "Interval of a mean, independent images",
        "scipy.stats.t",
        [low[0], high[0]],
        peer,
        tolerance=1e-9,
        relative=True,
    )


def test_the_interval_of_a_mean_of_many_patients_is_that_of_their_sums():
    """The standard error of a ratio of sums, Kish 1965 (6.3.2), with t."""
    random = np.random.default_rng(0)
    clusters = np.sort(random.integers(0, 3000, 9000))
    clusters = cluster_index(clusters)
    values = random.normal(size=3000)[clusters] + random.normal(size=9000)
    low, high = student_interval(means(values[:, None], np.ones((9000, 1))), clusters, 0.95)
    sums = np.bincount(clusters, values - values.mean())
    error = np.sqrt((sums**2).sum()) / 9000
    reach = stats.norm.ppf(0.975) * error
    verified(
        "Interval of a mean, many patients",
        "Kish 1965, standard error of a ratio of sums",
        [low[0], high[0]],
        values.mean() + np.array([-reach, reach]),
        tolerance=0.02 * reach,
    )


def test_the_mean_over_classes_counts_each_class_alike():
    random = np.random.default_rng(1)
    classes = np.repeat([0, 1, 2], [200, 40, 20])
    right = random.random(260) < np.array([0.9, 0.7, 0.5])[classes]
    found = class_mean(right[:, None], classes)
    by_class = [right[classes == k].mean() for k in range(3)]
    assert found.value[0] == pytest.approx(np.mean(by_class))
    low, high = score_interval(found, np.arange(260), 0.95)
    error = np.sqrt(sum(p * (1 - p) / n for p, n in zip(by_class, (200, 40, 20), strict=True))) / 3
    assert (high - low)[0] / 2 == pytest.approx(1.96 * error, rel=0.12)


def test_paired_differences_are_of_the_images():
    """Two models that agree on most images differ with more certainty than their two intervals."""
    random = np.random.default_rng(2)
    one = random.random(400) < 0.8
    other = one ^ (random.random(400) < 0.05)
    every = np.ones((400, 1))
    apart = shares(other[:, None], every).minus(shares(one[:, None], every))
    low, high = student_interval(apart, np.arange(400), 0.95)
    change = other.astype(float) - one
    wald = stats.t.interval(0.95, 399, change.mean(), stats.sem(change))
    verified(
        "Interval of a paired difference, independent images",
        "scipy.stats.t; ours counts a few errors more",
        [low[0], high[0]],
        wald,
        tolerance=5e-3,
    )
    same = shares(one[:, None], every).minus(shares(one[:, None], every))
    low, high = student_interval(same, np.arange(400), 0.95)
    assert low[0] < 0 < high[0] < 0.01  # the same here is not the same for ever


def test_groups_that_share_their_patients_are_compared_within_them():
    patients = np.repeat(np.arange(30), 2)
    level = np.random.default_rng(0).normal(0, 10, 30)[patients]
    values = (level + np.random.default_rng(1).normal(size=60))[:, None]
    known, first = np.ones_like(values, dtype=bool), np.arange(60) % 2 == 0
    low, high = student_interval(group_difference(values, known, first), patients, 0.95)
    paired = values[first] - values[~first]
    peer = stats.t.interval(0.95, 29, paired.mean(), stats.sem(paired[:, 0]))
    assert (low[0], high[0]) == pytest.approx(peer, abs=0.1 * (peer[1] - peer[0]))


def test_too_few_patients_have_no_interval():
    for least, made in (
        (FEWEST, lambda n: share(np.arange(n) > 0, np.arange(n))),
        (
            FEWEST_OF_MEAN,
            lambda n: student_interval(
                means(np.arange(n)[:, None], np.ones((n, 1))), np.arange(n), 0.95
            ),
        ),
        (
            FEWEST_OF_CLASS,
            lambda n: score_interval(
                class_mean((np.arange(n + 50) > 1)[:, None], (np.arange(n + 50) < n).astype(int)),
                np.arange(n + 50),
                0.95,
            ),
        ),
    ):
        assert np.isnan(made(least - 1)).all()
        assert np.isfinite(made(least)).all()


def test_what_is_the_same_whoever_is_drawn_has_no_interval():
    values = np.full((12, 1), 0.1) * 3
    assert np.isnan(
        student_interval(means(values, np.ones_like(values)), np.arange(12), 0.95)
    ).all()


def test_of_nothing_there_is_nothing():
    empty = np.empty((0, 2))
    found = shares(empty, empty.astype(bool))
    assert np.isnan(found.value).all()
    assert np.isnan(score_interval(found, np.empty(0, dtype=np.intp), 0.95)).all()


def test_patients_are_counted_once():
    members = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=bool)
    assert patients_with(members, np.array([0, 0, 1, 2])).tolist() == [2, 1]
