"""Nothing that a visitor does ends in a traceback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec
from uuid import uuid4

import streamlit as st
from streamlit.errors import FragmentHandledException

from dermxai.errors import InputError
from dermxai.ui.text import plain

log = logging.getLogger("dermxai")
P = ParamSpec("P")


@contextmanager
def guard() -> Iterator[None]:
    """Shows bad input as a sentence; anything else as an apology, with the traceback in the log."""
    try:
        yield
    except InputError as error:
        st.error(plain(error), icon=":material/error:")
    except FragmentHandledException:
        raise
    except Exception:
        reference = uuid4().hex[:8]
        log.exception("Error %s", reference)
        st.error(
            f"Something went wrong here; it is in the server's log as {reference}. "
            "Reload the page, or choose another one.",
            icon=":material/error:",
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
