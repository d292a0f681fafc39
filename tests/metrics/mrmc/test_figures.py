"""Figures of merit and their covariances against their definitions, written out."""

from itertools import product

import numpy as np
import pytest

from dermxai.metrics.mrmc.figures import (
    Covariance,
    Figure,
    Measured,
    covariance,
    from_influences,
    measured,
)
from dermxai.metrics.mrmc.ratings import Ratings

PROPORTIONS = (Figure.SENSITIVITY, Figure.SPECIFICITY, Figure.ACCURACY)


def study(seed: int = 0, *, clustered: bool = False, holes: bool = False) -> Ratings:
    """2 treatments, 3 readers, 14 cases, ratings with ties."""
    rng = np.random.default_rng(seed)
    diseased = rng.permutation(np.repeat([True, False], [6, 8]))
    scores = rng.integers(1, 6, (2, 3, 14)) + 1.0 * diseased
    if holes:
        scores[rng.random(scores.shape) < 0.15] = np.nan
    clusters = np.arange(14) // 2 if clustered else np.arange(14)
    return Ratings(scores, diseased, clusters)


def defined(ratings: Ratings, figure: Figure, place: tuple[int, int], keep: np.ndarray) -> float:
    """A figure of merit as it is defined."""
    score = ratings.scores[place]
    kept = keep & np.isfinite(score)
    one, other = score[kept & ratings.diseased], score[kept & ~ratings.diseased]
    if figure is Figure.AUC:
        right = [(a > b) + 0.5 * (a == b) for a, b in product(one, other)]
        return float(np.mean(right))
    return float(
        {
            Figure.SENSITIVITY: np.mean(one >= 4),
            Figure.SPECIFICITY: np.mean(other < 4),
            Figure.ACCURACY: np.mean(np.append(one >= 4, other < 4)),
        }[figure]
    )


@pytest.mark.parametrize("figure", list(Figure))
@pytest.mark.parametrize("holes", [False, True])
def test_each_reader_has_the_defined_figure(figure: Figure, holes: bool) -> None:
    data = study(1, holes=holes)
    found = measured(data, figure, 4)
    everything = np.ones(14, bool)
    for place in np.ndindex(2, 3):
        expected = defined(data, figure, place, everything)
        assert 0 < expected < 1
        assert found.figures[place] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(found.influences.sum(axis=-1), 0, atol=1e-12)


@pytest.mark.parametrize("figure", list(Figure))
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("holes", [False, True])
def test_the_jackknife_leaves_out_each_case_or_cluster(
    figure: Figure, clustered: bool, holes: bool
) -> None:
    data = study(2, clustered=clustered, holes=holes)
    counting = {Figure.SENSITIVITY: data.diseased, Figure.SPECIFICITY: ~data.diseased}.get(
        figure, np.ones(14, bool)
    )
    groups = np.unique(data.clusters[counting])
    left = np.array(
        [
            [defined(data, figure, place, data.clusters != group) for place in np.ndindex(2, 3)]
            for group in groups
        ]
    )
    gaps = left - left.mean(axis=0)
    expected = (len(groups) - 1) / len(groups) * gaps.T @ gaps
    found = covariance(data, figure, Covariance.JACKKNIFE, 4).reshape(6, 6)
    if holes and not clustered:  # replicates centred at the figure, not at their mean
        np.testing.assert_allclose(found, expected, rtol=0.02, atol=1e-4)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_delong_is_the_covariance_of_placements() -> None:
    data = study(3)
    one, other = data.scores[:, :, data.diseased], data.scores[:, :, ~data.diseased]
    right = (one[..., :, None] > other[..., None, :]) + 0.5 * (
        one[..., :, None] == other[..., None, :]
    )
    expected = np.cov(right.mean(axis=-1).reshape(6, -1)) / 6
    expected += np.cov(right.mean(axis=-2).reshape(6, -1)) / 8
    found = covariance(data, Figure.AUC, Covariance.DELONG).reshape(6, 6)
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_the_unbiased_covariance_is_that_of_pairs_which_share_no_case() -> None:
    data = study(4, holes=True)
    areas = measured(data, Figure.AUC).figures
    one, other = np.flatnonzero(data.diseased), np.flatnonzero(~data.diseased)
    found = covariance(data, Figure.AUC, Covariance.UNBIASED)
    for a, b in [((0, 0), (1, 0)), ((0, 1), (1, 2)), ((1, 1), (1, 1))]:
        x, y = data.scores[a], data.scores[b]
        products = [
            ((x[i] > x[j]) + 0.5 * (x[i] == x[j])) * ((y[k] > y[m]) + 0.5 * (y[k] == y[m]))
            for i, j, k, m in product(one, other, one, other)
            if i != k and j != m and np.isfinite([x[i], x[j], y[k], y[m]]).all()
        ]
        assert found[a + b] == pytest.approx(areas[a] * areas[b] - np.mean(products), abs=1e-12)


