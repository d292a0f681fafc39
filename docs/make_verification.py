"""Writes docs/verification.md: `python -m docs.make_verification`.

Runs the tests that compare a number with an authority (`tests.verification.verified`) and puts what
they found into a table. Where one fails, nothing is written.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.numbers_shown import NUMBERS

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENT = PROJECT / "docs" / "verification.md"
Row = Mapping[str, Any]

_HEAD = """# What each number was set against

Written by `python -m docs.make_verification` from the tests; do not edit. Numbers that pages and
reports show of classifiers, images, maps and trainings, the authority that the tests compare each
with, the largest deviation that they found, and the tolerance beyond which they fail. Which number
each column is of the tables and records that pages draw, `tests/test_numbers_shown.py` says, so
that none is added without. Not here is what is counted without more (images, patients, files), what
stands in the data (a patient's age), what a visitor sets (the value of full colour), and what is
measured of the machine (time, memory, rates, progress).

Authorities are other libraries, or definitions and publications written out in the test. Values
that are 0 or 1 are not counted, since a wrong use of a library gives these, too; deviations “of the
largest” are shares of the largest expected value.

Where a number rests on chance (permutations, coalitions, the order of a layout's steps), the
deviation is that of the draws, and the table says so. Intervals are compared here where a textbook
has them, with independent images; how often they cover, and p-values err, is measured by
simulation: [statistics](statistics.md).
"""


def recorded() -> list[Row]:
    """What the tests found, those that use `verified`."""
    files = sorted(
        str(file.relative_to(PROJECT))
        for file in (PROJECT / "tests").rglob("test_*.py")
        if file.name != "test_verification.py"
        and "import verified" in file.read_text(encoding="utf-8")
    )
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        plugin = ("-p", "tests.verification", "--verification", str(found))
        command = (sys.executable, "-m", "pytest", "-n", "0", *plugin, *files)
        subprocess.run(command, cwd=PROJECT, check=True)
        rows: list[Row] = json.loads(found.read_text(encoding="utf-8"))
    return rows


def document(rows: Sequence[Row]) -> str:
    """The page, a table for each place in the order of `NUMBERS`.

    Raises:
        SystemExit: a number has no authority, or one that was never compared on a telling value.
    """
    known = {row["number"] for row in rows if row["values"]}
    if missing := set(NUMBERS) - known:
        raise SystemExit(f"No test verifies {', '.join(sorted(missing))}.")
    order = {number: place for place, number in enumerate(NUMBERS)}
    lines = [_HEAD]
    ranked = sorted(rows, key=lambda row: (order[row["number"]], row["authority"]))
    for place, of_place in groupby(ranked, key=lambda row: NUMBERS[row["number"]]):
        lines += [
            f"## {place}",
            "",
            "| Number | Authority | Values | Largest deviation | Tolerance | Test |",
            "|---|---|---|---|---|---|",
            *map(_line, of_place),
            "",
        ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    scale = f" {row['scale']}" if row["scale"] else ""
    tests = ", ".join(f"[{Path(test).stem}](../{test})" for test in row["tests"])
    cells = (
        row["number"],
        row["authority"],
        f"{row['values']:,}",
        f"{row['deviation']:.1e}{scale}" if row["deviation"] else "0",
        f"{row['tolerance']:g}{scale}",
        tests,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    DOCUMENT.write_text(document(recorded()), encoding="utf-8")
