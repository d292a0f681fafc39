import numpy as np

from dermxai.figures import counterfactual_path


def drawn():
    return counterfactual_path(
        [0, 5, 9],
        [2, 1, -0.5],
        found=(8, -0.2),
        random_areas=[5, 8],
        band=[[1, 0.5], [1.5, 1], [2, 1.9]],
        prediction="EAD",
        into="SD",
    )


def test_the_search_the_found_set_and_the_random_band_are_drawn_where_they_are():
    band, middle, search, found = drawn().data
    np.testing.assert_allclose(search.x, [0, 5, 9])
    np.testing.assert_allclose(search.y, [2, 1, -0.5])
    assert (found.x[0], found.y[0]) == (8, -0.2)
    np.testing.assert_allclose(middle.y, [2, 1.5, 1])
    np.testing.assert_allclose(band.y, [2, 2, 1.9, 0.5, 1, 2])


def test_the_threshold_is_a_line_at_zero():
    (line,) = drawn().layout.shapes
    assert line.y0 == line.y1 == 0
