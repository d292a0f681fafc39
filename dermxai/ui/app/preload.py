"""Tells the browser with the page what it will need for it.

Streamlit's own page asks for charts and tables when the first one arrives, which is when the server
is busy with the rest: a second of waiting on two cores. The names of these files end in a hash that
each release changes; what comes before it has stayed from 1.60 to 1.67. A script that a release
calls otherwise is not named, and the browser asks for it later, as it would anyway.
"""

from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
NEEDED = ("PlotlyChart", "DataFrame", "Html", "Selectbox", "ImageList")


class Preload:
    """ASGI middleware: names Streamlit's scripts for `NEEDED` in the header of each HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.links = [
            f"<static/js/{script.name}>; rel=modulepreload"
            for name in NEEDED
            for script in SCRIPTS.glob(f"{name}.*.js")
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self.links and headers.get("content-type", "").startswith("text/html"):
                    headers.append("link", ", ".join(self.links))
            await send(message)

        await self.app(scope, receive, send_with_links)
