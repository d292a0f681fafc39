"""Paired tests against statsmodels, published values and the definitions written out."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from dermxai.metrics import paired
from dermxai.metrics.delong import areas, mean_area
from dermxai.metrics.intervals import FEWEST, Estimates, student_interval
from dermxai.metrics.multiplicity import holm
from tests.verification import verified

P = "p of a difference between models"
LEVEL = 0.95
# DeLong et al. 1988: 43 patients with ovarian cancer; albumin and total protein in 0.1 g, the
# Krebs-Goplerud score, and whose surgery was a success
ALBUMIN = """
30 32 39 28 32 9 25 16 38 37 32 38 41 36 43 36 23 42 40 35 38 30 45 37 31 41 43 43
32 26 33 17 37 33 42 35 29 21 28 40 33 37 36
"""
PROTEIN = """
58 63 68 48 58 40 57 56 57 67 54 66 66 57 70 67 44 76 66 58 68 47 74 74 66 82 70 65
51 47 68 40 61 63 77 62 57 48 62 70 57 69 66
"""
KREBS = """
0 5 7 4 7 5 2 5 5 4 6 4 5 5 6 6 4 6 4 4 3 2 5 5 4 4 5 6 5 4 4 3 5 3 4 5 1 3 2 3 4 5
5
"""
SUCCESS = np.array(list("0110100111111110100110111111110011110101111")) == "1"


def numbers(text: str) -> np.ndarray:
    return np.array(text.split(), dtype=float)[:, None]


def z_of(first: Estimates, second: Estimates, clusters: np.ndarray) -> float:
    """Difference over standard error, from p by Student's t."""
    apart = replace(first.minus(second), step=0.0)
    low, high, _ = student_interval(apart, clusters, LEVEL)
    (p,) = paired.delong(first, second, clusters)

    # two equations, of p and of the interval, for degrees of freedom and standard error
    def off(freedom: float) -> float:
        error = (high[0] - low[0]) / 2 / stats.t.ppf((1 + LEVEL) / 2, freedom)
        return float(2 * stats.t.sf(abs(apart.value[0]) / error, freedom) - p)

    freedom = optimize.brentq(off, 1.01, 1e6)
    error = (high[0] - low[0]) / 2 / stats.t.ppf((1 + LEVEL) / 2, freedom)
    return float(apart.value[0] / error)


@pytest.mark.parametrize(
    ("other", "published"), [(ALBUMIN, 0.1127782690), (PROTEIN, -0.7452183897)]
)
def test_areas_of_independent_images_are_compared_as_delong_did(
    other: str, published: float
) -> None:
    positive, clusters = SUCCESS[:, None], np.arange(SUCCESS.size)
    first, second = (areas(positive, numbers(text)) for text in (other, KREBS))
    verified(
        P,
        "DeLong et al. 1988, ovarian cancer: z as the SAS/STAT documentation has it",
        z_of(first, second, clusters),
        published,
        tolerance=1e-6,
    )


