"""What follows from the published tables, and what does not."""

import pandas as pd
import streamlit as st

from dermxai.readers.published import tables
from dermxai.readers.published.checks import Check, checks
from dermxai.ui.components import look
from dermxai.ui.components.text import plain
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.state import Key

_TEXT = "Text"


@kept()
def _checks() -> tuple[Check, ...]:
    return checks().checks


def about() -> None:
    """Where the numbers come from, and how many statements follow."""
    found = _checks()
    st.caption(plain(tables.SOURCE))
    follow = sum(check.follows for check in found)
    look.facts(
        f"{follow} of {len(found)} statements follow from the printed numbers",
        "a printed number stands for all that round to it",
        "how a difference arose is not known",
    )


def section() -> None:
    """A table's statements: what was found, why it matters, and the numbers."""
    look.heading("Recomputed", "Arithmetic on the printed tables, each statement by itself.")
    found = _checks()
    names = list(dict.fromkeys(_place(check) for check in found))
    chosen = st.segmented_control(
        "Statements of",
        names,
        key=Key.PUBLISHED,
        default=names[0],
        required=True,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    for check in found:
        if _place(check) == chosen:
            _shown(check)


def _place(check: Check) -> str:
    return check.table if check.table.startswith("Table") else _TEXT


def _shown(check: Check) -> None:
    with st.container(border=True):
        colour, icon, word = (
            ("green", ":material/check:", "follows")
            if check.follows
            else ("orange", ":material/close:", "does not follow")
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(check.statement)}**")
            st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        left, right = st.columns([2, 3], gap="medium")
        with left:
            st.markdown(plain(check.finding))
            st.caption(plain(check.why))
        with right:
            _numbers(check.rows)


def _numbers(rows: pd.DataFrame) -> None:
    if "follows" in rows:
        rows = rows.sort_values("follows", kind="stable")  # what does not comes first
    shown = rows.rename(columns=str.capitalize)
    drawn = {
        name: st.column_config.NumberColumn(format=_form(shown[name]))
        for name in shown.select_dtypes("number").columns
    }
    st.dataframe(
        shown, column_config=drawn, hide_index=True, height=look.height(shown, 8), placeholder="–"
    )


def _form(column: pd.Series) -> str:
    largest = float(column.abs().max())
    if (column.dropna() % 1 == 0).all():
        return "%d"
    return "%.1f" if largest >= 100 else "%.2f" if largest > 2 else "%.3f"
