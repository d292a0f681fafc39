"""Tables as they are shown: columns named, numbers aligned."""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import taxonomy
from dermxai.data import Problem, overview
from dermxai.ui.components.text import count, percent

# Widths in pixels: together they fit beside the sidebar of a window 1,400 wide.
_LETTERS = 28
_INTERVAL = 82
_NUMBER = re.compile(r"[<>≤≥±+\u2212-]?\s?\d[\d.,]*(?!\w)")
_NOTHING = ("", "–")


def classes(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, ColumnConfig]]:
    """`overview.by_class` for people, classes in the usual order, and how its columns are to be
    drawn: narrow, to stand beside a figure."""
    codes = taxonomy.ordered(code for code in table.index if code != overview.UNLABELLED)
    table = table.loc[[*codes, *table.index.intersection([overview.UNLABELLED])]]
    shown = pd.DataFrame(
        {
            "Class": [code or "no label" for code in table.index],
            "Images": table["images"],
            "Images %": table["images_share"] * 100,
            "Patients": table["patients"],
            "Patients %": table["patients_share"] * 100,
            "Age": [age(row) for _, row in table.iterrows()],
            "Female": table["female"],
            "Female %": table["female_share"] * 100,
        }
    ).dropna(axis="columns", how="all")
    column = st.column_config
    drawn: dict[str, ColumnConfig] = {
        "Class": column.TextColumn(width=56),
        "Age": column.TextColumn(alignment="right", width=118, help="Mean ± SD (range), years"),
    }
    for noun, width in (("Images", 58), ("Patients", 66), ("Female", 60)):
        drawn[noun] = column.NumberColumn(format="localized", width=width)
        drawn[f"{noun} %"] = column.NumberColumn("%", format="%.1f", width=46)
    return shown.reset_index(drop=True), drawn


def problems(found: Sequence[Problem]) -> pd.DataFrame:
    """Files and rows that cannot be used, one a row, and why."""
    return pd.DataFrame(found)


def torn(leaks: pd.DataFrame) -> str:
    """ "1 lesion and 2 patients", of what `audit.torn` found."""
    numbers = leaks["kind"].value_counts(sort=False)
    return " and ".join(count(int(number), str(kind)) for kind, number in numbers.items())


def age(row: pd.Series) -> str | None:
    """ "47.1 ± 24.3 (5–89)", mean, standard deviation and range as far as they are known."""
    if math.isnan(row["age_mean"]):
        return None
    spread = "" if math.isnan(row["age_sd"]) else f" ± {row['age_sd']:.1f}"
    return f"{row['age_mean']:.1f}{spread} ({row['age_low']:.0f}–{row['age_high']:.0f})"


def number_column(format_: str, width: int, help_: str | None = None) -> ColumnConfig:
    """How a column of numbers is to be drawn."""
    return st.column_config.NumberColumn(format=format_, width=width, help=help_)


def interval_column(level: float, help_: str) -> ColumnConfig:
    """How a column of intervals is to be drawn."""
    title = f"{percent(level, 0)} CI"
    return st.column_config.TextColumn(title, alignment="right", width=_INTERVAL, help=help_)


def aligned(
    table: pd.DataFrame, drawn: Mapping[str, ColumnConfig] | None = None
) -> dict[str, ColumnConfig]:
    """How columns are to be drawn: those whose texts are numbers all ("14.8 %", "−4 to +75") end at
    the right, as numbers do.

    Args:
        drawn: what is known already of columns; their alignment stays where it is said.
    """
    found = dict(drawn or {})
    for name, column in table.items():
        if pd.api.types.is_numeric_dtype(column):
            continue
        texts = [str(each) for each in column if isinstance(each, str) and each not in _NOTHING]
        if texts and all(_NUMBER.match(each) for each in texts):
            config = found.get(str(name)) or st.column_config.TextColumn()
            found[str(name)] = {**config, "alignment": config.get("alignment") or "right"}
    return found


def class_name(code: str) -> str:
    """Code and name of a class, shortened to a column."""
    return textwrap.shorten(taxonomy.titled(code), max(_LETTERS, len(code)), placeholder=" …")
