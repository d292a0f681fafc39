import ast
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from dermxai.core import paths
from dermxai.core.spreadsheet import harmless, original, read_csv, to_csv, write_csv

FORMULAS = [
    *("=1+1", "+x", "-x", "@x", "\tx", "\rx", "\nx", " =1", "'=1", "＝1", "－x", "-1+2"),
    *("\xa0=1", "\ufeff=1", "\u200b@x"),
]
ENDS = (";", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028")  # of a cell, to some program
WITHIN = {
    "x;=1+1": "x;'=1+1",
    "x;-1": "x;'-1",  # what follows it in the row is in one cell with it
    "x; \xa0@y;z;'+1": "x;' \xa0@y;z;''+1",
    'x;"=1+1"': 'x;\'"=1+1"',
    ";;=1": ";';'=1",
    "=a;=b": "'=a;'=b",
    "a\n=1\r\n-b": "a\n'=1\r'\n'-b",
    "\t=1": "'\t'=1",
}


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_becomes_a_text(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert original(harmless(cell)) == cell


@pytest.mark.parametrize(
    "cell",
    [
        *("a;b", "a; b; c=d", "two\nlines\r\n", ";", "a;'b'", "a\tb", "x, -1"),
        *["-1", "+2.5", "-1e-05", "-.5", "EAD", "", "'quoted'", "a=b", "–", -1.5, 3, None, True],
    ],
)
def test_numbers_and_other_words_stay(cell: object) -> None:
    assert harmless(cell) == cell
    assert type(harmless(cell)) is type(cell)


@pytest.mark.parametrize(("cell", "written"), WITHIN.items())
def test_a_formula_within_a_cell_becomes_a_text(cell: str, written: str) -> None:
    assert harmless(cell) == written
    assert original(written) == cell


_HOSTILE = some.text(some.sampled_from("=+-@;\t\n\r' \",＝1a"))


@given(some.text() | _HOSTILE)
def test_every_text_comes_back(cell: str) -> None:
    assert original(harmless(cell)) == cell


@given(some.lists(_HOSTILE, min_size=2, max_size=2), some.sampled_from(ENDS))
def test_no_program_finds_a_formula(names: list[str], end: str) -> None:
    """One whose cells end at ``end`` and at the ends of lines, whatever it makes of quotes."""
    table = pd.DataFrame([["a", each, 0.5] for each in names], columns=["id", "x;=1", "n"])
    for cell in re.split(rf"{end}|\r\n|\r|\n", to_csv(table)):
        assert not re.match(r"[\s\"]*[=+\-@＝]", cell)


def test_long_runs_of_ends_cost_no_time() -> None:
    cell = ";\n" * 200_000
    assert harmless(cell) == cell == original(cell)


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "=name": ["=a", "'-b", 'c,"d"\n', None],
            "value": [-1.5, np.nan, 2e-7, 4.0],
            "count": [-1, 2, 3, 4],
            "confusion:-A→=B": [0.5, 0.25, -0.125, np.nan],
        }
    )
    write_csv(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "t.csv"), table, check_dtype=False)
    plain = pd.read_csv(tmp_path / "t.csv")
    assert list(plain.columns) == ["'=name", *table.columns[1:]]
    assert plain["value"].dtype == float and plain["count"].dtype == int
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(to_csv(table))), plain)


def test_no_row_of_a_reader_begins_within_a_cell(tmp_path: Path) -> None:
    """A spreadsheet program begins a row at each return that is not quoted."""
    names = ["a\r=1+1", "b\r\n@x", "c\n-d", "NA", "null", "plain"]
    table = pd.DataFrame({"class": names, "n": [-1.5, *range(5)], "x\r=y": np.nan})
    text = to_csv(table)
    lines = re.split(r"\r\n|\r|\n", re.sub(r'"[^"]*"', "quoted", text))
    assert len(lines) == 1 + len(names) + 1 and not any(map(harmless_is_other, lines))
    write_csv(table, tmp_path / "t.csv")
    back = read_csv(tmp_path / "t.csv")
    assert back["class"].tolist() == names and list(back) == list(table)
    assert back["n"].tolist() == table["n"].tolist()


def harmless_is_other(line: str) -> bool:
    return harmless(line) != line


@pytest.mark.parametrize("values", [[], ["=a"]])
def test_categories_and_empty_tables(values: list[str]) -> None:
    table = pd.DataFrame({"class": pd.Categorical(values), "n": range(len(values))})
    assert to_csv(table) == "class,n\n" + "'=a,0\n" * len(values)
    assert to_csv(pd.DataFrame(index=[0, 1])).strip('"\n') == ""


# what may write CSV by other means, and why
_OTHERS = {
    "dermxai/core/spreadsheet.py": "it is the way",
    "dermxai/data/published/fetch.py": "a public set's own words, read as a data set",
    "dermxai/data/inventory.py": "hashed, never written",
    "dermxai/training/data/examples.py": "hashed, never written",
    "dermxai/data/atlas/writer.py": "the atlas's own words, read as a data set",
    "dermxai/data/atlas/clinical.py": "the atlas's own words, read as a data set",
    "dermxai/jobs/hardware.py": "numbers alone",
}


def writers(source: str) -> list[str]:
    """Ways in which a module writes CSV, or offers a table of its own as one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr="to_csv" | "write_csv" | "to_excel"):
                found.append(node.attr)
            case ast.Attribute(value=ast.Name(id="csv"), attr="writer" | "DictWriter"):
                found.append(node.attr)
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="savetxt"):
                found.append(node.attr)
            case ast.Constant(value="text/csv"):
                found.append(node.value)
            case _:
                pass
    return found


def test_no_table_is_written_in_another_way() -> None:
    files = [*paths.PROJECT.glob("dermxai/**/*.py"), *paths.PROJECT.glob("pages/**/*.py")]
    written = {
        str(file.relative_to(paths.PROJECT)): found
        for file in [*files, paths.PROJECT / "app.py"]
        if (found := writers(file.read_text("utf-8")))
    }
    assert written.pop("dermxai/ui/components/downloads.py") == ["text/csv"]
    assert set(written) == set(_OTHERS)
    assert writers("frame.to_csv('x'); csv.writer(f); b(mime='text/csv')") == [
        "to_csv", "writer", "text/csv",
    ]  # fmt: skip
