"""docs/verification.md says what the tests say now, and leaves out no number that is shown."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from dermxai.core.paths import PROJECT
from tests.numbers_shown import NUMBERS
from tests.verification import verified

DOCUMENT = PROJECT / "docs" / "verification.md"


class Row(NamedTuple):
    number: str
    authority: str
    values: int
    deviation: float
    tolerance: float
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) == len(Row._fields) and cells[0] != "Number":
            number, authority, values, deviation, tolerance, tests = cells
            of = (float(each.split()[0]) for each in (deviation, tolerance))
            files = tuple(re.findall(r"\(\.\./(.*?)\)", tests))
            yield Row(number, authority, int(values.replace(",", "")), *of, files)


ROWS = list(rows())


def test_every_number_that_is_shown_stands_there_within_its_tolerance():
    assert {row.number for row in ROWS} == set(NUMBERS)
    for row in ROWS:
        assert row.deviation <= row.tolerance, row
    assert {row.number for row in ROWS if row.values} == {row.number for row in ROWS}


def written(node: ast.expr) -> str | None:
    """A text as a pattern: what is put into it may be anything; None where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [written(part) or ".+" for part in node.values]
        return "".join(parts) if parts != [".+"] * len(parts) else None
    return None


def texts(tree: ast.AST) -> list[str]:
    return [
        text for node in ast.walk(tree) if isinstance(node, ast.expr) and (text := written(node))
    ]


FILES = sorted(
    file
    for file in (PROJECT / "tests").rglob("test_*.py")
    if "import verified" in file.read_text(encoding="utf-8") and file != Path(__file__)
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_it_is_what_the_tests_say(file: Path):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    name, known = file.relative_to(PROJECT).as_posix(), texts(tree)
    mine = [row for row in ROWS if name in row.tests]
    assert mine, f"run python -m docs.make_verification: {name} is not in its document"
    for row in mine:
        assert any(re.fullmatch(text, row.authority) for text in known), row
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "verified":
            continue
        number, authority = (written(given) or ".+" for given in call.args[:2])
        tolerances = [given.value for given in call.keywords if given.arg == "tolerance"]
        of_call = [
            row
            for row in mine
            if re.fullmatch(number, row.number) and re.fullmatch(authority, row.authority)
        ]
        assert of_call, f"{name}, line {call.lineno}: run python -m docs.make_verification"
        if isinstance(tolerances[0], ast.Constant) and ".+" not in (number, authority):
            assert {row.tolerance for row in of_call} == {tolerances[0].value}, of_call


def test_what_differs_or_tells_nothing_is_refused():
    number = "Top-1 accuracy"
    for found, expected, words in (
        ([0.5, 0.7], [0.5, 0.71], "from nobody"),
        ([0.0, 1.0], [0.0, 1.0], "0 or 1"),
        ([0.5, np.nan], [0.5, 0.5], "undefined"),
        ([0.5], [0.5, 0.5], "expected"),
    ):
        with pytest.raises(AssertionError, match=words):
            verified(number, "nobody", found, expected, tolerance=1e-3)
    with pytest.raises(AssertionError, match="numbers_shown"):
        verified("Luck", "nobody", 0.5, 0.5, tolerance=0)
