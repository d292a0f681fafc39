"""Calibration: the reliability diagram, and measures before and after temperature scaling."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import taxonomy
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.calibration import Calibration, as_table, in_words
from dermxai.report.evaluated import AS_IT_IS
from dermxai.ui.components import look
from dermxai.ui.components.tables import class_name
from dermxai.ui.components.text import MEAN_INTERVAL, plain
from dermxai.ui.session.caches import evaluated, plots
from dermxai.ui.session.state import Key

_RIGHT = "Prediction is right"


def section(
    run_id: str,
    split: str | None,
    with_leaks: bool,
    classes: Sequence[str],
    regrouping: Regrouping = AS_IT_IS,
) -> None:
    """Control, figure and table.

    Args:
        classes: that are left after the regrouping.
    """
    look.heading("Calibration")
    names = {"": _RIGHT} | {code: class_name(code) for code in taxonomy.ordered(classes)}
    event = st.selectbox(
        "Probability of",
        list(names),
        key=Key.EVENT,
        format_func=lambda code: names.get(code, code),
        bind="query-params",
        persist_state="session",
        width=300,
    )
    event = event if event in names else ""
    found = evaluated.calibration(run_id, split, with_leaks, event or "", regrouping)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        look.plot(
            plots.reliability(
                run_id,
                split,
                look.dark(),
                event=event or "",
                leaks=with_leaks,
                regrouping=regrouping,
            ),
            Key.FIGURE.of("reliability"),
            width="content",
        )
    with right:
        shown, drawn = table(found)
        st.dataframe(shown, column_config=drawn, hide_index=True, placeholder="–")
        st.caption(plain(in_words(found)))


def table(found: Calibration) -> tuple[pd.DataFrame, dict[str, ColumnConfig]]:
    """The measures for people, one a row, and how columns are to be drawn."""
    rows = as_table(found)
    titles = {
        "ece": "ECE",
        "ece_debiased": "ECE, debiased",
        "brier": "Brier score, all classes",
        "interval": f"{100 * found.level:.0f} % CI",
        "reliability": "… reliability",
        "resolution": "… − resolution",
        "uncertainty": "… + uncertainty",
        "within": "… + within bins",
        "log_loss": "Log loss, all classes",
    }
    shown = pd.DataFrame({"Measure": list(titles.values())})
    for row in rows.to_dict("records"):
        ends = (row["low"], row["high"])
        row["interval"] = "–" if math.isnan(ends[0]) else "{:.3f}–{:.3f}".format(*ends)
        name = str(row["probabilities"]).capitalize()
        shown[name] = [row[key] if key == "interval" else _number(row[key]) for key in titles]
    drawn: dict[str, ColumnConfig] = {
        name: st.column_config.TextColumn(alignment="right", help=MEAN_INTERVAL)
        for name in shown.columns.drop("Measure")
    }
    return shown, drawn


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
