from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from dermxai.metrics.delong import areas, mean_area
from dermxai.metrics.intervals import (
    FEWEST,
    FEWEST_OF_CLASS,
    Interval,
    _freedom,
    class_mean,
    cluster_index,
    difference_interval,
    gains_and_losses,
    group_difference,
    means,
    patients_with,
    score_interval,
    shares,
    student_interval,
    student_test,
)
from tests.verification import verified


def share(right, clusters, level=0.95):
    outcome = np.asarray(right)[:, None]
    low, high, _ = score_interval(shares(outcome, np.ones_like(outcome)), clusters, level)
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


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(8, 40), min_size=2, max_size=6),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
)
def test_one_more_error_never_raises_the_lower_bound_of_a_mean_over_classes(patients, images, seed):
    """However unequal the classes are."""
    random = np.random.default_rng(seed)
    classes = np.repeat(np.arange(len(patients)), patients).repeat(images)
    clusters = np.arange(sum(patients)).repeat(images)
    wrong = images * random.permutation(sum(patients))[:8]
    right = np.ones((clusters.size, 9))
    for errors, image in enumerate(wrong, 1):
        right[image, errors:] = 0
    low, _, _ = score_interval(class_mean(right, classes), clusters, 0.95)
    assert np.diff(low).max() < 1e-9


@given(st.integers(8, 30), st.integers(8, 30), st.integers(0, 2**32 - 1))
def test_a_perfect_area_has_the_highest_lower_bound(one, other, seed):
    random = np.random.default_rng(seed)
    positive = (np.arange(one + other) < one)[:, None].repeat(2, 0)
    clusters = np.arange(one + other).repeat(2)
    scores = positive + random.random(positive.shape) / 2
    swapped = scores.copy()
    swapped[random.integers(scores.size)] = 0.75 + random.normal()
    both = np.hstack([positive, ~positive])
    perfect, less = (
        np.concatenate(
            [
                score_interval(found, clusters, 0.95)[0]
                for found in (areas(positive, each), mean_area(both, np.hstack([each, -each])))
            ]
        )
        for each in (scores, swapped)
    )
    assert (less <= perfect + 1e-12).all()


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


@pytest.mark.parametrize("n", [5, 8, 40])
def test_the_interval_of_a_mean_of_independent_images_is_students(n):
    values = np.random.default_rng(n).normal(2, 3, (n, 1))
    low, high, _ = student_interval(means(values, np.ones_like(values)), np.arange(n), 0.95)
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
    low, high, _ = student_interval(means(values[:, None], np.ones((9000, 1))), clusters, 0.95)
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
    low, high, _ = score_interval(found, np.arange(260), 0.95)
    error = np.sqrt(sum(p * (1 - p) / n for p, n in zip(by_class, (200, 40, 20), strict=True))) / 3
    assert 1.96 * error < (high - low)[0] / 2 < 1.25 * 1.96 * error


@pytest.mark.parametrize(("hits", "of"), [((45, 60), (90, 100)), ((0, 40), (40, 50))])
def test_the_difference_of_two_groups_shares_is_newcombes(hits, of):
    outcome = np.concatenate([np.arange(n) < hit for hit, n in zip(hits, of, strict=True)])
    first = np.arange(sum(of)) < of[0]
    one, other = (shares(outcome[:, None], side[:, None]) for side in (first, ~first))
    ends = difference_interval(one, other, np.arange(sum(of)), 0.95)[:2]
    verified(
        "Interval of a difference of groups' shares, independent images",
        "statsmodels confint_proportions_2indep (Newcombe); ours has t in place of z",
        np.ravel(ends),
        confint_proportions_2indep(hits[0], of[0], hits[1], of[1], method="newcomb"),
        tolerance=0.01,
    )


@pytest.mark.parametrize(("gains", "losses"), [(20, 8), (6, 0), (0, 0)])
def test_a_paired_difference_is_of_the_images_that_changed(gains, losses):
    """The square-and-add of Wilson's intervals of both shares, which are correlated as those of a
    multinomial are."""
    one = np.arange(400) < 300
    other = one.copy()
    other[:losses], other[300 : 300 + gains] = False, True
    parts = gains_and_losses(other[:, None], one[:, None])
    gain, loss = (shares(part, np.ones((400, 1))) for part in parts)
    ends = np.ravel(difference_interval(gain, loss, np.arange(400), 0.95)[:2])
    (gained, lost), (won, gone) = (
        [np.array(proportion_confint(n, 400, method="wilson")) - n / 400 for n in (gains, losses)],
        (gains / 400, losses / 400),
    )
    alike = -np.sqrt(won * gone / ((1 - won) * (1 - gone)))
    down = np.sqrt(gained[0] ** 2 + lost[1] ** 2 - 2 * alike * -gained[0] * lost[1])
    up = np.sqrt(gained[1] ** 2 + lost[0] ** 2 - 2 * alike * gained[1] * -lost[0])
    verified(
        "Interval of a paired difference, independent images",
        "Newcombe 1998 of statsmodels' Wilson intervals; ours has t in place of z",
        ends,
        [won - gone - down, won - gone + up],
        tolerance=2e-3,
    )
    assert ends[0] < won - gone < ends[1]  # what is the same here is not the same for ever


