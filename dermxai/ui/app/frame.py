"""What surrounds every page: navigation and the sidebar."""

from typing import Literal

import streamlit as st
from streamlit.navigation.page import Page

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.app import demo, pages, permissions
from dermxai.ui.app.first_start import first_start, needed, nothing_open, own_datasets, own_jobs
from dermxai.ui.app.guard import guard
from dermxai.ui.app.sidebar import sidebar
from dermxai.ui.components import look
from dermxai.ui.components.text import plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.state import Key

_TRAINING = pages.name(pages.TRAINING)


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
    position: Literal["hidden", "sidebar"] = "hidden" if preparing else "sidebar"
    page = st.navigation(pages.sections(), position=position, expanded=True)
    st.html(look.STYLE)
    st.logo(look.ICON, size="large")
    if preparing:
        with guard():
            first_start()
        return
    if state.view().is_empty:
        _open(page)
    state.remember()
    if page.url_path != _TRAINING:
        state.take(Key.OPENING)  # who has gone elsewhere is not led away
    with st.sidebar, guard():
        sidebar(page.url_path)
    with guard():
        if state.view().is_empty and page.url_path != _TRAINING:
            nothing_open()
            return
        demo.banner()
        page.run()
        demo.prepare()


def _open(page: Page) -> None:
    """Opens what the bare address stands for: the newest run, else a training that is at work, else
    a dataset of the workspace; nothing where there is none."""
    if runs := catalogue.entries():
        folders = [paths.runs() / each.id for each in runs]
        newest = next((each for each in folders if not demo.is_second(each)), folders[0])
        if not demo.is_demo(newest):
            state.open_run(newest.name)
            return
        with guard():
            demo.open_demo(newest.name)
        if not page.url_path:
            st.switch_page(pages.CONFUSION, query_params=st.query_params.to_dict())
        return
    if not page.url_path and not state.get(Key.LED):
        state.put(Key.LED, True)
        if any(job.kind == "train" and job.state.live for job in own_jobs()):
            st.switch_page(pages.TRAINING)
    if page.url_path != _TRAINING and (datasets := own_datasets()):
        state.open_pair(None, datasets[0])
