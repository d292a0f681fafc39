"""What visitors send, against Streamlit's own server in this process."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit import App, config, runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime

from dermxai.ui.session import uploads

VISITOR, SERVER = 60_000, 100_000  # bytes


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(uploads, "VISITOR_BYTES", VISITOR)
    monkeypatch.setattr(uploads, "SERVER_BYTES", SERVER)
    monkeypatch.setattr(uploads, "A_FILE", 1000)
    config.set_option("server.enableXsrfProtection", False)
    script = tmp_path / "script.py"
    script.write_text("import streamlit as st\nst.file_uploader('x')\n")
    app = App(script, middleware=[Middleware(uploads.Uploads)])
    with TestClient(app) as client:
        yield client
    config.set_option("server.enableXsrfProtection", True)
    Runtime._instance = None  # one a process, says Streamlit


class Visit:
    """A browser's connection, and its session."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.socket = client.websocket_connect("/_stcore/stream", subprotocols=["streamlit", "x"])
        self.socket.__enter__()
        message = BackMsg()
        message.rerun_script.query_string = ""
        self.socket.send_bytes(message.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(self.socket.receive_bytes())
            if said.WhichOneof("type") == "new_session":
                self.session = said.new_session.initialize.session_id
                break

    def send(self, size: int, name: str = "a") -> int:
        place = f"/_stcore/upload_file/{self.session}/{name}"
        answer = self.client.put(place, files={"file": ("x.png", bytes(size))})
        return answer.status_code

    def leave(self) -> None:
        self.socket.__exit__(None, None, None)


def held() -> int:
    return uploads._held().total()


def on_the_loop(client: TestClient, gone: dict[str, float], now: float) -> None:
    assert client.portal is not None

    async def free() -> None:
        uploads.free(gone, now)

    client.portal.call(free)


def test_a_visitor_has_a_share_and_all_visitors_have_one(client: TestClient) -> None:
    one, other = Visit(client), Visit(client)
    assert one.send(30_000, "a") == 204
    assert one.send(20_000, "b") == 204
    assert one.send(20_000, "c") == 413
    assert other.send(30_000, "a") == 204
    assert other.send(25_000, "b") == 413  # within his own share
    assert held() <= SERVER
    one.leave()
    other.leave()


def test_many_empty_files_have_an_end(client: TestClient) -> None:
    visit = Visit(client)
    answers = [visit.send(0, str(number)) for number in range(80)]
    assert answers[0] == 204
    assert answers[-1] == 413
    visit.leave()


def test_what_is_longer_than_it_says_is_stopped_on_its_way() -> None:
    asked = 0

    async def app(_scope: object, receive: object, send: object) -> None:
        while (await receive())["more_body"]:  # type: ignore[operator]
            pass

    async def receive() -> dict[str, object]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": bytes(1_000_000), "more_body": True}

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/s/f", "headers": []}
    middleware = uploads.Uploads(app)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as aside:
        aside.submit(asyncio.run, middleware(scope, receive, send)).result()  # type: ignore[arg-type]
    assert sent[0]["status"] == 413
    assert asked <= uploads.VISITOR_BYTES / 1_000_000 + 1
    assert not middleware.incoming


def test_files_go_with_their_visitor_who_may_come_back_for_a_while(client: TestClient) -> None:
    visit, stays = Visit(client), Visit(client)
    assert visit.send(20_000) == stays.send(10_000) == 204
    both, gone = held(), {}
    on_the_loop(client, gone, 0.0)
    assert held() == both
    visit.leave()
    while runtime.get_instance()._session_mgr.is_active_session(visit.session):
        pass
    on_the_loop(client, gone, 1.0)
    assert held() == both
    on_the_loop(client, gone, 1.0 + uploads.GRACE)
    assert held() == 11_000
    stays.leave()


def test_files_of_those_whom_streamlit_has_forgotten_go_too(client: TestClient) -> None:
    visit = Visit(client)
    assert visit.send(20_000) == 204
    visit.leave()
    sessions = runtime.get_instance()._session_mgr
    while sessions.is_active_session(visit.session):
        pass
    sessions._session_storage._cache.clear()  # as after two minutes
    assert held() > 0
    on_the_loop(client, {}, 0.0)
    assert held() == 0
