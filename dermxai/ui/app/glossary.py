"""The glossary as a dialog: the text itself, which needs no network."""

import streamlit as st

from dermxai import glossary
from dermxai.ui.app.guard import guard
from dermxai.ui.components.text import plain
from dermxai.ui.session.state import Key


def button() -> None:
    """Opens it."""
    if st.button("Glossary", key=Key.GLOSSARY, type="tertiary", icon=":material/dictionary:"):
        _dialog()


@st.dialog("Glossary", width="large")
def _dialog() -> None:
    with guard():
        words = st.text_input(
            "Search",
            key=Key.GLOSSARY.of("words"),
            placeholder="Search, such as margin",
            label_visibility="collapsed",
        )
        entries = glossary.found(words)
        if not entries:
            st.caption(f"No entry holds “{plain(words)}”.")
        with st.container(height=480, border=False):
            for entry in entries:
                st.markdown(
                    f"**{entry.term}**  \n{entry.text}  \n"
                    f":small[:gray[{entry.source}, doi:{entry.doi}]]"
                )
