"""What the numbers that pages and reports show were set against.

A test that compares such a number with an independent authority calls `verified`, which fails where
the two differ by more than the tolerance. ``python -m docs.make_verification`` loads this module as
a plugin of pytest, runs those tests, and writes docs/verification.md from what they found.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from tests.numbers_shown import NUMBERS

ABSOLUTE, RELATIVE = "", "of the largest"


@dataclass
class Comparison:
    """A number against one authority, over all calls of `verified`.

    Attributes:
        tolerance: what a value may differ by; ``scale`` is `RELATIVE` where that is a share of the
            largest expected value in size.
        deviation: the largest found, on the same scale.
        values: how many were compared that are neither 0 nor 1.
        tests: files, from the root of the project.
    """

    number: str
    authority: str
    tolerance: float
    scale: str
    deviation: float = 0.0
    values: int = 0
    tests: set[str] = field(default_factory=set)


_found: dict[tuple[str, str], Comparison] = {}


def verified(
    number: str,
    authority: str,
    found: ArrayLike,
    expected: ArrayLike,
    *,
    tolerance: float,
    relative: bool = False,
    trivial: bool = False,
) -> None:
    """Compares what we compute with what an authority says.

    Args:
        number: one of `NUMBERS`.
        authority: what computed ``expected``: a function of another library, a publication, or the
            definition written out in the test.
        found, expected: of the same shape; NaN must stand in the same places.
        tolerance: what they may differ by.
        relative: the tolerance is a share of the largest expected value in size.
        trivial: this call may hold nothing but 0 and 1 (one of many examples of a test).

    Raises:
        AssertionError: they differ by more, the number is not one that is shown, or all values are
            0 or 1, which a wrong use of a library often gives, too.
    """
    assert number in NUMBERS, f"{number!r} is missing in tests/numbers_shown.py"
    ours, theirs = _numbers(found), _numbers(expected)
    assert ours.shape == theirs.shape, f"{ours.shape} was found, {theirs.shape} expected"
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(ours), ~known, "undefined in other places")
    ours, theirs = ours[known], theirs[known]
    telling = int((~np.isin(theirs, (0, 1))).sum())
    assert telling or trivial, "all expected values are 0 or 1: that tells too little"
    deviation = float(np.abs(ours - theirs).max(initial=0))
    if relative:
        deviation /= float(np.abs(theirs).max(initial=0)) or 1
    scale = RELATIVE if relative else ABSOLUTE
    row = _found.setdefault((number, authority), Comparison(number, authority, tolerance, scale))
    assert (row.tolerance, row.scale) == (tolerance, scale), "one tolerance for one authority"
    row.deviation = max(row.deviation, deviation)
    row.values += telling
    row.tests.add(_test())
    assert deviation <= tolerance, f"{number}: {deviation:.3g} from {authority}"


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _test() -> str:
    """The file of the test at work."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--verification", type=Path, help="JSON file for what `verified` has found")


def pytest_sessionfinish(session: pytest.Session) -> None:
    rows = [asdict(row) | {"tests": sorted(row.tests)} for row in _found.values()]
    file: Any = session.config.getoption("--verification")
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
