"""Tables as they are shown: columns named, numbers aligned."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dermxai import taxonomy
from dermxai.data import Problem, overview
from dermxai.metrics.evaluation import Evaluation
from dermxai.ui.components.text import AREA_INTERVAL, SHARE_INTERVAL, count, percent

# Widths in pixels: together they fit beside the sidebar of a window 1,400 wide.
_NAME, _LETTERS = 182, 28
_COUNT = st.column_config.NumberColumn(format="localized", width=64)
_SHARE = st.column_config.NumberColumn(format="%.1f %%", width=76)
_AREA = st.column_config.NumberColumn(format="%.3f", width=54)
_INTERVAL = 82


def classes(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
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
    drawn: dict[str, Any] = {
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


def measures(evaluation: Evaluation) -> tuple[pd.DataFrame, dict[str, Any]]:
    """`Evaluation.table` for people, and how its columns are to be drawn."""
    table = evaluation.table
    shown = pd.DataFrame(
        {"Class": [_class(code) for code in table["class"]], "Images": table["images"]}
    )
    if evaluation.clusters != "images":
        shown[evaluation.clusters.capitalize()] = table["units"]
    drawn: dict[str, Any] = dict.fromkeys(shown.columns.drop("Class"), _COUNT)
    drawn["Class"] = st.column_config.TextColumn(width=_NAME)
    for measure in ("accuracy", "sensitivity", "specificity", "auc"):
        area = measure == "auc"
        name = "AUC" if area else measure.capitalize()
        scale, digits = (1, 3) if area else (100, 1)
        ends = table[[f"{measure}_low", f"{measure}_high"]].to_numpy() * scale
        shown[name] = table[measure] * scale
        shown[f"{name} CI"] = [
            None if math.isnan(low) else f"{low:.{digits}f}–{high:.{digits}f}" for low, high in ends
        ]
        interval = st.column_config.TextColumn(
            f"{percent(evaluation.level, 0)} CI",
            alignment="right",
            width=_INTERVAL,
            help=AREA_INTERVAL if area else SHARE_INTERVAL,
        )
        drawn |= {name: _AREA if area else _SHARE, f"{name} CI": interval}
    return shown, drawn


def _class(code: str) -> str:
    return textwrap.shorten(taxonomy.titled(code), max(_LETTERS, len(code)), placeholder=" …")
