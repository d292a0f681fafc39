"""The way to the readers' page, past the login: a reader's code opens it, and nothing else."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from dermxai.ui.access import identity

if TYPE_CHECKING:
    from dermxai.ui.readers.routes import Answers

HOME = "/reader"


class Readers:
    """ASGI middleware: the page of those who take part in a study, and what it asks for. What these
    need is imported when the first of them comes: most servers have no study."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.importing = asyncio.Lock()
        self.answers: Answers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = identity.path(scope) if scope["type"] == "http" else ""
        if path != HOME and not path.startswith(f"{HOME}/"):
            await self.app(scope, receive, send)
            return
        async with self.importing:
            if self.answers is None:
                module = await asyncio.to_thread(import_module, "dermxai.ui.readers.routes")
                self.answers = module.Answers()
        answer = await self.answers.answer(path, Request(scope, receive))
        await answer(scope, receive, send)
