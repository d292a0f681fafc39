"""Nothing that a visitor does ends in a traceback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec
from uuid import uuid4

import streamlit as st
from streamlit.errors import FragmentHandledException

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

log = logging.getLogger("dermxai")
P = ParamSpec("P")


@contextmanager
def guard() -> Iterator[None]:
    """Shows bad input as a sentence; anything else as an apology, with the traceback in the log."""
    try:
        yield
    except FragmentHandledException:
        raise
    except (Exception, SystemExit) as error:
        st.error(plain(_said(error)), icon=":material/error:")


def callback(act: Callable[P, None]) -> Callable[P, None]:
    """What a widget calls, guarded like the page: the sidebar says what went wrong."""

    @wraps(act)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except (Exception, SystemExit) as error:
            state.put(Key.NOTICE, _said(error))

    return guarded


def _said(error: Exception | SystemExit) -> str:
    """An error in a sentence; of those that nobody expects the traceback is in the log."""
    if isinstance(error, InputError):
        return str(error)
    if sentence := disk.trouble(error):
        log.warning("%s", sentence)
        return sentence
    reference = uuid4().hex[:8]
    log.error("Error %s", reference, exc_info=error)
    return (
        f"Something went wrong here; it is in the server's log as {reference}. Reload the page, or "
        "choose another one."
    )


def fragment(*, run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A part of a page that reruns by itself, guarded like the page."""

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with guard():
                draw(*args, **kwargs)

        drawn: Callable[P, None] = st.fragment(guarded, run_every=run_every)
        return drawn

    return decorate
