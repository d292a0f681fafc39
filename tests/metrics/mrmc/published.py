"""Printed results of other programs, beside the project: a folder with `expected.csv` and the data.

They stay out of the repository, since most come from packages without a licence of their own.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.metrics.mrmc.ratings import Ratings

VARIABLE = "DERMXAI_MRMC_DATA"


def folder() -> Path:
    """Skips the test where the folder is not named."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} does not name the folder of published reader studies")
    return Path(named)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(folder() / f"{name}.csv", dtype={"case": str, "reader": str})


def ratings(name: str, **columns: object) -> Ratings:
    """Of a file in the long form, some of its columns replaced."""
    rows = table(name)
    given = {
        "treatments": rows["treatment"],
        "readers": rows["reader"],
        "cases": rows["case"],
        "diseased": rows["truth"],
        "scores": rows["rating"],
    } | columns
    return Ratings.of(**given)  # type: ignore[arg-type]


def compared(
    dataset: str, analysis: str, found: dict[str, float], *, all_of_it: bool = True
) -> int:
    """How many numbers of an analysis in `expected.csv` were compared, each to its printed digits
    and to what another program computed from the formulas."""
    lines = (folder() / "expected.csv").read_text("utf-8").splitlines()
    rows = [
        row
        for row in csv.DictReader(lines)
        if row["dataset"] == dataset and row["analysis"] == analysis
    ]
    assert rows, f"no such analysis: {dataset}, {analysis}"
    left = [row["quantity"] for row in rows if row["quantity"] not in found]
    assert not (all_of_it and left), left
    number = 0
    for row in rows:
        if row["quantity"] not in found:
            continue
        number += 1
        value, printed = found[row["quantity"]], row["printed"]
        if printed and row["confirmed"] == "yes":
            # half of the last digit, and what 1 - p loses in double precision
            allowed = 0.5000001 * 10.0 ** -_decimals(printed) + 3e-16
            assert abs(value - float(printed)) <= allowed, (row, value)
        if row["recomputed"]:
            np.testing.assert_allclose(value, float(row["recomputed"]), rtol=2e-6, err_msg=str(row))
    return number


def _decimals(printed: str) -> int:
    mantissa, _, exponent = printed.lower().partition("e")
    _, _, fraction = mantissa.partition(".")
    return len(fraction) - int(exponent or 0)
