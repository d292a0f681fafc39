import numpy as np
import pytest
from scipy import stats

from benchmarks import level
from dermxai.metrics import association
from dermxai.metrics.association import p_values, scores


def centred(*columns) -> np.ndarray:
    return np.column_stack([scores(column, ranked=True) for column in columns])


def unequal(patients: int, rng: np.random.Generator) -> np.ndarray:
    """Patient of each image; from 1 to 12 images each."""
    return np.repeat(np.arange(patients), rng.permutation(np.arange(patients) % 12 + 1))


def test_of_one_image_a_patient_it_is_the_ordinary_permutation_test():
    """Every assignment of 5 of 12 counted, with ties."""
    values = np.array([1, 1, 2, 3, 3, 3, 4, 6, 7, 7, 9, 12.0])
    group = np.isin(np.arange(12), (4, 7, 8, 10, 11))
    found = p_values(centred(values), group, np.arange(12), draws=20_000)
    peer = stats.permutation_test(
        (values[group], values[~group]),
        lambda a, b: abs(stats.mannwhitneyu(a, b).statistic - 17.5),
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert found[0] == pytest.approx(peer, abs=4 * np.sqrt(peer / 20_000))
    assert 0.001 < peer < 0.1


def test_of_equal_patients_all_that_could_be_exchanged_is_counted():
    """Six patients of two images, groups alike within: 20 ways to choose the three patients."""
    patient = np.repeat(np.arange(6), 2)
    values = np.array([1, 2, 3, 4, 5, 9.0])
    column = scores(values[patient], ranked=False)[:, None]
    (found,) = p_values(column, patient > 2, patient, draws=20_000)
    assert found == pytest.approx(2 / 20, abs=0.01)  # the highest three, or the lowest
    (found,) = p_values(column, np.isin(patient, (2, 4, 5)), patient, draws=20_000)
    assert found == pytest.approx(4 / 20, abs=0.012)  # 17 of 24, or 18, or as low


def test_groups_in_every_patient_are_compared_within_them():
    """Each patient has one image of each group, the first a little higher."""
    patient = np.tile(np.arange(12), 2)
    group = np.arange(24) < 12
    values = np.random.default_rng(0).normal(0, 10, 12)[patient] + group
    assert p_values(scores(values, ranked=False)[:, None], group, patient, 4000)[0] < 0.002


def test_the_variance_is_that_of_groups_drawn_with_the_same_correlation():
    """Of many beta-binomial draws, the moments come out on average, and the urn makes these."""
    rng = np.random.default_rng(0)
    sizes = np.sort(rng.integers(1, 13, 60)).astype(float)[::-1]
    share, correlation = 0.3, 0.4
    nodes = tuple(np.array([each]) for each in (share, 1 / correlation - 1, 1.0))
    groups, counts = association._urn(sizes, nodes, 4000, rng)
    np.testing.assert_allclose(groups.sum(axis=1), counts.sum(axis=1))
    of_image, of_pair = association._moments(counts, sizes)
    assert of_image.mean() == pytest.approx(share * (1 - share), rel=0.01)
    assert of_pair.mean() == pytest.approx(correlation * share * (1 - share), rel=0.03)
    largest = stats.betabinom(12, share * 1.5, (1 - share) * 1.5)
    expected = 4000 * (sizes == 12).sum() * largest.pmf(np.arange(13))
    seen = np.bincount(counts[:, sizes == 12].ravel().astype(int), minlength=13)
    assert stats.chisquare(seen, expected).pvalue > 0.001


def test_the_posterior_is_scipys():
    rng = np.random.default_rng(1)
    sizes = np.sort(rng.integers(1, 9, 30)).astype(float)[::-1]
    held = np.floor(rng.random(30) * (sizes + 1))
    shares, strengths, weights = association._posterior(held, sizes)
    logs = [
        stats.betabinom.logpmf(held, sizes, strength * share, strength * (1 - share)).sum()
        for share, strength in zip(shares, strengths, strict=True)
    ]
    expected = np.exp(np.array(logs) - max(logs))
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-6, atol=1e-12)


def test_a_column_that_follows_the_number_of_images_is_found_where_errors_follow_it_too():
    rng = np.random.default_rng(2)
    patient = unequal(60, rng)
    size = np.bincount(patient)[patient]
    wrong = rng.random(patient.size) < size / 20
    assert p_values(centred(size), wrong, patient)[0] < 0.01


def test_a_patient_alone_is_no_evidence():
    """One patient of 30 has a third of the images and all of the value, and half of its errors."""
    rng = np.random.default_rng(3)
    patient = np.concatenate([np.zeros(40, int), np.repeat(np.arange(1, 30), 3)])
    wrong = rng.random(127) < 0.25
    wrong[:40] = np.arange(40) % 2
    column = scores(patient == 0, ranked=False)[:, None]
    assert p_values(column, wrong, patient)[0] > 0.02
    assert stats.fisher_exact([[20, 20], [wrong[40:].sum(), 87 - wrong[40:].sum()]]).pvalue < 0.02


def test_order_and_names_of_patients_do_not_matter():
    rng = np.random.default_rng(4)
    patient, values = unequal(30, rng), rng.normal(size=30)
    group, column = rng.random(patient.size) < 0.4, values[patient] + rng.normal(size=patient.size)
    order, names = rng.permutation(patient.size), rng.permutation(30)
    (one,) = p_values(centred(column), group, patient, 4000)
    (other,) = p_values(centred(column[order]), group[order], names[patient][order], 4000)
    assert one == pytest.approx(other, abs=0.035)


@pytest.mark.parametrize(
    ("cell", "old"),
    [
        (level.Cell(40, "heavy-tailed", 0, 0.4), 0.12),
        (level.Cell(40, "heavy-tailed", 0.8, 0.08), 0.15),
        (level.Cell(60, "Poisson", 0.3, 0.2), 0.0),
    ],
)
def test_tests_hold_their_level(cell, old):
    """A quick part of `benchmarks.level`: 400 sets a cell, four standard errors either way."""
    found = level.false_positives(cell, 400)
    assert (found < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)).all()
    assert found[:-1].mean() == pytest.approx(0.05, abs=0.02)
    rejected = [
        level.exchanged(level.columns(patient, rng)[:, :1], group, patient, seed)[0] <= 0.05
        for patient, group, rng, seed in level.sets(cell, 400, 1)
    ]
    assert np.mean(rejected) >= old


def test_effects_are_found_as_often_as_by_exchange_where_that_is_valid():
    ours, other = level.power(level.Cell(40, "equal", 0.8, 0.4), 150)
    np.testing.assert_allclose(ours, other, atol=0.06)
    assert ours[0] > 0.7


def test_with_effects_mixed_in_few_discoveries_are_false():
    false, found = level.false_discoveries(level.Cell(150, "heavy-tailed", 0.8, 0.4), 150)
    assert false < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 150) and found > 0.5


def test_clustering_holds_its_level_where_patients_have_unequal_numbers_of_images():
    (found,) = level.gathers(level.Cell(40, "heavy-tailed", 0, 0.4), 300)
    assert 0.01 < found < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)
