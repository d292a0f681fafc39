"""Coefficients of agreement against statsmodels, scikit-learn, printed results and definitions."""

from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from dermxai.metrics.rater_agreement import (
    Band,
    Scale,
    ac1,
    band,
    brennan_prediger,
    cohen,
    coincidences,
    conger,
    conger_statistics,
    difference,
    estimated,
    fleiss,
    fleiss_kappa,
    fleiss_statistics,
    gwet_ac1,
    kappa,
    krippendorff,
    linear_weights,
    pair_statistics,
    paired_difference,
)
from tests.metrics.mrmc.published import compared, table

TABLE = np.array([[20, 3, 1], [4, 15, 6], [0, 5, 11]])
ALONE = np.arange(1000)


def counted(name: str) -> np.ndarray:
    """(k, k) of one of the published tables."""
    rows = table("kappa_tables")
    rows = rows[rows["table"] == name]
    size = int(rows["row"].max())
    made = np.zeros((size, size))
    made[rows["row"] - 1, rows["col"] - 1] = rows["count"]
    return made


def answers(seed: int, n: int = 60, raters: int = 4, classes: int = 3) -> np.ndarray:
    """(raters, n) answers that agree more often than chance."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    random = rng.integers(0, classes, (raters, n))
    return np.where(rng.random((raters, n)) < 0.6, truth, random)


def ratings(given: np.ndarray, classes: int = 3) -> np.ndarray:
    """(n, k) how many raters gave each answer."""
    return (given[:, :, None] == np.arange(classes)).sum(axis=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_cohen_is_as_statsmodels_has_it(weighted: bool) -> None:
    weights = linear_weights(3) if weighted else None
    found = cohen(TABLE, weights)
    theirs = inter_rater.cohens_kappa(TABLE, wt="linear" if weighted else None)
    assert found.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert found.error == pytest.approx(theirs.std_kappa, abs=1e-12)
    assert found.null_error == pytest.approx(theirs.std_kappa0, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp), abs=1e-6)


def test_fleiss_is_as_statsmodels_has_it() -> None:
    given = ratings(answers(1))
    found = fleiss_kappa(given)
    assert found.value == pytest.approx(inter_rater.fleiss_kappa(given), abs=1e-12)
    assert 0.1 < found.value < 0.9
    assert float(fleiss(fleiss_statistics(given).sum(axis=0))) == pytest.approx(found.value)


def test_statistics_add_up_to_the_same_kappa() -> None:
    one, other = answers(2, raters=2)
    summed = pair_statistics(one, other, 3).sum(axis=0)
    assert float(kappa(summed)) == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)
    one[:5] = -1  # not answered
    summed = pair_statistics(one, other, 3).sum(axis=0)
    assert float(kappa(summed)) == pytest.approx(cohen_kappa_score(one[5:], other[5:]), abs=1e-12)


@pytest.mark.parametrize("scale", list(Scale))
def test_alpha_is_as_defined(scale: Scale) -> None:
    """One less observed by expected squared difference, over all pairs of answers."""
    given = answers(3).astype(float)
    given[np.random.default_rng(3).random(given.shape) < 0.2] = np.nan
    kept = given[:, (np.isfinite(given).sum(axis=0) > 1)]
    values = kept[np.isfinite(kept)]

    def apart(a: float, b: float) -> float:
        if scale is Scale.NOMINAL:
            return float(a != b)
        if scale is Scale.ORDINAL:
            low, high = min(a, b), max(a, b)
            between = ((values >= low) & (values <= high)).sum()
            return float((between - ((values == a).sum() + (values == b).sum()) / 2) ** 2)
        return (a - b) ** 2 / (1 if scale is Scale.INTERVAL else (a + b + 2) ** 2)

    seen = 0.0
    for column in kept.T:
        known = column[np.isfinite(column)]
        seen += sum(2 * apart(a, b) for a, b in combinations(known, 2)) / (known.size - 1)
    expected = sum(2 * apart(a, b) for a, b in combinations(values, 2)) / (values.size - 1)
    found = krippendorff(scale)(coincidences(ratings(given)).sum(axis=0))
    assert float(found) == pytest.approx(1 - seen / expected, abs=1e-12)


def test_the_jackknife_of_independent_cases_is_near_the_analytic_error() -> None:
    one, other = answers(4, n=400, raters=2)
    table_ = np.zeros((3, 3))
    np.add.at(table_, (one, other), 1)
    analytic = cohen(table_)
    found = estimated(pair_statistics(one, other, 3), kappa, np.arange(400))
    assert found.value == pytest.approx(analytic.value)
    assert found.error == pytest.approx(analytic.error, rel=0.02)
    assert (found.low, found.high) == pytest.approx((analytic.low, analytic.high), abs=0.01)

    given = ratings(answers(5, n=300))
    several = estimated(fleiss_statistics(given), fleiss, np.arange(300))
    assert several.error == pytest.approx(fleiss_kappa(given).error, rel=0.02)


def test_cases_of_one_patient_count_once() -> None:
    one, other = answers(6, n=80, raters=2)
    statistics = pair_statistics(one, other, 3)
    alone = estimated(statistics, kappa, np.arange(80))
    twice = estimated(np.tile(statistics, (2, 1)), kappa, np.tile(np.arange(80), 2))
    assert twice.error == pytest.approx(alone.error, rel=1e-9)
    assert twice.low == pytest.approx(alone.low, rel=1e-9)
    wrongly = estimated(np.tile(statistics, (2, 1)), kappa, np.arange(160))
    assert wrongly.error < 0.8 * alone.error


def test_too_few_patients_have_no_interval() -> None:
    one, other = answers(7, n=80, raters=2)
    found = estimated(pair_statistics(one, other, 3), kappa, np.arange(80) % 4)
    assert np.isfinite(found.value)
    assert np.isnan([found.error, found.low, found.high]).all()


def test_answers_that_are_all_the_same_have_no_kappa() -> None:
    same = np.zeros(20, int)
    found = estimated(pair_statistics(same, same, 3), kappa, np.arange(20))
    assert np.isnan(found.value)
    assert np.isnan(cohen([[20, 0], [0, 0]]).value)
    assert np.isnan(fleiss_kappa([[4, 0]] * 6).value)
    assert band(np.nan) is None


def test_perfect_agreement_has_no_upper_end_beyond_one() -> None:
    one = np.arange(30) % 3
    found = estimated(pair_statistics(one, one, 3), kappa, np.arange(30))
    assert found.value == 1
    assert np.isnan(found.low)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.39, Band.POOR), (0.40, Band.MODERATE), (0.75, Band.MODERATE), (0.7501, Band.GOOD)],
)
def test_bands_end_where_the_paper_says(value: float, expected: Band) -> None:
    assert band(value) is expected


def test_the_paired_difference_knows_that_cases_are_shared() -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 2, 150)
    hard = rng.random(150) < 0.3  # both err on the same cases
    one = np.where(hard & (rng.random(150) < 0.7), 1 - truth, truth)
    other = np.where(hard & (rng.random(150) < 0.9), 1 - truth, truth)
    first, second = (pair_statistics(truth, each, 2) for each in (one, other))
    paired = paired_difference(first[None], second[None], kappa, np.arange(150))
    tables = [np.histogram2d(truth, each, bins=2)[0] for each in (one, other)]
    separate = difference(*map(cohen, tables))
    assert paired.value == pytest.approx(separate.value)
    assert paired.high - paired.low < separate.high - separate.low
    assert paired.p < separate.p
    nothing = paired_difference(first[None], first[None], kappa, np.arange(150))
    assert (nothing.value, nothing.p) == (0, 1)
    several = paired_difference(np.stack([first, second]), second[None], kappa, np.arange(150))
    assert several.value == pytest.approx(paired.value / 2)


@pytest.mark.parametrize(
    ("name", "analysis", "weighted", "numbers"),
    [
        ("sas3x3", "Cohen kappa", False, 7),
        ("sas3x3", "weighted kappa, linear", True, 7),
        ("fce1969", "Cohen kappa (Fleiss, Cohen & Everitt 1969)", False, 2),
        ("skin", "weighted kappa linear", True, 4),
        ("ms_winnipeg", "Cohen kappa (Landis & Koch 1977 MS data)", False, 2),
        ("ms_winnipeg", "linear weighted kappa", True, 2),
        ("ms_neworleans", "Cohen kappa", False, 2),
        ("ms_neworleans", "linear weighted kappa", True, 2),
        ("irrcac3x3", "Cohen kappa (Gwet)", False, 2),
    ],
)
def test_two_raters_are_as_printed(name: str, analysis: str, weighted: bool, numbers: int) -> None:
    counts = counted(name)
    found = cohen(counts, linear_weights(len(counts)) if weighted else None)
    z = found.value / found.null_error
    told = {
        "kappa": found.value,
        "ASE": found.error,
        "var": found.error**2,
        "lo": found.low,
        "hi": found.high,
        "ASE0": found.null_error,
        "z": z,
        "p": 2 * ndtr(-z),
    }
    assert compared(f"kappa_tables:{name}", analysis, told) == numbers


def test_kappas_of_independent_studies_are_as_printed() -> None:
    one, other = (cohen(counted(f"ms_{name}")) for name in ("winnipeg", "neworleans"))
    found = difference(one, other)
    error = (found.high - found.low) / 2 / 1.959963984540054
    told = {
        "diff": found.value,
        "z": found.value / error,
        "chi2(1)": (found.value / error) ** 2,
        "p": found.p,
    }
    assert compared("kappa_tables:ms_*", "two independent kappas", told) == 4


def test_several_raters_are_as_printed() -> None:
    counts = table("fleiss1971_counts").drop(columns="subject").to_numpy()
    found = fleiss_kappa(counts)
    told = {"kappa": found.value, "z": found.value / found.null_error}
    assert compared("fleiss1971", "Fleiss kappa", told) == 2
    told = {
        "se0 (Fleiss-Nee-Landis 1979)": found.null_error,
        "se non-null (Gwet/delta, n-1)": found.error,
    }
    assert compared("fleiss1971", "Fleiss kappa details", told, all_of_it=False) == 2

    few = fleiss_kappa(counts[:15])
    alpha = krippendorff()(coincidences(counts[:15]).sum(axis=0))
    gwet = gwet_ac1(counts[:15])
    told = {
        "Fleiss": few.value,
        "Fleiss se": few.error,
        "alpha nominal": float(alpha),
        "AC1": gwet.value,
        "AC1 se": gwet.error,
    }
    of = "AC1, Fleiss, Krippendorff"
    assert compared("fleiss1971 (first 15 rows = distrib.6raters)", of, told, all_of_it=False) == 5

    wikipedia = table("fleiss_wikipedia").drop(columns="subject").to_numpy()
    of = "Fleiss kappa 10 subjects x 14 raters"
    assert compared("fleiss_wikipedia", of, {"kappa": fleiss_kappa(wikipedia).value}) == 1


def test_missing_ratings_are_as_printed() -> None:
    rows = table("krippendorff_12x4")
    counts = rows.groupby(["unit", "rating"]).size().unstack(fill_value=0).to_numpy()
    alphas = {
        str(scale): float(krippendorff(scale)(coincidences(counts).sum(axis=0))) for scale in Scale
    }
    name = "krippendorff_12x4"
    assert compared(name, "Krippendorff alpha", alphas) == 3
    assert compared(name, "Krippendorff alpha nominal", alphas) == 1
    of = "Krippendorff alpha interval (0.849 in the 2011 text, remembered)"
    assert compared(name, of, alphas) == 1
    found = fleiss_kappa(counts)
    assert found.value == pytest.approx(0.76117, abs=5e-6)
    assert found.error == pytest.approx(0.15302, abs=5e-6)
    assert np.isnan(found.null_error)
    gwet = gwet_ac1(counts)
    whole = "krippendorff_12x4 (= cac.raw4raters)"
    told = {"AC1": gwet.value, "AC1 se": gwet.error}
    assert compared(whole, "Gwet AC1 with missing ratings", told, all_of_it=False) == 2
    wide = rows.pivot(index="rater", columns="unit", values="rating").fillna(0).astype(int)
    summed = conger_statistics(wide.to_numpy() - 1, counts.shape[1]).sum(axis=0)
    assert float(conger(len(wide))(summed)) == pytest.approx(0.76282, abs=5e-6)


def test_two_raters_of_irrcac_are_as_printed() -> None:
    """Every cell of the table as so many cases of two raters."""
    cells = counted("irrcac3x3").astype(int)
    one, other = (np.repeat(of.ravel(), cells.ravel()) for of in np.indices(cells.shape))
    counts = ratings(np.stack([one, other]))
    summed = fleiss_statistics(counts).sum(axis=0)
    gwet, pi = gwet_ac1(counts), fleiss_kappa(counts)
    told = {
        "AC1": gwet.value,
        "Scott pi": pi.value,
        "Brennan-Prediger": float(brennan_prediger(summed)),
        "alpha": float(krippendorff()(coincidences(counts).sum(axis=0))),
    }
    assert compared("kappa_tables:irrcac3x3", "other coefficients", told, all_of_it=False) == 4
    of_n = np.sqrt(1 - 1 / cells.sum())  # tables of two raters are by n there, not by n - 1
    assert gwet.error * of_n == pytest.approx(0.04321747, abs=5e-9)
    assert pi.error * of_n == pytest.approx(0.05905473, abs=5e-9)
    assert float(ac1(summed)) == gwet.value
    of_two = conger_statistics(np.stack([one, other]), 3).sum(axis=0)
    assert float(conger(2)(of_two)) == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_congers_kappa_is_of_the_mean_pair(seed: int) -> None:
    """The definition: agreement and agreement by chance, each the mean of all pairs of raters."""
    given = answers(seed)
    given[1] = np.where(given[1] == 2, 0, given[1])  # an own frequency of answers
    seen, chance = [], []
    for one, other in combinations(given, 2):
        seen.append((one == other).mean())
        chance.append(sum((one == each).mean() * (other == each).mean() for each in range(3)))
    expected = (np.mean(seen) - np.mean(chance)) / (1 - np.mean(chance))
    found = float(conger(4)(conger_statistics(given, 3).sum(axis=0)))
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0.05 < found < 0.9


def test_coefficients_of_nothing_and_of_one_rater_are_undefined() -> None:
    nothing = np.full((3, 6), -1)
    with np.errstate(all="raise"):
        assert np.isnan(conger(3)(conger_statistics(nothing, 3).sum(axis=0)))
        assert np.isnan(ac1(fleiss_statistics(ratings(nothing)).sum(axis=0)))
        assert np.isnan(brennan_prediger(fleiss_statistics(ratings(nothing)).sum(axis=0)))
        assert np.isnan(gwet_ac1(ratings(nothing)).value)
        assert np.isnan(fleiss_kappa(ratings(nothing)).value)
        assert np.isnan(conger(1)(conger_statistics(nothing[:1], 3).sum(axis=0)))


def test_raters_who_never_agree_have_a_coefficient_without_an_interval() -> None:
    answers = np.arange(20) % 2
    statistics = pair_statistics(answers, 1 - answers, 2)
    found = estimated(statistics, kappa, np.arange(20))
    assert found.value == -1
    assert np.isnan([found.low, found.high]).all()
