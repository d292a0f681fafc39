"""The way to the readers' page, past the login: a reader's code opens it, and nothing else."""

import asyncio
from importlib import import_module
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dermxai.ui.access import identity

HOME = "/reader"


class Answers(Protocol):
    """What answers beneath a page's address."""

    async def answer(self, path: str, request: Request) -> Response: ...


class Readers:
    """ASGI middleware: the page of those who take part in a study, and what it asks for. What these
    need is imported when the first of them comes: most servers have no study.

    Attributes:
        home: the page's address, below the server's base.
        routes: module whose ``Answers`` answer there.
    """

    home = HOME
    routes = "dermxai.ui.readers.routes"

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.importing = asyncio.Lock()
        self.answers: Answers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = identity.path(scope) if scope["type"] == "http" else ""
        if path != self.home and not path.startswith(f"{self.home}/"):
            await self.app(scope, receive, send)
            return
        async with self.importing:
            if self.answers is None:
                module = await asyncio.to_thread(import_module, self.routes)
                self.answers = module.Answers()
        answer = await self.answers.answer(path, Request(scope, receive))
        await answer(scope, receive, send)
