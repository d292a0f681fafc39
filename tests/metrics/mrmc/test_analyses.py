"""Analyses of drawn studies: against each other, against definitions, and in other designs."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from dermxai.metrics.mrmc.device import against_device
from dermxai.metrics.mrmc.dorfman_berbaum_metz import dorfman_berbaum_metz
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import (
    Components,
    Convention,
    Generalises,
    complete,
    obuchowski_rockette,
)
from dermxai.metrics.mrmc.power import against_device_power, power
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.mrmc.roe_metz import STRUCTURES, drawn
from dermxai.metrics.mrmc.u_statistics import pooled


def study(seed: int, treatments: int = 2, readers: int = 4) -> Ratings:
    rng = np.random.default_rng(seed)
    return drawn(STRUCTURES["HH"], readers, 30, 40, rng, treatments=treatments)


def analysed(data: Ratings, convention: Convention | None = None):
    values = measured(data, Figure.AUC).figures
    errors = covariance(data, Figure.AUC, Covariance.JACKKNIFE)
    return obuchowski_rockette(values, errors, convention=convention or Convention())


@pytest.mark.parametrize("treatments", [2, 3])
def test_both_analyses_of_variance_agree(treatments: int) -> None:
    """Hillis et al. 2005: F of random readers, and of fixed cases, is the same."""
    data = study(1, treatments)
    one, other = analysed(data), dorfman_berbaum_metz(data, Figure.AUC)
    for to in (Generalises.BOTH, Generalises.READERS):
        here, there = one.to(to).test, other.tests[to]
        assert here.statistic == pytest.approx(there.statistic, rel=1e-9)
        assert here.denominator_freedom == pytest.approx(there.denominator_freedom, rel=1e-9)
        assert here.p == pytest.approx(there.p, rel=1e-9)
    raw = analysed(data, Convention(truncated=False)).to(Generalises.CASES).test
    fixed = other.tests[Generalises.CASES]
    assert raw.statistic / (treatments - 1) == pytest.approx(fixed.statistic, rel=1e-9)
    assert fixed.denominator_freedom == (treatments - 1) * 69


def test_fixed_cases_are_a_paired_t_test_of_readers() -> None:
    data = study(2)
    values = measured(data, Figure.AUC).figures
    expected = stats.ttest_rel(values[0], values[1])
    found = analysed(data).to(Generalises.READERS)
    assert found.test.p == pytest.approx(expected.pvalue, rel=1e-9)
    ends = expected.confidence_interval()
    assert (found.differences[0].low, found.differences[0].high) == pytest.approx(tuple(ends))


def test_readers_split_among_treatments_whose_cases_are_fixed_are_welchs_t_test() -> None:
    data = study(3, readers=7)
    scores = data.scores.copy()
    scores[0, 3:] = np.nan
    scores[1, :3] = np.nan
    found = analysed(Ratings(scores, data.diseased, data.clusters))
    assert found.nested
    assert found.readers == tuple(range(7))
    values = measured(data, Figure.AUC).figures
    expected = stats.ttest_ind(values[0, :3], values[1, 3:], equal_var=False)
    own = found.to(Generalises.READERS)
    assert own.differences[0].p == pytest.approx(expected.pvalue, rel=1e-9)
    assert own.test.p == pytest.approx(expected.pvalue, rel=1e-9)
    for to in Generalises:
        each = found.to(to)
        assert each.test.p == pytest.approx(each.differences[0].p, rel=1e-6)
    both = found.to(Generalises.BOTH).differences[0]
    assert both.error > own.differences[0].error
    assert both.value == pytest.approx(values[0, :3].mean() - values[1, 3:].mean())


def test_readers_who_lack_a_treatment_are_left_out_of_a_crossed_analysis() -> None:
    values = np.array([[0.7, 0.8, np.nan, 0.6], [0.8, np.nan, 0.7, 0.9]])
    np.testing.assert_array_equal(complete(values), [0, 3])
    errors = 0.001 * np.eye(8).reshape(2, 4, 2, 4)
    found = obuchowski_rockette(values, errors)
    assert found.readers == (0, 3)
    np.testing.assert_array_equal(found.figures, values[:, [0, 3]])
    with pytest.raises(ValueError, match="no reader"):
        obuchowski_rockette(np.full((2, 2), np.nan), np.zeros((2, 2, 2, 2)))


def test_one_reader_tells_of_cases_alone() -> None:
    found = analysed(study(4, readers=1))
    for to in (Generalises.BOTH, Generalises.READERS):
        assert np.isnan(found.to(to).test.p)
        assert np.isnan(found.to(to).differences[0].low)
    fixed = found.to(Generalises.CASES)
    assert 0 < fixed.test.p < 1
    assert fixed.by_reader[0].p == pytest.approx(fixed.test.p)


def test_one_treatment_has_means_and_no_test() -> None:
    found = analysed(study(5, treatments=1))
    for each in found.inferences:
        assert not each.differences
        assert np.isnan(each.test.p)
        assert each.means[0].low < each.means[0].value < each.means[0].high


def test_readers_who_are_all_alike_are_certain() -> None:
    """No spread at all: infinite degrees of freedom, no division by 0."""
    data = study(6, readers=3)
    scores = np.repeat(data.scores[:, :1], 3, axis=1)
    found = analysed(Ratings(scores, data.diseased, data.clusters))
    test = found.to(Generalises.BOTH).test
    assert np.isinf(test.denominator_freedom)
    assert 0 < test.p < 1
    assert np.isnan(found.to(Generalises.READERS).test.p)


def test_whole_degrees_of_freedom_are_rounded_down() -> None:
    data = study(7)
    exact, whole = analysed(data), analysed(data, Convention(whole_freedom=True))
    free = exact.to(Generalises.BOTH).test.denominator_freedom
    assert free != int(free)
    assert whole.to(Generalises.BOTH).test.denominator_freedom == int(free)
    assert whole.to(Generalises.BOTH).test.p > exact.to(Generalises.BOTH).test.p


def test_one_device_among_readers_is_the_constant_it_is() -> None:
    """A device that is always right has no error: the readers' mean against 1."""
    data = study(8, treatments=1)
    scores = np.concatenate([data.scores, data.diseased[None, None].astype(float)], axis=1)
    with_device = Ratings(scores, data.diseased, data.clusters)
    values = measured(with_device, Figure.AUC).figures[0]
    errors = covariance(with_device, Figure.AUC, Covariance.DELONG)[0, :, 0]
    assert values[-1] == 1
    found = against_device(values, errors)
    alone = obuchowski_rockette(values[None, :-1], errors[None, :-1, None, :-1])
    for to in Generalises:
        mean = alone.to(to).means[0]
        assert found.differences[to].error == pytest.approx(mean.error)
        assert found.differences[to].value == pytest.approx(mean.value - 1)
        assert found.differences[to].p == pytest.approx(mean.against(1))
    values[-1] = np.nan
    with pytest.raises(ValueError, match="device"):
        against_device(values, errors)


