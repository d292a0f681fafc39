import numpy as np
import pandas as pd
import pytest

from dermxai import taxonomy
from dermxai.figures import feature_map, hover_lines

IDS = [f"image {i}" for i in range(50)]
PLACES = np.random.default_rng(0).normal(size=(50, 2))


def drawn(figure):
    """Place and colour of each sample id."""
    return {
        name: (x, y)
        for trace in figure.data
        for name, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }


COLUMNS = {
    "classes": list(taxonomy.CODES) * 3 + [None] * 8,
    "numbers": [*range(40), *[np.nan] * 10],
    "flags": [True, False] * 25,
    "many": IDS,
    "nothing": [None] * 50,
    "nullable": pd.array([1, None] * 25, dtype="Int64"),
    "nullable flags": pd.array([True, None] * 25, dtype="boolean"),
    "mixed": [1, "one", None, 2.5, ""] * 10,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_image_is_drawn_once_at_its_place(column):
    figure = feature_map(PLACES, IDS, COLUMNS[column], title="Map")
    assert sum(len(trace.customdata) for trace in figure.data) == 50
    places = drawn(figure)
    for name, place in zip(IDS, PLACES, strict=True):
        assert places[name] == pytest.approx(tuple(place), abs=1e-6)


def test_classes_have_their_colours_and_counts():
    figure = feature_map(PLACES, IDS, COLUMNS["classes"])
    for trace in figure.data[:-1]:
        code, count = trace.name.split("  ")
        assert trace.marker.color == taxonomy.BY_CODE[code].colour
        assert int(count) == 3
    assert figure.data[-1].name == "not stated  8"


def test_numbers_have_a_scale_and_missing_ones_a_grey():
    missing, known = feature_map(PLACES, IDS, COLUMNS["numbers"], label="Age").data
    assert missing.name == "not stated" and len(missing.customdata) == 10
    assert known.marker.colorbar.title.text == "Age"
    np.testing.assert_array_equal(known.marker.color, np.arange(40))


def test_more_categories_than_colours_become_other():
    names = [trace.name.split("  ")[0] for trace in feature_map(PLACES, IDS, IDS).data]
    assert len(names) == 18 and names[-1] == "other"


def test_given_colours_decide_the_order():
    figure = feature_map(
        PLACES, IDS, ["right", "wrong"] * 25, colours={"wrong": "#ff0000", "right": "#00ff00"}
    )
    assert [(t.name, t.marker.color) for t in figure.data] == [
        ("wrong  25", "#ff0000"),
        ("right  25", "#00ff00"),
    ]


def test_what_is_not_drawn_is_said():
    some = feature_map(PLACES, IDS, IDS, total=13603).layout.title.subtitle.text
    every = feature_map(PLACES, IDS, IDS, total=50).layout.title.subtitle.text
    assert "50 of 13,603 images drawn" in some
    assert "50 images" in every and " of " not in every.split("unit.")[1]


def test_hover_says_label_reading_and_probability():
    lines = hover_lines(["a<b", "c"], ["EAD", None], ["SD", "SD"], [0.514, 1.0])
    assert lines == [
        "<b>a&lt;b</b><br>True: EAD<br>Predicted as: SD, 51 %",
        "<b>c</b><br>True: no label<br>Predicted as: SD, 100 %",
    ]
