import numpy as np
import pandas as pd
import pytest

from dermxai.figures import confusion_matrix
from tests.figures.examples import judge


def table(rows, columns, seed=0):
    counts = np.random.default_rng(seed).poisson(2, (len(rows), len(columns)))
    return pd.DataFrame(counts, index=rows, columns=columns)


SHAPES = [
    (["a"], ["a"]),
    (["a", "b"], ["a", "b"]),
    (["a", "b", "c", "outside"], ["a", "b", "c", "never"]),
    ([f"class {i}" for i in range(20)],) * 2,
]


def targets(figure):
    (trace,) = (trace for trace in figure.data if trace.customdata is not None)
    return trace


def written(figure):
    """What stands in each cell (row, column)."""
    return {
        (y, x): text
        for trace in figure.data
        if trace.type == "scatter" and trace.mode == "text"
        for x, y, text in zip(trace.x, trace.y, trace.text, strict=True)
    }


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_every_cell_and_name_can_be_clicked_where_it_is_drawn(rows, columns):
    figure = confusion_matrix(table(rows, columns))
    clicked = targets(figure)
    cells = {}
    for x, y, data in zip(clicked.x, clicked.y, clicked.customdata, strict=True):
        match data:
            case ["cell", true, read]:
                cells[true, read] = (x, y)
            case ["row", code]:
                assert x < -0.5 and rows[y] == code
            case ["column", code]:
                assert y < -0.5 and columns[x] == code
    assert cells == {(t, r): (j, i) for i, t in enumerate(rows) for j, r in enumerate(columns)}
    assert {data[1] for data in clicked.customdata if data[0] == "row"} == set(rows)
    assert {data[1] for data in clicked.customdata if data[0] == "column"} == set(columns)


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_squares_tile_the_plot(rows, columns):
    layout = confusion_matrix(table(rows, columns)).layout
    across = layout.xaxis.range[1] - layout.xaxis.range[0]
    down = layout.yaxis.range[0] - layout.yaxis.range[1]
    high = layout.height - layout.margin.t - layout.margin.b
    wide = layout.width - layout.margin.l - layout.margin.r
    side = targets(confusion_matrix(table(rows, columns))).marker.size
    assert high / down == pytest.approx(side, abs=0.5)
    assert wide / across >= side - 0.5  # a small matrix leaves room for its title
    assert layout.yaxis.scaleanchor == "x"


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_are_those_of_the_table_and_empty_cells_stay_empty(dark):
    counts = table(*SHAPES[2])
    numbers = written(confusion_matrix(counts, dark=dark))
    for i, j in np.ndindex(counts.shape):
        assert numbers.get((i, j), "0") == str(counts.iloc[i, j])


@pytest.mark.parametrize(("show", "axis"), [("row", 1), ("column", 0)])
def test_percent_of_rows_and_columns(show, axis):
    counts = table(["a", "b"], ["a", "b"]) + 1
    shares = counts.to_numpy() / counts.to_numpy().sum(axis=axis, keepdims=True)
    texts = written(confusion_matrix(counts, show))
    for i, j in np.ndindex(2, 2):
        assert texts[i, j] == f"{100 * shares[i, j]:.0f}"


def test_the_diagonal_of_the_classes_in_common_is_outlined():
    layout = confusion_matrix(table(*SHAPES[2])).layout
    boxes = [shape for shape in layout.shapes if shape.type == "rect"]
    assert [(box.x0, box.y0) for box in boxes] == [(i - 0.5, i - 0.5) for i in range(3)]
    lines = [shape for shape in layout.shapes if shape.type == "line"]
    assert len(lines) == 2  # labels outside the model's classes, classes outside the labels
    assert "does not know" in layout.title.subtitle.text.replace("<br>", " ")


def test_an_evaluation_fits():
    evaluation = judge()
    figure = confusion_matrix(evaluation.cross_table)
    clicked = targets(figure)
    true, read = next(data[1:] for data in clicked.customdata if data[0] == "cell")
    assert len(evaluation.select(true, read)) == evaluation.cross_table.loc[true, read]
