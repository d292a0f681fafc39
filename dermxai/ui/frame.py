"""What surrounds every page: navigation and the sidebar."""

import streamlit as st

from dermxai import paths
from dermxai.errors import InputError
from dermxai.ui import catalogue, demo, look, pages, permissions, state
from dermxai.ui.first_start import first_start, needed
from dermxai.ui.guard import guard
from dermxai.ui.sidebar import sidebar
from dermxai.ui.text import plain


def run() -> None:
    """Draws the frame and, in it, the page that the address asks for."""
    st.set_page_config(
        page_title="DermXAI",
        page_icon=look.ICON,
        layout="wide",
        initial_sidebar_state=look.SIDEBAR,
    )
    try:
        permissions.person()
    except InputError as error:  # the visit has ended while its page is open
        st.error(plain(error), icon=":material/lock:")
        return
    preparing = needed()
    page = st.navigation(pages.sections(), position="hidden" if preparing else "sidebar")
    st.html(look.STYLE)
    st.logo(look.ICON, size="large")
    if preparing:
        with guard():
            first_start()
        return
    if state.view().is_empty:
        newest = paths.runs() / catalogue.entries()[0].id
        if demo.is_demo(newest):
            with guard():
                demo.open_demo(newest.name)
            if not page.url_path:
                st.switch_page(pages.PAIR, query_params=st.query_params.to_dict())
        else:
            state.open_run(newest.name)
    state.remember()
    with st.sidebar, guard():
        sidebar()
    with guard():
        demo.banner()
        page.run()
        demo.prepare()
