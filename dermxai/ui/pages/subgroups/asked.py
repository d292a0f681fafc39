"""What several parts of the Subgroups page ask."""

from collections.abc import Sequence

import streamlit as st

from dermxai.metrics.regrouping import Regrouping, merged_name
from dermxai.ui.session.state import Key

GROUPS, SLICES, TREE = "Groups", "Worst slices", "Error tree"


def part() -> str:
    """Which part of the page is seen."""
    chosen = st.segmented_control(
        "Part",
        [GROUPS, SLICES, TREE],
        key=Key.PART,
        default=GROUPS,
        required=True,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    return chosen or GROUPS


def number(label: str, key: Key, usual: int, least: int, most: int) -> int:
    """A whole number, which the address says."""
    return int(
        st.number_input(
            label,
            min_value=least,
            max_value=most,
            value=usual,
            key=key,
            bind="query-params",
            persist_state="session",
            width=150,
        )
    )


def classes_left(codes: Sequence[str], regrouping: Regrouping) -> list[str]:
    """Codes of the classes after a regrouping, merged ones first."""
    gone = {code for each in regrouping.merges for code in each}
    merged = [merged_name(each) for each in regrouping.merges]
    return [*merged, *(code for code in codes if code not in gone)]
