import numpy as np
import pytest
from scipy import stats

from dermxai.metrics.clustering import clustering


def test_errors_of_one_patient_are_clustered():
    units = np.repeat([f"p{i}" for i in range(20)], 5)
    found = clustering(np.arange(100) < 10, units)
    assert (found.units, found.of, found.most_errors, found.most_images) == (2, 20, 5, 5)
    assert found.pairs == 20 and found.p < 0.001


def test_errors_at_random_do_not_and_pairs_are_as_many_as_expected():
    units, rng = np.repeat(np.arange(30), 4), np.random.default_rng(0)
    found = [clustering(rng.permutation(120) < 24, units, draws=300) for _ in range(200)]
    assert np.mean([each.pairs for each in found]) == pytest.approx(found[0].expected, rel=0.05)
    p = np.array([each.p for each in found])
    assert 0.3 < np.mean(p < 0.5) < 0.55  # counts are coarse, p-values therefore rather large


def test_two_patients_are_the_hypergeometric_distribution():
    wrong = np.array([True] * 4 + [False] * 2 + [True] + [False] * 5)
    found = clustering(wrong, ["a"] * 6 + ["b"] * 6, draws=20_000)
    in_a = stats.hypergeom(12, 6, 5)
    exact = sum(in_a.pmf(k) for k in range(6) if k * (k - 1) + (5 - k) * (4 - k) >= 12)
    assert found.p == pytest.approx(exact, abs=0.015)


@pytest.mark.parametrize(
    ("wrong", "units"),
    [
        ([True, False], ["a", "b"]),
        ([False] * 3, "aab"),
        ([True] * 3, "aab"),
        ([True], ["a"]),
        ([True, False], "aa"),
    ],
)
def test_where_nothing_can_gather_there_is_no_p(wrong, units):
    assert np.isnan(clustering(wrong, list(units)).p)
