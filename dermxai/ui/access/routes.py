"""Which of Streamlit's own routes are open: those that its page needs, and no other."""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NOT_FOUND = 404
_CORE = re.compile(r".*?/_stcore/+(?P<route>.*)", re.DOTALL)
_OPEN = re.compile(r"(?:health|host-config|stream|(?:upload_file|bidi-components)/.+)", re.DOTALL)


class ClosedRoutes:
    """ASGI middleware: beneath ``/_stcore`` there is health, and what the page asks for; metrics,
    the description for agents and whatever else Streamlit may add are not found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(scope["path"]):
            await PlainTextResponse("Not Found", NOT_FOUND)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_open(path: str) -> bool:
    core = _CORE.fullmatch(path)
    return core is None or _OPEN.fullmatch(core["route"]) is not None
