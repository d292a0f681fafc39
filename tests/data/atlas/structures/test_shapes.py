import numpy as np
import pytest

from dermxai.data.atlas.structures.shapes import branch, meander, ribbon, rounded


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_a_spot_lies_about_its_centre_at_its_radius(rng):
    centres, radii = rng.uniform(-5, 5, (30, 2)), rng.uniform(0.1, 1, 30)
    outlines = rounded(rng, centres, radii, 0.05)
    assert outlines.shape == (30, 20, 2)
    away = np.linalg.norm(outlines - centres[:, None], axis=2) / radii[:, None]
    assert away.mean() == pytest.approx(1, abs=0.05)
    assert away.min() > 0.5


def test_a_spot_does_not_depend_on_those_after_it(rng):
    centres, radii = rng.uniform(-5, 5, (5, 2)), np.ones(5)
    five = rounded(np.random.default_rng(1), centres, radii, stretch=(1, 2))
    two = rounded(np.random.default_rng(1), centres[:2], radii[:2], stretch=(1, 2))
    np.testing.assert_array_equal(five[:2], two)


def test_no_spot(rng):
    assert rounded(rng, np.empty((0, 2)), np.empty(0)).shape == (0, 20, 2)


def test_aspect_is_length_over_width(rng):
    outline = rounded(rng, np.zeros((1, 2)), np.ones(1), 0.0, 4.0)[0]
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(outline.T)))
    assert spread[1] / spread[0] == pytest.approx(4)


@pytest.mark.parametrize("length", [0.01, 1.0, 5.0])
def test_a_meander_starts_where_told_and_is_as_long(rng, length):
    line = meander(rng, np.array([1.0, 2.0]), 0.5, length)
    np.testing.assert_allclose(line[0], [1, 2])
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    assert steps.sum() == pytest.approx(max(length, 0.36), abs=0.13)


def test_a_straight_ribbon_is_a_trapezoid():
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    expected = [[0, 0.5], [1, 0.4], [2, 0.3], [2, -0.3], [1, -0.4], [0, -0.5]]
    np.testing.assert_allclose(ribbon(line, 1.0, 0.6), expected, atol=1e-6)


def test_many_ribbons_are_as_one_by_one(rng):
    lines, starts, ends = rng.normal(size=(6, 4, 2)), rng.random(6), rng.random(6)
    alone = [ribbon(*given) for given in zip(lines, starts, ends, strict=True)]
    np.testing.assert_allclose(ribbon(lines, starts, ends), alone)


def test_a_branch_takes_one_number_however_much_is_drawn_from_it():
    first, second = np.random.default_rng(1), np.random.default_rng(1)
    branch(first).random(5)
    branch(second).random(500)
    assert first.random() == second.random()