def test_a_pooled_variance_is_that_of_its_moments() -> None:
    """Every product of two readers' outcomes on pairs of cases, one by one."""
    rng = np.random.default_rng(9)
    diseased = np.array([True, True, True, False, False, False, False])
    scores = rng.integers(0, 4, (1, 3, 7)).astype(float)
    scores[0, 1, 2] = scores[0, 2, 5] = np.nan
    data = Ratings(scores, diseased, np.arange(7))
    seen = [
        (r, i, j, float(x > y) + 0.5 * (x == y))
        for r, i, j in product(range(3), range(3), range(3, 7))
        if np.isfinite([x := scores[0, r, i], y := scores[0, r, j]]).all()
    ]
    area = np.mean([each[3] for each in seen])
    moments: dict[tuple[bool, bool, bool], list[float]] = {}
    for a, b in product(seen, seen):
        key = (a[0] == b[0], a[1] == b[1], a[2] == b[2])
        moments.setdefault(key, []).append(a[3] * b[3])
    total = sum(map(len, moments.values()))
    expected = sum(len(each) / total * np.mean(each) for each in moments.values())
    expected -= np.mean(moments[False, False, False])
    found = pooled(data, (0,))
    assert found.estimate.value == pytest.approx(area)
    assert found.variance == pytest.approx(expected, rel=1e-9)