def test_what_is_always_better_is_shown_to_be():
    gain, loss = gains_and_losses(np.ones((20, 1)), np.zeros((20, 1)))
    every = np.ones((20, 1))
    one, other = (shares(part, every) for part in (gain, loss))
    found = difference_interval(one, other, np.arange(20), 0.95)
    assert 0.6 < found.low[0] < 1 == found.high[0] and found.method == "Newcombe"


def test_groups_that_share_their_patients_are_compared_within_them():
    patients = np.repeat(np.arange(30), 2)
    level = np.random.default_rng(0).normal(0, 10, 30)[patients]
    values = (level + np.random.default_rng(1).normal(size=60))[:, None]
    known, first = np.ones_like(values, dtype=bool), np.arange(60) % 2 == 0
    low, high, _ = student_interval(group_difference(values, known, first), patients, 0.95)
    paired = values[first] - values[~first]
    peer = stats.t.interval(0.95, 29, paired.mean(), stats.sem(paired[:, 0]))
    assert (low[0], high[0]) == pytest.approx(peer, abs=0.1 * (peer[1] - peer[0]))


def test_too_few_patients_have_no_interval():
    for least, made in (
        (FEWEST, lambda n: Interval(*share(np.arange(n) > 0, np.arange(n)), "Wilson")),
        (
            FEWEST,
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
        assert np.isnan([made(least - 1).low, made(least - 1).high]).all()
        assert np.isfinite([made(least).low, made(least).high]).all()


def test_what_is_the_same_whoever_is_drawn_has_no_interval():
    values = np.full((12, 1), 0.1) * 3
    found = student_interval(means(values, np.ones_like(values)), np.arange(12), 0.95)
    assert np.isnan([found.low, found.high]).all() and found.method == "Student"


def test_of_nothing_there_is_nothing():
    empty = np.empty((0, 2))
    found = shares(empty, empty.astype(bool))
    assert np.isnan(found.value).all()
    assert np.isnan(score_interval(found, np.empty(0, dtype=np.intp), 0.95).low).all()


def test_patients_are_counted_once():
    members = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=bool)
    assert patients_with(members, np.array([0, 0, 1, 2])).tolist() == [2, 1]


def test_a_p_value_is_the_level_whose_interval_ends_at_zero():
    rng = np.random.default_rng(4)
    clusters = np.repeat(np.arange(30), 3)
    first = np.arange(90) % 2 == 0
    numbers = rng.standard_normal((90, 6)) + 0.3 * first[:, None]
    apart = group_difference(numbers, np.ones_like(numbers, dtype=bool), first)
    found = student_test(apart, clusters)

    def nearest(p: float, k: int) -> float:
        low, high, _ = student_interval(apart, clusters, 1 - p)
        return float(low[k] if apart.value[k] > 0 else high[k])

    expected = [brentq(nearest, 1e-9, 1 - 1e-9, args=(k,), xtol=1e-12) for k in range(6)]
    verified(
        "p of the effect of a cause",
        "where its interval ends at 0, by bisection",
        found,
        expected,
        tolerance=1e-8,
    )
    assert ((found > 0) & (found < 1)).all()


def test_what_nobody_changes_has_a_p_value_of_one():
    outcomes, groups = np.ones((40, 1)), np.arange(40) % 2
    same = class_mean(outcomes, groups)
    assert student_test(same.minus(same), np.arange(40)).tolist() == [1]


@pytest.mark.parametrize(("one", "other"), [(5, 45), (2, 8), (30, 30)])
def test_of_two_means_degrees_of_freedom_over_strata_are_welchs(one, other):
    draws = np.random.default_rng(one)
    numbers = draws.normal(size=one + other) * np.where(np.arange(one + other) < one, 3, 1)
    first = np.arange(one + other) < one
    made = group_difference(numbers[:, None], np.ones((one + other, 1), bool), first)
    strata = np.stack([first, ~first], axis=1)[:, :, None]
    found = _freedom(made.influences, strata, np.arange(one + other))
    welch = stats.ttest_ind(numbers[first], numbers[~first], equal_var=False).df
    assert found == pytest.approx([welch])


def test_strata_of_few_patients_widen_an_interval_and_one_of_all_does_not():
    draws = np.random.default_rng(0)
    outcomes, members = draws.random((60, 1)) < 0.7, np.ones((60, 1), bool)
    made, clusters = shares(outcomes, members), np.arange(60)
    few = (np.arange(60) < 4)[:, None]
    whole = score_interval(made, clusters, 0.95)
    same = score_interval(replace(made, strata=members[:, None]), clusters, 0.95)
    strata = np.stack([few, ~few], axis=1)
    wider = score_interval(replace(made, strata=strata), clusters, 0.95)
    assert np.array(same[:2]) == pytest.approx(np.array(whole[:2]))
    assert wider.low[0] < whole.low[0] and wider.high[0] > whole.high[0]
