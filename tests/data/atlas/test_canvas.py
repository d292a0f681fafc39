import numpy as np
import pytest

from dermxai.data.atlas.canvas import Canvas

SQUARE = np.array([[-3.0, -3.0], [3.0, -3.0], [3.0, 3.0], [-3.0, 3.0]])


@pytest.mark.parametrize("size", [64, 200])
def test_a_polygon_covers_its_area(size):
    canvas = Canvas(size)
    assert canvas.fill([SQUARE], [1.0]).mean() == pytest.approx(0.25, abs=0.03)
    assert canvas.fill([SQUARE], [0.5]).max() == pytest.approx(0.5, abs=0.01)


def test_outlines_of_one_length_may_come_as_one_array():
    canvas = Canvas(64)
    outlines = np.stack([SQUARE / 3, SQUARE / 3 + 2])
    listed, stacked = (canvas.fill(given, [1.0, 0.5]) for given in (list(outlines), outlines))
    np.testing.assert_array_equal(listed, stacked)


def test_nothing_to_draw_is_an_empty_layer():
    canvas = Canvas(64)
    assert not canvas.fill([], []).any()
    assert not canvas.stroke(np.empty((0, 2, 2)), 0.1).any()


@pytest.mark.parametrize("width_mm", [0.03, 0.1, 0.4])
def test_a_line_is_as_heavy_at_every_size(width_mm):
    line = [np.array([[-4.0, -3.0], [4.0, 2.0]])]
    small, large = (Canvas(size).stroke(line, width_mm).mean() for size in (128, 512))
    assert small == pytest.approx(large, rel=0.35)


def test_light_follows_what_the_skin_holds():
    bare, brown, red = Canvas(8), Canvas(8), Canvas(8)
    brown.melanin += 1
    red.blood += 1
    seen = {name: c.render()[4, 4] for name, c in (("bare", bare), ("brown", brown), ("red", red))}
    assert (seen["brown"] < seen["bare"]).all()
    loss = 1 - seen["red"] / seen["bare"]
    assert loss[0] < loss[2] < loss[1]  # blood takes green most and red least


def test_matter_hides_the_skin_beneath():
    canvas = Canvas(64)
    canvas.melanin += 2
    canvas.cover(np.ones((64, 64), np.float32), (0.9, 0.9, 0.9))
    assert np.allclose(canvas.render()[20:40, 20:40], 0.9**2.2, atol=0.02)


def test_a_copy_is_drawn_on_alone():
    canvas = Canvas(16)
    twin = canvas.copy()
    twin.blood += 1
    twin.cover(np.ones((16, 16), np.float32), (1, 1, 1))
    assert not canvas.blood.any()
    np.testing.assert_array_equal(canvas.render(), Canvas(16).render())


def test_values_outside_the_sheet_are_those_of_its_edge():
    canvas = Canvas(10, 10.0)
    far, edge = canvas.at(canvas.x, np.array([[99.0, 0.0], [4.9, 0.0]]))
    assert far == edge == pytest.approx(4.5)