def test_a_pooled_proportion_is_that_of_its_moments() -> None:
    rng = np.random.default_rng(10)
    scores = rng.integers(0, 2, (2, 3, 9)).astype(float)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    data = Ratings(scores, np.ones(9, bool), np.arange(9))
    found = pooled(data, (0, 1), Figure.SENSITIVITY, 1)
    expected = 0.0
    for a, b in product(range(2), range(2)):
        moments: dict[tuple[bool, bool], list[float]] = {}
        for (r, i), (s, k) in product(np.ndindex(3, 9), np.ndindex(3, 9)):
            one, other = scores[a, r, i], scores[b, s, k]
            if np.isfinite([one, other]).all():
                moments.setdefault((r == s, i == k), []).append(one * other)
        total = sum(map(len, moments.values()))
        part = sum(len(each) / total * np.mean(each) for each in moments.values())
        expected += (1 if a == b else -1) * (part - np.mean(moments[False, False]))
    assert found.variance == pytest.approx(expected, rel=1e-9)
    means = np.nanmean(scores.reshape(2, -1), axis=1)
    assert found.estimate.value == pytest.approx(means[0] - means[1])


def test_a_single_reader_has_no_pooled_variance() -> None:
    found = pooled(study(11, readers=1), (0, 1))
    assert np.isfinite(found.estimate.value)
    assert np.isnan(found.variance)
    clustered = Ratings(study(11).scores, study(11).diseased, np.zeros(70, int))
    with pytest.raises(ValueError, match="independent"):
        pooled(clustered, (0,))


def test_pseudovalues_refuse_what_is_missing() -> None:
    data = study(12)
    data.scores[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="all readers"):
        dorfman_berbaum_metz(data, Figure.AUC)


def test_power_is_that_of_the_noncentral_f_distribution() -> None:
    """Hillis, Obuchowski & Berbaum 2011, at the sizes of the pilot and at others."""
    pilot = Components(
        reader=0.0015, interaction=0.0002, error=0.0008, cov1=0.00035, cov2=0.00034, cov3=0.00024
    )
    for found in power(pilot, 114, 0.05, (5, 12), (114, 250), seed=1):
        scale = 114 / found.cases
        apart = scale * (pilot.cov2 - pilot.cov3)
        both = pilot.interaction + scale * (pilot.error - pilot.cov1 - pilot.cov2 + pilot.cov3)
        below = both + found.readers * apart
        free = below**2 / (both**2 / (found.readers - 1))
        critical = stats.f.ppf(0.95, 1, free)
        expected = stats.ncf.sf(critical, 1, free, found.readers * 0.05**2 / 2 / below)
        assert found.low - 0.02 < expected < found.high + 0.02
        assert 0.1 < found.power < 0.99


def test_without_a_difference_power_is_the_level() -> None:
    pilot = Components(0.0015, 0.0003, 0.0008, 0.00035, 0.00034, 0.00024)
    (found,) = power(pilot, 100, 0.0, (6,), (100,), seed=2)
    assert 0.03 < found.power < 0.07
    data = study(13, treatments=1, readers=6)
    scores = np.concatenate([data.scores[:, :5], data.scores[:, 5:] + 0.01], axis=1)
    with_device = Ratings(scores, data.diseased, data.clusters)
    device = against_device(
        measured(with_device, Figure.AUC).figures[0],
        covariance(with_device, Figure.AUC, Covariance.DELONG)[0, :, 0],
    )
    (none,) = against_device_power(device, 70, 0.0, (6,), (70,), seed=3)
    assert 0.03 < none.power < 0.08
    several = against_device_power(device, 70, 0.08, (4, 20), (70, 400), seed=3)
    assert several[0].power < several[-1].power


def test_drawn_studies_have_the_area_that_they_are_asked_for() -> None:
    rng = np.random.default_rng(3)
    for name, model in STRUCTURES.items():
        data = drawn(model, 60, 400, 400, rng, difference=-0.1)
        first, second = measured(data, Figure.AUC).figures.mean(axis=1)
        assert first == pytest.approx(0.755, abs=0.035), name
        assert second == pytest.approx(0.855, abs=0.035), name
        assert model.case + model.treatment_case + model.reader_case + model.error == pytest.approx(
            1
        )
