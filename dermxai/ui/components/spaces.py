"""Which feature space is looked at: it stands in the address."""

import streamlit as st

from dermxai.runs import Run, feature_spaces
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import shortened
from dermxai.ui.session import state
from dermxai.ui.session.state import Key


def ask(run: Run) -> str:
    """The feature space that the address names, else the run's first; asked for where there are
    several."""
    known = feature_spaces.names(run)
    asked = state.view().space
    chosen = asked if asked in known else known[0]
    if len(known) > 1:
        state.put(Key.SPACE, chosen)
        st.selectbox(
            "Features",
            known,
            key=Key.SPACE,
            format_func=lambda name: shortened(feature_spaces.title(run, name), 40),
            on_change=callback(_changed),
            help="Embeddings of other networks are added by Import embeddings, at the left.",
            width=240,
        )
    return chosen


def _changed() -> None:
    state.show(space=state.text(Key.SPACE) or None)
