"""The class benchmark: what it counts, against a server of a few lines."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import numpy as np
import pytest

from benchmarks.classroom import Seen
from benchmarks.visitor import Page


def _seen(times: list[float], problems: tuple[str, ...] = ()) -> Seen:
    seen = Seen()
    for seconds in times:
        seen.note("image", Page(seconds, problems=list(problems)))
    return seen


@pytest.mark.parametrize(
    ("times", "problems", "holds"),
    [
        ([0.5] * 95 + [4.9] * 5, (), True),
        ([0.5] * 94 + [4.9] * 6, (), False),
        ([0.5] * 99 + [5.1], (), False),
        ([0.5] * 100, ("an error",), False),
        ([], (), False),
    ],
)
def test_the_goal(times: list[float], problems: tuple[str, ...], holds: bool) -> None:
    seen = _seen(times, problems)
    assert seen.holds is holds
    assert len(seen.all) == len(times)


@pytest.mark.parametrize(
    "lost",
    [ConnectionError("hung up"), TimeoutError(), aiohttp.ServerDisconnectedError(), OSError(1)],
)
def test_a_lost_connection_is_an_error(lost: Exception) -> None:
    seen = _seen([0.5] * 100)
    assert seen.holds
    with seen.noting("a student"):
        raise lost
    assert not seen.holds and seen.problems[0].startswith("a student gave up: ")


def test_a_view_ends_when_its_pictures_are_there() -> None:
    """A server that speaks Streamlit's protocol: a picture is replaced, one stays, one is missing.
    Each takes 0.2 s."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route, WebSocketRoute
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    from benchmarks.visitor import Visitor

    asked: list[str] = []

    async def media(request):
        asked.append(request.url.path)
        await asyncio.sleep(0.2)
        there = "missing" not in request.url.path and "old" not in request.url.path
        return Response(b"1" * 100, 200 if there else 404)

    def image(place: int, url: str) -> bytes:
        message = ForwardMsg()
        message.metadata.delta_path.extend([0, place])
        message.delta.new_element.imgs.imgs.add().url = url
        return message.SerializeToString()

    async def stream(socket):
        await socket.accept(subprotocol="streamlit")
        while (await socket.receive())["type"] == "websocket.receive":
            for place, url in enumerate(("/media/old.jpg", "/media/a.jpg", "/media/missing.jpg")):
                await socket.send_bytes(image(place, url))
            await socket.send_bytes(image(0, "/media/new.jpg"))
            ended = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)
            await socket.send_bytes(ended.SerializeToString())

    async def fine(_request):
        return Response("ok")

    app = Starlette(
        routes=[
            WebSocketRoute("/_stcore/stream", stream),
            Route("/media/{name}", media),
            Route("/{path:path}", fine),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]

    async def look() -> tuple[Page, Page]:
        async with Visitor(port, host="127.0.0.1") as visitor:
            return await visitor.view("image", "run=a"), await visitor.view("image", "run=a")

    try:
        # a thread of its own: a browser of other tests may have a loop in this one
        with ThreadPoolExecutor(1) as pool:
            first, again = pool.submit(asyncio.run, look()).result()
    finally:
        server.should_exit = True
        thread.join(10)
    assert first.problems == ["/media/missing.jpg is not there"]  # the old one was replaced
    assert (first.images, len(asked)) == (2, 5)  # what is there already is not fetched again
    assert first.seconds >= 0.2
    assert again.images == 0
    assert np.isfinite(again.seconds)
