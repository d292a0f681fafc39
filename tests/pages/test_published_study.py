"""The Published study page: its checks, one's own model and readers beside it, and bad files."""

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai.report import readers as report
from dermxai.runs import Run
from tests.readers.studies import drawn

Make, Open = Callable[..., Run], Callable[..., AppTest]
CLASSES = ("MN", "SK", "BCC", "Pso")


def texts(app: AppTest) -> str:
    return " ".join(each.value for each in [*app.markdown, *app.caption, *app.error])


@pytest.fixture
def run(make_run: Make) -> Run:
    return make_run(images=80, classes=("EAD", "SD", "MN", "LP"))


def test_statements_are_shown_a_table_at_a_time(run: Run, open_page: Open) -> None:
    app = open_page("published_study", run="run")
    assert not app.exception and not app.error
    said = texts(app)
    assert "6 of 15 statements follow" in said
    assert "27 of 28 percentages follow" in said and "operating point" not in said
    choice = next(each for each in app.button_group if "Table 5" in each.options)
    choice.set_value("Table 5").run()
    assert not app.exception
    assert "in another order of the rows" in texts(app)
    numbers = [table.value for table in app.dataframe]
    assert any("Nearest row of table 4" in frame.columns for frame in numbers)


def test_ones_own_model_stands_beside(run: Run, open_page: Open) -> None:
    app = open_page("published_study", run="run")
    table = next(each.value for each in app.dataframe if "Who" in each.value.columns)
    own = table[table["Who"].str.contains("this run")]
    assert len(own) == 3  # LP is not in the published study
    assert own["Sensitivity"].between(0, 1).all()
    assert len(table) == 8 * 3 + 3


def test_ones_own_readers_stand_beside(run: Run, open_page: Open) -> None:
    app = open_page("published_study", run="run")
    content = drawn(1).to_csv(index=False).encode()
    app.text_input(key="answers-device").set_value("net")
    app.file_uploader[0].set_value(("answers.csv", content, "text/csv")).run()
    assert not app.exception and not app.error
    assert "4 readers, 48 cases" in texts(app)
    table = next(each.value for each in app.dataframe if "Who" in each.value.columns)
    assert (table["Who"] == report.READERS).sum() == len(CLASSES)
    assert (table["Who"] == report.PROGRAM).sum() == len(CLASSES)


def test_a_bad_file_is_one_sentence(run: Run, open_page: Open) -> None:
    app = open_page("published_study", run="run")
    app.file_uploader[0].set_value(("a.csv", b"x,y\n1,2\n", "text/csv")).run()
    assert not app.exception
    assert "has no column 'reader'" in app.error[0].value


def test_rows_are_those_of_the_tables() -> None:
    rows = report.beside()
    assert list(rows.columns) == list(report.COLUMNS)
    assert not rows["single"].any()
    row = rows[(rows["class"] == "VW") & (rows["who"] == report.MODEL)].iloc[0]
    assert (row["sensitivity"], row["specificity"]) == pytest.approx((0.92, 0.9543))
    assert row["kappa"] == pytest.approx(0.7928, abs=1e-4)
    assert row["low"] < row["kappa"] < row["high"]
    printed = rows[rows["who"] == report.PRINTED]
    assert pd.isna(printed["low"]).all() and len(printed) == 8
