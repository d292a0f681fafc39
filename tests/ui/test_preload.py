import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from dermxai.ui.preload import NEEDED, Preload


def _answered(content_type: str) -> dict[bytes, bytes]:
    """The headers of an answer of a type, as the browser gets them."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"content"})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    with ThreadPoolExecutor() as aside:  # a browser's loop may run in this thread
        aside.submit(asyncio.run, Preload(app)({"type": "http"}, receive, send)).result()
    assert sent[1]["body"] == b"content"
    return dict(sent[0]["headers"])


@pytest.mark.parametrize("name", NEEDED)
def test_a_page_names_each_script_of_this_streamlit_once(name: str) -> None:
    link = _answered("text/html; charset=utf-8")[b"link"].decode()
    assert link.count(f"<static/js/{name}.") == 1
    assert link.count("; rel=modulepreload") == len(NEEDED)


def test_nothing_else_is_touched() -> None:
    assert _answered("application/javascript") == {b"content-type": b"application/javascript"}
