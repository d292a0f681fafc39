"""Public sets by name, where this server may fetch them."""

import streamlit as st

from dermxai.data.published.fetch import allowed
from dermxai.data.published.sets import SETS
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.state import Key


def button() -> None:
    """A form in a popover; nothing where visitors may not start jobs, or nothing is fetched."""
    if not allowed() or not permissions.may("start jobs"):
        return
    with st.popover("Public sets", icon=":material/cloud_download:", type="tertiary"):
        name = st.selectbox("Set", list(SETS), key=Key.FETCH.of("name"))
        wanted = SETS[name]
        st.markdown(plain(f"{wanted.title}."))
        st.markdown(plain(f"Licence: {wanted.licence}."))
        st.caption(plain(f"To cite: {wanted.source}."))
        accepted = st.checkbox("I accept the licence", key=Key.FETCH.of("accepted", name))
        st.button(
            "Fetch",
            key=Key.FETCH,
            type="primary",
            disabled=not accepted,
            on_click=callback(_start),
            args=(name,),
        )


def _start(name: str) -> None:
    accepted = bool(state.get(Key.FETCH.of("accepted", name)))
    jobs_panel.start("fetch", name=name, accepted=accepted)
