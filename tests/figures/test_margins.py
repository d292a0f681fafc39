import numpy as np

from dermxai.figures import margins


def drawn():
    return margins(
        ["Blur", "Blur", "Hair"],
        ["1 px", "2 px", "hair 1"],
        [2.0, -1.0, 0.5],
        predictions=["EAD", "SD", "LP"],
        unchanged=2.5,
        prediction="EAD",
        against="SD",
    )


def test_a_row_a_group_and_a_cross_where_another_class_is_read():
    same, turned = drawn().data
    np.testing.assert_allclose(same.x, [2.0])
    np.testing.assert_allclose(turned.x, [-1.0, 0.5])
    assert list(turned.y) == [0, 1]
    assert turned.marker.symbol == "x"
    assert list(drawn().layout.yaxis.ticktext) == ["Blur", "Hair"]


def test_threshold_and_unchanged_margin_are_lines_within_the_range():
    figure = drawn()
    assert [line.x0 for line in figure.layout.shapes] == [0, 2.5]
    low, high = figure.layout.xaxis.range
    assert low < -1 and high > 2.5
