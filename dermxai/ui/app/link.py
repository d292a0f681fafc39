"""The button that copies the address of the page: all that is seen is in it.

The browser knows the address, the server does not. What copies it is a script of this server, since
the page's security policy lets no other run.
"""

from pathlib import Path

import streamlit as st
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dermxai.ui.access import identity
from dermxai.ui.app.guard import callback
from dermxai.ui.session.state import Key

NAME = "dermxai-page.js"
SCRIPT = Path(__file__).parent / "files" / "page.js"


def button() -> None:
    """Copies the address. Where the script did not come, says where the address stands."""
    st.button(
        "Copy link",
        key=Key.COPY,
        type="tertiary",
        icon=":material/link:",
        help="The address of this page: what is chosen here is in it. It opens for whoever may "
        "open this server; your own images are not in it.",
        on_click=callback(_without_script),
    )
    st.html(f'<script src="{identity.base()}/{NAME}"></script>', unsafe_allow_javascript=True)


def _without_script() -> None:
    st.toast("Copy the address of this page from the address bar.", icon=":material/link:")


class LinkScript:
    """ASGI middleware: answers with the script."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.content = SCRIPT.read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and identity.path(scope) == f"/{NAME}":
            headers = {
                "Content-Type": "text/javascript; charset=utf-8",
                "Cache-Control": "no-cache",
            }
            await Response(self.content, headers=headers)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
