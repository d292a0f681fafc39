"""What visitors send is held in memory: so much each, so much together, while they are there.

Streamlit limits the size of one file (`server.maxUploadSize`), not their number, and forgets
visitors who have left without freeing their files.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

VISITOR_BYTES = 64_000_000
SERVER_BYTES = 512_000_000
A_FILE = 10_000  # bytes that a file counts for beyond its own, so that empty ones have an end, too
GRACE = 60.0
"""Seconds that a visitor who is gone is waited for: a connection may be interrupted."""
POLL = 10.0  # seconds
_ROUTE = "/_stcore/upload_file/"
log = logging.getLogger("dermxai")


class _TooMuchError(Exception):
    pass


class Uploads:
    """ASGI middleware: refuses what goes beyond a visitor's or the server's share before it is in
    memory, and counts what is on its way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.incoming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, found, place = scope.get("path", "").partition(_ROUTE)
        if scope["type"] != "http" or not found or scope.get("method") != "PUT":
            await self.app(scope, receive, send)
            return
        session, began = place.partition("/")[0], False
        held, declared = _held(), _declared(scope)

        def refusal(more: int) -> str:
            on_its_way = self.incoming + Counter({session: more})
            if held[session] + on_its_way[session] > VISITOR_BYTES:
                return (
                    f"You hold more than {VISITOR_BYTES / 1e6:.0f} MB of images here; reload the "
                    "page to let go of them, and send this one again."
                )
            if held.total() + on_its_way.total() > SERVER_BYTES:
                return "The visitors of this server hold all the room for images; try again later."
            return ""

        async def counted() -> Message:
            message = await receive()
            part = len(message.get("body", b""))
            if refusal(part):
                raise _TooMuchError
            self.incoming[session] += part
            taken.append(part)
            return message

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        taken: list[int] = []
        said = refusal(declared + A_FILE)
        try:
            if not said:
                await self.app(scope, counted, noted)
        except _TooMuchError:
            said = refusal(sum(taken)) or "This file is larger than it was said to be."
        finally:
            self.incoming[session] -= sum(taken)
            self.incoming += Counter()  # without those at 0
        if said and not began:
            log.warning("An upload was refused. %s", said)
            await PlainTextResponse(said, 413)(scope, receive, send)


def _declared(scope: Scope) -> int:
    """Bytes of a request by its own words; 0 where it says none."""
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() and len(said) < 19 else 0


def _manager() -> MemoryUploadedFileManager:
    """Streamlit's store of uploaded files."""
    manager = runtime.get_instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    return manager


def _held() -> Counter[str]:
    """Bytes in memory, by session."""
    if not runtime.exists():
        return Counter()
    manager = _manager()
    with manager._lock:
        return Counter(
            {
                session: sum(len(file.data) + A_FILE for file in files.values())
                for session, files in manager.file_storage.items()
            }
        )


async def watch() -> None:
    """Ends the sessions of visitors who are gone, and frees what they had sent; for as long as the
    server lives."""
    gone: dict[str, float] = {}
    while True:
        await asyncio.sleep(POLL)
        try:
            free(gone, time.monotonic())
        except Exception:
            log.exception("The files of visitors who are gone could not be freed.")


@contextmanager
def freeing() -> Iterator[None]:
    """The life of a server in whose event loop `watch` runs."""
    watching = asyncio.get_running_loop().create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def free(gone: dict[str, float], now: float) -> None:
    """
    Args:
        gone: since when each session has had no browser, by its id; kept up to date.
        now: by the clock of these.
    """
    if not runtime.exists():
        return
    server = runtime.get_instance()
    sessions = server._session_mgr
    known = {info.session.id for info in sessions.list_sessions()}
    here = {info.session.id for info in sessions.list_active_sessions()}
    for session in [session for session in gone if session not in known - here]:
        del gone[session]
    for session in known - here:
        if now - gone.setdefault(session, now) >= GRACE:
            with suppress(KeyError):  # it has come back, or gone, meanwhile
                server.close_session(session)
            del gone[session]
    manager = _manager()
    for session in set(manager.file_storage) - known:  # Streamlit has forgotten them
        manager.remove_session_files(session)
