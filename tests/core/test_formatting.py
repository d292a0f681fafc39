import ast
import json
import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from dermxai.cli.console import show_table
from dermxai.core.formatting import (
    fixed,
    interval,
    jsonable,
    percent,
    points,
    rounded,
    signed,
    signed_logit,
)
from dermxai.core.paths import PROJECT
from docs import make_explanation_tables


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((-0.004, -0.012, 0.003), "−0.4 pp (−1.2 to +0.3)"),
        ((0.25,), "+25.0 pp"),
        ((-0.0001, math.nan, math.nan), "+0.0 pp"),
        ((math.nan, -0.1, 0.1), "–"),
    ],
)
def test_a_difference_of_shares_is_in_percentage_points(
    given: tuple[float, ...], told: str
) -> None:
    assert points(*given) == told


def test_and_as_fine_as_is_asked_for() -> None:
    assert points(0.123, 0.05, 0.2, digits=0) == "+12 pp (+5 to +20)"


def test_json_has_no_number_for_nan() -> None:
    given = {
        1: [math.nan, (math.inf, 2)],
        "array": np.array([[1.5, np.nan]]),
        "number": np.float32(0.5),
        "truth": np.bool_(True),
        "text": "nan",
    }
    expected = {
        "1": [None, [None, 2]],
        "array": [[1.5, None]],
        "number": 0.5,
        "truth": True,
        "text": "nan",
    }
    assert json.loads(json.dumps(jsonable(given), allow_nan=False)) == expected


@pytest.mark.parametrize("value", [-0.0, 0.0, -4e-4, 4e-4, -1e-300, np.float64(-4e-4)])
def test_zero_has_no_sign(value: float) -> None:
    assert fixed(value, 3) == "0.000"
    assert signed(value, 3) == "+0.000"
    assert percent(value / 100) == "0.0 %"
    assert interval(value / 100, value / 100, 0) == "0–0 %"
    assert points(value, value, value, digits=0) == "+0 pp (+0 to +0)"


def test_other_numbers_keep_theirs() -> None:
    assert [fixed(each, 1) for each in (-0.05, -0.051, 2.25, math.nan)] == [
        "−0.1",
        "−0.1",
        "2.2",
        "–",
    ]
    assert (signed(-0.006), fixed(np.float32(1.5), 0), fixed(-12.34)) == ("−0.01", "2", "−12.34")


def test_nor_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("a", "b"), [[-0.0004, -0.0006]])
    assert capsys.readouterr().out.split() == ["a", "b", "0.000", "−0.001"]


def test_nor_in_tables_of_the_docs() -> None:
    """Differences to baselines, and the ends of their intervals."""
    ends = ("difference", "low", "high")
    row = {f"{rival}_{end}": -0.001 for rival in ("random", "centred") for end in ends}
    verdicts = {"random_verdict": "", "centred_verdict": ""}
    told = make_explanation_tables._difference(pd.Series(row | verdicts), "random")
    assert told == "+0.00 (0.00 to 0.00)"
    mean = pd.Series({"mean": -0.0001, "low": -0.0002, "high": -0.0001})
    assert make_explanation_tables._mean(mean) == "0.000 (0.000 to 0.000)"


def signs(source: str) -> Iterator[str]:
    """Formats with a sign that a module writes on its own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            yield from re.findall(r"^.*\+.*$", ast.unparse(node.format_spec))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\{[^{}]*:\+[^{}]*\}", node.value)  # hover texts, str.format


def test_signs_are_put_in_one_place() -> None:
    assert list(signs("f'{x:+.3f}'")) and list(signs("y = '%{x:+.2f}'"))
    files = [each for part in ("dermxai", "pages", "docs", "benchmarks")
             for each in (PROJECT / part).rglob("*.py")]  # fmt: skip
    own = {str(file.relative_to(PROJECT)) for file in files if list(signs(file.read_text("utf-8")))}
    assert own == set()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.17, "0.17"),
        (0.0051, "0.0051"),
        (99.7, "100"),
        (137.2, "140"),
        (-123456.0, "-120000"),
        (3.0, "3"),
        (0, "0"),
        (2.5e7, "2.5e+07"),
        (3e-6, "3e-06"),
        (float("nan"), "nan"),
    ],
)
def test_significant_digits_without_powers_of_ten(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.2, "+1.20"),
        (-0.35, "−0.35"),
        (0.0, "+0.00"),
        (0.0031, "+0.0031"),
        (np.float32(-0.00049), "−0.00049"),
        (0.005, "+0.01"),
        (math.nan, "–"),
    ],
)
def test_a_logit_near_zero_keeps_its_sign_and_size(value: float, shown: str) -> None:
    assert signed_logit(value) == shown
