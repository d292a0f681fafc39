import re
from base64 import b64encode
from hashlib import sha256

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dermxai.ui.access import middleware
from dermxai.ui.access.headers import FILE_POLICY, OTHERS, PAGE, policy
from dermxai.ui.access.routes import is_open

HOST = "http://localhost:8501"


@pytest.fixture
def client() -> TestClient:
    """An application behind the same middleware as the real one."""

    async def answer(request) -> Response:
        kind = request.query_params.get("kind", "text/html")
        return Response("content", media_type=kind, headers={"X-Frame-Options": "ALLOWALL"})

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{path:path}", answer, methods=["GET", "PUT", "OPTIONS"]),
    ]
    app = Starlette(routes=routes, middleware=middleware())
    return TestClient(app, base_url=HOST)


@pytest.mark.parametrize("path", ["/", "/media/a.html", "/_stcore/metrics", "/nothing"])
@pytest.mark.parametrize("host", ["localhost:8501", "evil.example"])
def test_every_answer_bears_the_headers(client: TestClient, path: str, host: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert {name: answer.headers[name] for name in OTHERS} == OTHERS
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


def test_files_may_do_nothing(client: TestClient) -> None:
    for kind in ("image/svg+xml", "image/png", "application/xhtml+xml", "text/xml", "text/plain"):
        assert client.get("/", params={"kind": kind}).headers["Content-Security-Policy"] == (
            FILE_POLICY
        )
    assert "sandbox" in FILE_POLICY and "script" not in FILE_POLICY


def test_the_policy_knows_no_place_but_this_server() -> None:
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy(PAGE.read_text()).split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert rules["img-src"] == ["'self'", "data:", "blob:"]
    assert rules["frame-ancestors"] == ["'self'"]
    assert "'unsafe-inline'" not in rules["script-src"]
    for sources in rules.values():
        for source in sources:
            assert source in {"data:", "blob:"} or re.fullmatch(r"'[\w+/=-]+'", source)


def test_inline_scripts_are_allowed_by_what_they_say() -> None:
    digest = sha256(b" a() ").digest()
    said = policy("<script> a() </script><script src=x></script>")
    assert f"'sha256-{b64encode(digest).decode()}'" in said
    assert said.count("sha256") == 1


@pytest.mark.parametrize("base", ["", "/derm/class"])
@pytest.mark.parametrize(
    ("path", "open_"),
    [
        *(("/", True), ("/dataset", True), ("/media/a.png", True), ("/_stcore/health", True)),
        *(("/_stcore/stream", True), ("/_stcore/upload_file/a/b", True)),
        *(("/_stcore/host-config", True), ("/_stcore/bidi-components/x/y.js", True)),
        *(("/_stcore/metrics", False), ("/_stcore/metrics/", False), ("/_stcore//metrics", False)),
        *(("/_stcore/agent/openapi.json", False), ("/_stcore/agent/interact", False)),
        *(("/_stcore/agent/mcp", False), ("/_stcore/new", False), ("/_stcore/", False)),
        *(("/_stcore/health/../metrics", False), ("/_stcore/script-health-check", False)),
    ],
)
def test_beneath_the_core_only_what_the_page_asks_for_is_open(
    base: str, path: str, open_: bool, client: TestClient
) -> None:
    assert is_open(base + path) is open_
    if not open_:
        assert client.request("OPTIONS", "/_stcore/metrics").status_code == 404


def test_percent_signs_hide_no_route(client: TestClient) -> None:
    assert client.get("/%5fstcore/%6detrics").status_code == 404


def test_a_refused_socket_is_never_accepted(client: TestClient) -> None:
    with client.websocket_connect("/_stcore/stream", headers={"Host": "localhost"}):
        pass
    other_port = {"Host": "localhost", "Origin": "http://localhost:1"}
    for headers in ({"Host": "evil.example"}, other_port):
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/_stcore/stream", headers=headers),
        ):
            pass
        assert refused.value.code == 1008
