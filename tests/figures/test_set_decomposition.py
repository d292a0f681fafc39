import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.figures import set_decomposition
from dermxai.metrics.set_decomposition import set_decomposition as averaged
from tests.figures.examples import HOSTILE

HEADS = ("block 1", HOSTILE, "final")
CLASSES = ("EAD", "SD", HOSTILE)


def decomposition(n=20, target="SD", against="EAD"):
    logits = np.random.default_rng(n).normal(size=(n, 3, 3))
    return averaged(logits, HEADS, CLASSES, target, against, units=np.arange(n))


@pytest.mark.parametrize("dark", [False, True])
def test_points_are_the_mean_votes_and_their_sum_with_their_intervals(dark):
    made = decomposition()
    (points,) = set_decomposition(made, dark=dark).data
    np.testing.assert_allclose(points.x, [*made.votes, made.margin])
    np.testing.assert_allclose(points.x[:-1] + points.error_x.array[:-1], made.high)
    np.testing.assert_allclose(points.x[:-1] - points.error_x.arrayminus[:-1], made.low)
    colours = taxonomy.colours(["SD", "EAD"], dark)
    for value, colour in zip(points.x, points.marker.color, strict=True):
        assert colour == colours["SD" if value >= 0 else "EAD"]


def test_another_set_is_drawn_beside_it_under_its_name():
    figure = set_decomposition(
        decomposition(), decomposition(9), name=HOSTILE, reference_name="right"
    )
    reference, points = figure.data
    assert reference.name == "right (9)" and points.name.endswith("(20)")
    assert (np.array(reference.y) > np.array(points.y)).all()
    assert figure.layout.showlegend


@pytest.mark.parametrize(("images", "said"), [(20, " with 95 % intervals"), (1, "")])
def test_a_small_one_says_what_it_shows(images, said):
    words = set_decomposition(decomposition(images), compact=True).layout.title.subtitle.text
    assert words == f"Mean logits{said}: right for SD, left for EAD."


def test_one_image_has_no_interval_and_hostile_names_stay_words():
    figure = set_decomposition(decomposition(1, HOSTILE, "EAD"))
    assert not np.any(figure.data[0].error_x.array)
    assert "&lt;b&gt;" in figure.layout.title.text and "<b>bold" not in figure.to_json()
    low, high = figure.layout.xaxis.range
    assert low < min(figure.data[0].x) <= max(figure.data[0].x) < high
