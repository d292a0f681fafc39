"""What a browser may do with what it gets: nothing that would leave this server."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
ACTING = frozenset({"text/html", "text/javascript", "application/javascript"})
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def policy(page: str) -> str:
    """The Content-Security-Policy under which Streamlit's page and its charts work.

    Args:
        page: its HTML, whose inline scripts are allowed by their hash.
    """
    digests = (sha256(script.encode()).digest() for script in _INLINE.findall(page))
    inline = "".join(f" 'sha256-{b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{inline} 'unsafe-eval'",  # WebGL of plotly writes its own functions
            "style-src 'self' 'unsafe-inline'",  # Streamlit's styles are made in the page
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'self'",
            "frame-ancestors 'self'",
        )
    )


FILE_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; sandbox"
)
OTHERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware: sets the headers of every answer, refusals included. What is neither page
    nor script, such as a picture that is opened by itself, may do nothing at all. A policy that the
    answer brings, as the login's does, holds as well."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.page = policy(PAGE.read_text())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(scope=message)
                acts = _acts(headers)
                headers.append("Content-Security-Policy", self.page if acts else FILE_POLICY)
                for name, value in OTHERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _acts(headers: MutableHeaders) -> bool:
    """Whether it is a page or a script, and not offered as a file."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ACTING and "content-disposition" not in headers
