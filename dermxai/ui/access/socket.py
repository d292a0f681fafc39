"""A WebSocket that is open only as long as who is behind it may be there."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

WATCH = 1.0  # seconds between looks
ENDED = 4401  # why it was closed, for programs


class Watched:
    """ASGI application: a WebSocket's, closed when ``goes_on`` says no. It is asked every second,
    and before anything that the browser asks for is done; the browser is sent to ``login``."""

    def __init__(self, app: ASGIApp, goes_on: Callable[[], bool], login: str) -> None:
        self.app = app
        self.goes_on = goes_on
        self.login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = _Connection(receive, send, self.goes_on, self.login)
        watching = asyncio.create_task(connection.watch())
        try:
            await self.app(scope, connection.receive, connection.send)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


class _Connection:
    def __init__(
        self, receive: Receive, send: Send, goes_on: Callable[[], bool], login: str
    ) -> None:
        self._receive = receive
        self._send = send
        self._goes_on = goes_on
        self._login = login
        self._ended = asyncio.Event()
        self._accepted = False
        self._asked = time.monotonic()

    async def watch(self) -> None:
        while self._looked():
            await asyncio.sleep(WATCH)

    async def receive(self) -> Message:
        coming = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done() and (coming.result()["type"] != "websocket.receive" or self._looked()):
                return coming.result()
        finally:
            for waiting in (coming, ending):
                waiting.cancel()
        await self._close()
        return {"type": "websocket.disconnect", "code": ENDED}

    async def send(self, message: Message) -> None:
        late = time.monotonic() - self._asked > WATCH
        if self._ended.is_set() or (late and not self._looked()):
            return
        self._accepted |= message["type"] == "websocket.accept"
        await self._send(message)

    def _looked(self) -> bool:
        """Whether it may go on, asked now."""
        self._asked = time.monotonic()
        if not self._ended.is_set() and not self._goes_on():
            self._ended.set()
        return not self._ended.is_set()

    async def _close(self) -> None:
        if self._accepted:
            away = ForwardMsg()
            away.auth_redirect.url = self._login
            await self._send({"type": "websocket.send", "bytes": away.SerializeToString()})
        await self._send({"type": "websocket.close", "code": ENDED, "reason": "Log in again."})