def obuchowski(positive: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> float:
    """z of two areas, Obuchowski 1997, from every pair of images, but for the factors of small
    numbers, which `intervals` has in another form."""
    up, down = scores[positive], scores[~positive]
    wins = (up[:, None] > down[None]) + (up[:, None] == down[None]) / 2  # (m, n, 2)
    wins = wins[..., 0] - wins[..., 1]
    value = wins.mean()
    sums = np.zeros(patient.max() + 1)
    np.add.at(sums, patient[positive], (wins.mean(axis=1) - value) / len(up))
    np.add.at(sums, patient[~positive], (wins.mean(axis=0) - value) / len(down))
    return float(value / np.sqrt((sums**2).sum()))


def test_areas_of_patients_are_compared_as_obuchowski_did() -> None:
    rng = np.random.default_rng(3)
    patient = np.repeat(np.arange(600), rng.integers(1, 7, 600))
    positive = rng.random(600)[patient] < 0.4
    noise = rng.normal(size=(600, 2))[patient] + rng.normal(size=(patient.size, 2))
    scores = noise + positive[:, None] * (1.3, 1.0)
    found = z_of(*(areas(positive[:, None], each[:, None]) for each in scores.T), patient)
    expected = obuchowski(positive, scores, patient)
    assert abs(expected) > 0.3
    verified(
        P,
        "Obuchowski 1997 written out over all pairs of images; ours shrinks the variance",
        found,
        expected,
        tolerance=0.05,
    )


def test_of_one_image_a_patient_it_is_mcnemars_exact_test() -> None:
    rng = np.random.default_rng(1)
    for gains, losses in ((5, 1), (40, 25), (3, 15)):
        first, second = np.zeros((2, 300), dtype=bool)
        first[:gains] = second[gains : gains + losses] = True
        first[200:] = second[200:] = True
        table = np.array([[(first & second).sum(), (first & ~second).sum()],
                          [(~first & second).sum(), (~first & ~second).sum()]])  # fmt: skip
        found = paired.mcnemar(
            first[:, None], second[:, None], np.ones((300, 1)), rng.permutation(300)
        )
        verified(
            P,
            "statsmodels mcnemar(exact=True), one image a patient",
            found,
            [statsmodels_mcnemar(table, exact=True).pvalue],
            tolerance=1e-12,
        )


def by_all_signs(net: np.ndarray) -> float:
    signs = np.array(list(itertools.product((-1, 1), repeat=net.size)))
    return float((np.abs(signs @ net) >= abs(net.sum()) - 1e-12).mean())


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
def test_of_patients_it_counts_all_assignments_of_signs(changes: list[tuple[int, int]]) -> None:
    """Each patient has so many images that the first alone has right, and so many that the second
    alone has right."""
    patient = np.repeat(np.arange(len(changes)), [sum(each) for each in changes])
    first = np.concatenate([[True] * gain + [False] * loss for gain, loss in changes])
    first = first.astype(bool)[:, None]
    net = np.array([gain - loss for gain, loss in changes])
    found = paired.mcnemar(first, ~first, np.ones_like(first), patient)
    if not first.size:
        assert np.isnan(found).all()
        return
    assert found == pytest.approx(by_all_signs(net), abs=1e-12)
    drawn = paired.exchanged(first * 1.0 - ~first, patient)
    assert drawn == pytest.approx(by_all_signs(net), abs=0.03)


def test_many_patients_are_normal_and_soon_done(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(700), 3)
    first = rng.random((2100, 1)) < 0.7
    second = np.where(rng.random((2100, 1)) < 0.2, rng.random((2100, 1)) < 0.62, first)
    asked = first, second, np.ones_like(first), patient
    exact, drawn = paired.mcnemar(*asked), paired.exchanged(first * 1.0 - second, patient)
    assert drawn == pytest.approx(exact, abs=0.02)
    monkeypatch.setattr(paired, "_MOST_EXACT", 1)
    monkeypatch.setattr(paired, "_MOST_DRAWN", 1)
    assert paired.mcnemar(*asked) == pytest.approx(exact, abs=0.02)
    assert paired.exchanged(first * 1.0 - second, patient) == pytest.approx(exact, abs=0.02)
    assert 0.001 < exact < 0.9


@settings(max_examples=8)
@given(
    st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=15).filter(
        lambda each: not all(map(np.isnan, each))
    )
)
def test_holm_is_as_statsmodels_says_of_what_is_defined(p: list[float]) -> None:
    values = np.array(p)
    known = np.isfinite(values)
    expected = np.full(values.size, np.nan)
    expected[known] = multipletests(values[known], method="holm")[1]
    np.testing.assert_allclose(holm(values), expected, atol=1e-14)
    np.testing.assert_allclose(holm(np.stack([values, values[::-1]]))[1], holm(p[::-1]))


def test_holm_of_random_values() -> None:
    p = np.random.default_rng(2).random(15) ** 3
    verified(
        "p of a difference between models, adjusted",
        "statsmodels multipletests(method='holm')",
        holm(p),
        multipletests(p, method="holm")[1],
        tolerance=1e-14,
    )


def test_degenerate_decisions() -> None:
    ones, clusters = np.ones((40, 1), dtype=bool), np.arange(40) // 4
    rng = np.random.default_rng(0)
    some = rng.random((40, 1)) < 0.5
    assert paired.mcnemar(some, some, ones, clusters) == 1, "the same"
    assert paired.exchanged(np.zeros((40, 1)), clusters) == 1
    assert paired.mcnemar(ones, ~ones, ones, np.zeros(40, dtype=np.intp)) == 1, "one patient"
    assert paired.exchanged(ones * 1.0, np.zeros(40, dtype=np.intp)) == 1
    always = paired.mcnemar(ones, ~ones, ones, clusters)
    assert always == pytest.approx(2 * 0.5**10), "right for all ten patients"
    assert np.isnan(paired.mcnemar(ones, ones, ~ones, clusters)).all(), "no image counts"
    assert np.isnan(paired.exchanged(np.full((40, 1), np.nan), clusters)).all()


def test_degenerate_areas() -> None:
    clusters, positive = np.arange(40), (np.arange(40) % 2 == 0)[:, None]
    scores = np.random.default_rng(0).normal(size=(40, 1))
    one, tied = areas(positive, scores), areas(positive, np.zeros((40, 1)))
    assert paired.delong(one, one, clusters) == 1, "the same"
    assert paired.delong(one, areas(positive, np.exp(scores)), clusters) == 1, "the same order"
    assert 0 < paired.delong(one, tied, clusters)[0] < 1
    perfect = areas(positive, positive * 1.0)
    assert np.isnan(paired.delong(perfect, tied, clusters)).all(), "no patient varies it"
    assert paired.delong(perfect, areas(positive, positive * 2.0), clusters) == 1
    alone = areas(np.ones((40, 1), dtype=bool), scores)
    assert np.isnan(paired.delong(alone, alone, clusters)).all(), "one class"
    few = np.where(positive[:, 0], np.arange(40) % (FEWEST - 1), clusters)
    assert np.isnan(paired.delong(one, tied, few)).all()
    both = np.hstack([positive, ~positive])
    mean = [mean_area(both, np.hstack([each, -each])) for each in (scores, 0 * scores)]
    assert paired.delong(*mean, clusters) == pytest.approx(paired.delong(one, tied, clusters))
