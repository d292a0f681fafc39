import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.figures import votes

HEADS = [f"block {i}" for i in range(1, 8)] + ["final"]
LOGITS = np.random.default_rng(0).normal(size=(8, 14))


@pytest.mark.parametrize("compact", [False, True])
def test_bars_are_the_differences_of_logits_and_add_up_to_the_sum(compact):
    (bars,) = votes(LOGITS, HEADS, taxonomy.CODES, "EAD", "SD", compact=compact).data
    target, against = taxonomy.CODES.index("EAD"), taxonomy.CODES.index("SD")
    np.testing.assert_allclose(bars.x[:-1], LOGITS[:, target] - LOGITS[:, against])
    assert bars.x[-1] == pytest.approx(sum(bars.x[:-1]))


def test_a_bar_has_the_colour_of_the_class_it_speaks_for():
    (bars,) = votes(LOGITS, HEADS, taxonomy.CODES, "EAD", "SD").data
    for length, colour in zip(bars.x, bars.marker.color, strict=True):
        assert colour == taxonomy.BY_CODE["EAD" if length >= 0 else "SD"].colour


def test_one_head_and_no_difference():
    (bars,) = votes(np.zeros((1, 2)), ["final"], ["a", "b"], "a", "b").data
    assert list(bars.x) == [0, 0]
    figure = votes(np.zeros((1, 2)), ["final"], ["a", "b"], "a", "b")
    low, high = figure.layout.xaxis.range
    assert low < 0 < high
