import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.figures import votes

HEADS = [f"block {i}" for i in range(1, 8)] + ["final"]
RNG = np.random.default_rng(0)
MARGINS, BIASES = RNG.normal(size=8), 0.1 * RNG.normal(size=8)


def bars(figure):
    (found,) = [trace for trace in figure.data if trace.type == "bar"]
    return found


def drawn(**options):
    return bars(votes(MARGINS, HEADS, taxonomy.CODES, "EAD", "SD", **options))


@pytest.mark.parametrize("biases", [None, BIASES])
def test_each_bar_begins_where_the_last_one_ended_and_all_reach_the_sum(biases):
    found = drawn(biases=biases)
    lengths, begins = np.array(found.x), np.array(found.base)
    np.testing.assert_allclose(begins[1:-1], (begins + lengths)[:-2])
    assert begins[0] == begins[-1] == 0
    assert lengths[-1] == pytest.approx(MARGINS.sum())
    assert (begins + lengths)[-2] == pytest.approx(MARGINS.sum())


def test_biases_stand_apart_and_heads_show_what_they_saw():
    found = drawn(biases=BIASES)
    assert found.x[0] == pytest.approx(BIASES.sum())
    np.testing.assert_allclose(found.x[1:-1], MARGINS - BIASES)
    assert list(found.customdata) == ["", *HEADS, ""]
    np.testing.assert_allclose(drawn().x[:-1], MARGINS)


def test_a_bar_has_the_colour_of_the_class_it_speaks_for():
    found = drawn()
    for length, colour in zip(found.x, found.marker.color, strict=True):
        assert colour == taxonomy.BY_CODE["EAD" if length >= 0 else "SD"].colour


def test_one_class_alone():
    figure = votes(MARGINS, HEADS, taxonomy.CODES, "EAD")
    assert figure.layout.title.text == "Why EAD"
    colours = np.array(bars(figure).marker.color)
    right = np.array(bars(figure).x) >= 0
    assert set(colours[right]) == {taxonomy.BY_CODE["EAD"].colour}
    assert not set(colours[~right]) & {each.colour for each in taxonomy.DISEASES}


@pytest.mark.parametrize("biases", [None, [0.0]])
def test_one_head_and_no_difference(biases):
    figure = votes([0.0], ["final"], ["a", "b"], "a", "b", biases=biases)
    assert set(bars(figure).x) == {0}
    low, high = figure.layout.xaxis.range
    assert low < 0 < high


def test_every_bar_and_its_number_is_within_the_axis():
    for scale in (1e-3, 1.0, 1e3):
        figure = votes(scale * MARGINS, HEADS, taxonomy.CODES, "EAD", "SD")
        low, high = figure.layout.xaxis.range
        found = bars(figure)
        ends = np.array(found.base) + np.array(found.x)
        assert low < min(ends) and max(ends) < high
