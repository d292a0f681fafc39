"""What is drawn of one curve at a time: an operating point, net benefit, prediction sets,
abstention."""

import streamlit as st

from dermxai.metrics.measures import Measures
from dermxai.metrics.regrouping import Regrouping
from dermxai.ui.components import look
from dermxai.ui.pages.performance import curves, one_class
from dermxai.ui.session.state import Key

_POINT, _BENEFIT, _SETS, _ABSTENTION = (
    "Operating point",
    "Net benefit",
    "Prediction sets",
    "Abstention",
)


def section(
    run_id: str, split: str | None, with_leaks: bool, found: Measures, *, regrouping: Regrouping
) -> None:
    """The part that is chosen.

    Args:
        found: the measures that the page shows.
    """
    look.heading("Curves and sets")
    part = st.segmented_control(
        "Part",
        [_POINT, _BENEFIT, _SETS, _ABSTENTION],
        key=Key.CURVE,
        default=_POINT,
        required=True,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    of = (run_id, split, with_leaks)
    if part == _SETS:
        curves.prediction_sets(*of, regrouping=regrouping)
    elif part == _ABSTENTION:
        curves.abstention(*of, regrouping=regrouping)
    elif part == _BENEFIT:
        curves.net_benefit(*of, prevalence=found.prevalence, regrouping=regrouping)
    else:
        one_class.section(*of, prevalence=found.prevalence, regrouping=regrouping)
