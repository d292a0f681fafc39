"""Cross-validations and sweeps as they are printed: mean ± SD over folds and seeds."""

import math
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dermxai.metrics.basis import current
from dermxai.training.studies.comparison import interval_in_words
from dermxai.ui.components import look, tables
from dermxai.ui.components.text import plain, signed
from dermxai.ui.session.caches import job_files


def study(content: job_files.Study) -> None:
    """The table of study.json, differences of its networks, and its note."""
    table = pd.DataFrame([_printed(row) for row in content["table"]])
    st.dataframe(
        table, hide_index=True, height=look.height(table), column_config=tables.aligned(table)
    )
    for apart in content["differences"]:
        st.markdown(
            f"{plain(apart['network'])} less {plain(apart['less'])}: balanced accuracy "
            f"{signed(_number(apart['balanced_accuracy']), 3)} ({_interval(content, apart)})"
        )
    look.notes([content["note"]])


def _interval(study: job_files.Study, apart: job_files.Difference) -> str:
    if not current(study.get("intervals")):
        return "its interval was by an older formula; start the same training again to have it anew"
    return interval_in_words(apart.get("low"), apart.get("high"))


def _number(value: float | None) -> float:
    """NaN where JSON has none."""
    return math.nan if value is None else value


def _printed(row: Mapping[str, object]) -> dict[str, str]:
    """A network's line of the table, as the paper prints it."""
    if "rank" in row:
        printed = {"Rank": str(row["rank"]), "Settings": str(row["network"])}
        printed |= {"Epochs": str(row["epochs"])}
    else:
        printed = {"Network": str(row["network"]), "Trainings": str(row["members"])}
    for name in row:
        measure, _, what = str(name).rpartition("_")
        mean, spread = row[name], row.get(f"{measure}_sd")
        if what == "mean" and mean is not None:
            title = measure.replace("_", " ").capitalize()
            title = title.replace("Auc", "AUC").replace("Top1", "Top-1")
            printed[title] = f"{mean:.3f}" + (f" ± {spread:.3f}" if spread else "")
    return printed
