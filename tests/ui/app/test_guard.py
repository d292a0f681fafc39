"""Nothing that a visitor presses ends in a traceback."""

import ast
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core.errors import InputError
from dermxai.core.paths import PROJECT
from dermxai.ui.app import guard
from dermxai.ui.session.state import Key

HANDLERS = {"on_click", "on_change", "on_dismiss"}


def unguarded(file: Path) -> Iterator[str]:
    """Callbacks that are handed to widgets as they are."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            given = keyword.value
            if keyword.arg not in HANDLERS or isinstance(given, ast.Constant):
                continue
            if not (isinstance(given, ast.Call) and ast.unparse(given.func) == "callback"):
                yield f"{file.name}, line {given.lineno}: {ast.unparse(given)}"


def test_every_callback_is_guarded() -> None:
    """Those of figures, in `look.plot`."""
    files = [*(PROJECT / "dermxai" / "ui").rglob("*.py"), *(PROJECT / "pages").glob("*/*.py")]
    assert [each for file in files for each in unguarded(file)] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("What came, and what to do."), "What came, and what to do."),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/w/a"), "The disk is full"),
        (KeyError("secret"), "Something went wrong here; it is in the server's log as "),
    ],
)
def test_what_goes_wrong_in_a_callback_is_told_by_the_sidebar(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, str] = {}
    monkeypatch.setattr(guard.state, "put", told.__setitem__)

    def act() -> None:
        raise error

    guard.callback(act)()
    assert told[Key.NOTICE].startswith(said)
    assert "secret" not in told[Key.NOTICE]


def test_a_page_that_leaves_python_is_told_in_a_sentence_and_ends() -> None:
    def page() -> None:
        import sys

        import streamlit as st

        from dermxai.ui.app.guard import guard

        with guard():
            sys.exit(2)
        st.write("after")

    app = AppTest.from_function(page, default_timeout=20).run()
    assert "Something went wrong here" in app.error[0].value
    assert app.markdown[0].value == "after"