@pytest.mark.parametrize("figure", PROPORTIONS)
def test_covariances_of_proportions_agree(figure: Figure) -> None:
    data = study(5)
    made = [
        covariance(data, figure, method, 4)
        for method in (Covariance.DELONG, Covariance.JACKKNIFE, Covariance.UNBIASED)
    ]
    np.testing.assert_allclose(made[0], made[1], atol=1e-14)
    np.testing.assert_allclose(made[0], made[2], atol=1e-14)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_bootstrap_comes_near(clustered: bool) -> None:
    rng = np.random.default_rng(6)
    diseased = np.repeat([True, False], 60)
    common = np.repeat(rng.normal(size=60), 2) if clustered else rng.normal(size=120)
    scores = common + rng.normal(size=(2, 2, 120)) + diseased
    data = Ratings(scores, diseased, np.arange(120) // 2 if clustered else np.arange(120))
    for figure in (Figure.AUC, Figure.ACCURACY):
        drawn = covariance(data, figure, Covariance.BOOTSTRAP, 0.5, draws=3000)
        exact = covariance(data, figure, Covariance.DELONG, 0.5)
        np.testing.assert_allclose(drawn, exact, rtol=0.2, atol=3e-5)
    again = covariance(data, figure, Covariance.BOOTSTRAP, 0.5, draws=3000)
    np.testing.assert_array_equal(drawn, again)


def test_clusters_are_summed() -> None:
    """Twice the same case in one cluster tells no more than once."""
    data = study(7)
    twice = Ratings(
        np.concatenate([data.scores] * 2, axis=-1),
        np.tile(data.diseased, 2),
        np.tile(data.clusters, 2),
    )
    for figure in Figure:
        np.testing.assert_allclose(
            covariance(twice, figure, Covariance.DELONG, 4),
            covariance(data, figure, Covariance.DELONG, 4),
            atol=1e-14,
        )
    with pytest.raises(ValueError, match="independent"):
        covariance(twice, Figure.AUC, Covariance.UNBIASED)


def test_who_read_one_side_alone_has_no_area() -> None:
    data = study(8)
    data.scores[0, 1, data.diseased] = np.nan
    for figure in (Figure.AUC, Figure.SENSITIVITY):
        assert np.isnan(measured(data, figure, 4).figures[0, 1])
        for method in (Covariance.DELONG, Covariance.JACKKNIFE):
            errors = covariance(data, figure, method, 4)
            assert np.isnan(errors[0, 1]).all()
            assert np.isfinite(errors[1, 1, 1, 1])


def test_one_case_of_a_side_leaves_the_variance_open() -> None:
    data = study(9)
    one = np.flatnonzero(data.diseased)[0]
    few = data.among(~data.diseased | (np.arange(14) == one))
    assert np.isfinite(measured(few, Figure.AUC).figures).all()
    assert np.isnan(covariance(few, Figure.AUC, Covariance.DELONG)).all()


def test_the_long_form_refuses_what_contradicts_itself() -> None:
    given = {"treatments": [1, 1], "readers": [1, 1], "cases": ["a", "a"], "scores": [1, 2]}
    with pytest.raises(ValueError, match="twice"):
        Ratings.of(**given, diseased=[True, True])
    with pytest.raises(ValueError, match="two truths"):
        Ratings.of(**(given | {"readers": [1, 2]}), diseased=[True, False])
    with pytest.raises(ValueError, match="clusters"):
        Ratings.of(**(given | {"readers": [1, 2]}), diseased=[True, True], clusters=["p", "q"])


def test_influences_of_other_figures_are_taken() -> None:
    """A mean of numbers: the variance that everybody knows."""
    numbers = np.random.default_rng(1).normal(size=(1, 1, 30))
    gaps = (numbers - numbers.mean()) / 30
    found = Measured(numbers.mean(axis=-1), gaps, np.ones((1, 30), bool), np.ones((1, 1, 30), bool))
    assert from_influences(found, np.arange(30))[0, 0, 0, 0] == pytest.approx(
        numbers.var(ddof=1) / 30
    )
