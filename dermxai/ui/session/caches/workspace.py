"""What of the workspace is in no list."""

import streamlit as st

from dermxai import doctor
from dermxai.core.entries import Unusable

LEFT_OUT_SECONDS = 10.0  # so old may the list be


@st.cache_resource(ttl=LEFT_OUT_SECONDS, max_entries=4, show_spinner=False)
def left_out(home: str) -> list[Unusable]:  # noqa: ARG001  # the key
    """What of the workspace is in no list."""
    return doctor.left_out()
