"""The middleware around an application that says what reaches it, and around Streamlit's routes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

from dermxai.access import audit, codes, gate
from dermxai.access.files import access_folder, audit_log, codes_file, rules_file
from dermxai.access.roles import Role
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.access import identity, login, socket
from dermxai.ui.access.login import Login, check_address

PAGE = {"Accept": "text/html"}


class Inside:
    """What lies behind the middleware: answers all, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        if scope["type"] == "websocket":
            websocket = WebSocket(scope, receive, send)
            await websocket.accept()
            with suppress(WebSocketDisconnect):
                while True:
                    await websocket.send_bytes(b"did " + await websocket.receive_bytes())
            return
        while scope["method"] in {"PUT", "POST"} and (await receive()).get("more_body"):
            pass
        headers = [(b"cache-control", b"public, max-age=9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"inside"})

    @property
    def reference(self) -> str | None:
        """Who the newest request came from, as it says."""
        found = [value for name, value in self.asked[-1]["headers"] if name == b"x-dermxai-person"]
        assert len(found) < 2
        return identity.unsealed(found[0].decode()) if found else None


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_COST", 2**10)


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def client(inside: Inside) -> TestClient:
    return _client(inside)


def _client(inside: Any, address: str = "127.0.0.1", base: str = "http://127.0.0.1") -> TestClient:
    return TestClient(Login(inside), base, client=(address, 5000), follow_redirects=False)


@pytest.fixture
def option() -> Iterator[Any]:
    """Sets options of Streamlit for a test."""
    before: dict[str, Any] = {}

    def put(name: str, value: Any) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield put
    for name, value in before.items():
        config.set_option(name, value)


def _stream(client: TestClient, path: str = "/_stcore/stream") -> Any:
    return client.websocket_connect(f"ws://127.0.0.1{path}")


def _enter(client: TestClient, role: Role = Role.VIEWER, **more: str) -> tuple[codes.Code, Any]:
    code, text = codes.make("Students", role, 30)
    return code, client.post("/login", data={"code": text, **more})


def _routes() -> list[str]:
    """A path of each route of this Streamlit's."""
    patterns = [getattr(route, "path", "") for route in create_streamlit_routes(MagicMock())]
    return sorted(
        {pattern.replace("{", "").replace(":path}", "").replace("}", "") for pattern in patterns}
    )


def test_on_a_laptop_nothing_is_noticed(client: TestClient, inside: Inside) -> None:
    for path in ("/", "/login", "/media/a.png"):
        answer = client.get(path, headers=PAGE)
        assert (answer.status_code, answer.text) == (200, "inside")
        assert answer.headers["cache-control"] == "public, max-age=9"
    with _stream(client) as websocket:
        websocket.send_bytes(b"x")
        assert websocket.receive_bytes() == b"did x"
    assert not access_folder().exists()


def test_every_route_of_streamlit_asks_for_the_login(client: TestClient, inside: Inside) -> None:
    codes.make("Students", Role.VIEWER, 30)
    routes = _routes()
    assert {"/_stcore/stream", "/media/file_id", "/_stcore/agent/mcp"} <= set(routes)
    for path in [*routes, "/", "/image", "/whatever/comes/next", "/login/", "//login", "/x/login"]:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = client.request(method, f"http://127.0.0.1{path}")
            wanted = 200 if path == login.HEALTH else 401
            assert answer.status_code == wanted, (method, path)
        with pytest.raises(WebSocketDisconnect), _stream(client, path):
            pass
    assert {scope["path"] for scope in inside.asked} == {login.HEALTH}


@pytest.mark.parametrize(
    "path",
    [
        *("/_stcore/health/../stream", "/_stcore/health%2f..%2fstream", "/_stcore/health/x"),
        *("/login/login.js/../../media/a", "/login/login.js%00", "/login;/media/a", "/LOGIN"),
        *("/_stcore/health%3f", "/%6cogin/../image", "/oauth2callback", "/auth/login"),
    ],
)
def test_no_spelling_of_an_open_path_opens_another(
    path: str, client: TestClient, inside: Inside
) -> None:
    codes.make("Students", Role.VIEWER, 30)
    client.get(path)
    assert {scope["path"] for scope in inside.asked} <= {login.HEALTH}


def test_a_code_opens_what_was_asked_for(client: TestClient, inside: Inside) -> None:
    code, text = codes.make("Students", Role.VIEWER, 30)
    asked = client.get("/image?run=a&primary=b%2Fc", headers=PAGE)
    assert asked.status_code == 303
    then = parse_qs(urlsplit(asked.headers["location"]).query)["next"][0]
    assert text not in client.get(asked.headers["location"]).text
    answer = client.post("/login", data={"code": text, "next": then})
    assert (answer.status_code, answer.headers["location"]) == (303, "/image?run=a&primary=b%2Fc")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    assert client.get("/image").text == "inside"
    person = gate.person(inside.reference)
    assert person and (person.id, person.role) == (f"code {code.id}", Role.VIEWER)
    assert [entry["action"] for entry in audit.entries()] == ["logged in"]


def test_images_are_kept_by_no_cache_between(client: TestClient) -> None:
    _enter(client)
    assert client.get("/media/a.png").headers["cache-control"] == "private, max-age=9"


@pytest.mark.parametrize(
    "then",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "evil"),
        *("/\n/evil.example", "javascript:alert(1)", "/" + "a" * 3000, "//", "/\t/evil.example"),
        "http:///x",
    ],
)
def test_it_leads_nowhere_else(then: str, client: TestClient) -> None:
    _, answer = _enter(client, next=then)
    assert answer.headers["location"] == "/"
    page = client.get("/login", params={"next": then}).text
    assert "evil" not in page and "javascript:" not in page


def test_over_tls_the_cookie_is_secure(inside: Inside) -> None:
    _, answer = _enter(_client(inside, base="https://127.0.0.1"))
    assert "secure" in answer.headers["set-cookie"].lower()


def test_who_a_request_comes_from_is_never_taken_from_outside(
    client: TestClient, inside: Inside
) -> None:
    """A name of an open visit, which a viewer may learn of his own, helps nobody."""
    client.get("/", headers={"X-DermXAI-Person": "visit x", "X-DermXAI-Proxy-Secret": "y"})
    assert inside.reference is None
    other = _client(inside)
    _enter(other, Role.ADMIN)
    other.get("/")
    admin = inside.reference
    assert admin
    assert identity.unsealed(admin) is identity.unsealed(f"x {admin}") is None, "not from here"
    assert client.get("/", headers={"X-DermXAI-Person": admin}).status_code == 401
    code, _ = _enter(client)
    client.get("/", headers={"X-DermXAI-Person": admin})
    person = gate.person(inside.reference)
    assert person and person.id == f"code {code.id}"


def test_a_withdrawn_code_ends_its_visits_at_once(
    client: TestClient, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "WATCH", 0.05)
    code, _ = _enter(client)
    with _stream(client) as websocket:
        websocket.send_bytes(b"first")
        assert websocket.receive_bytes() == b"did first"
        codes.withdraw(code.id)
        away = ForwardMsg.FromString(websocket.receive_bytes())
        assert away.auth_redirect.url == "/login"
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_bytes()
        assert closed.value.code == socket.ENDED
    assert client.get("/").status_code == 401


def test_nothing_is_done_after_the_withdrawal_however_quick(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the browser asks for is judged as it comes, not only when somebody looks."""
    monkeypatch.setattr(socket, "WATCH", 1000)
    code, _ = _enter(client)
    with _stream(client) as websocket:
        codes.withdraw(code.id)
        websocket.send_bytes(b"delete everything")
        assert ForwardMsg.FromString(websocket.receive_bytes()).auth_redirect.url
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_bytes()


def test_codes_that_are_made_end_visits_without_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "WATCH", 0.05)
    with _stream(client) as websocket:
        codes.make("Students", Role.VIEWER, 30)
        assert ForwardMsg.FromString(websocket.receive_bytes()).auth_redirect.url
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_bytes()


def test_logging_out_ends_the_visit_and_its_cookie(client: TestClient) -> None:
    _enter(client)
    cookies = dict(client.cookies)
    assert client.get("/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/").status_code == 200
    answer = client.get("/logout")
    assert answer.headers["location"] == "/login"
    client.cookies.clear()
    client.cookies.update(cookies)
    assert client.get("/").status_code == 401, "the cookie is good for nothing any more"


def test_another_code_ends_the_visit_before(client: TestClient) -> None:
    _enter(client)
    before = dict(client.cookies)
    _enter(client, Role.ADMIN)
    assert client.get("/").status_code == 200
    client.cookies.clear()
    client.cookies.update(before)
    assert client.get("/").status_code == 401


def test_those_who_guess_are_slowed_and_others_are_not(client: TestClient, inside: Inside) -> None:
    _, text = codes.make("Students", Role.VIEWER, 30)
    other, _ = codes.make("Teacher", Role.ADMIN, 30)
    said = [client.post("/login", data={"code": f"{other.id}-{n}"}).status_code for n in range(7)]
    assert said == [401] * 5 + [429] * 2
    assert "Retry-After" in client.post("/login", data={"code": other.id}).headers
    assert client.post("/login", data={"code": text}).status_code == 303, "of the same network"
    elsewhere = _client(inside, "10.0.0.9")
    assert elsewhere.post("/login", data={"code": other.id}).status_code == 401
    refused = [entry for entry in audit.entries() if entry["action"] == "login refused"]
    assert len(refused) == 6
    assert refused[-1] == refused[-1] | {"address": "127.0.0.1", "code": other.id}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:99"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_server_logs_nobody_in(
    headers: dict[str, str], client: TestClient
) -> None:
    _, text = codes.make("Students", Role.VIEWER, 30)
    answer = client.post("/login", data={"code": text}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body", [b"code=" + b"a" * 9000, b"\xff", b"&" * 2000, b"code=a&" * 99, b""]
)
def test_odd_forms_are_no_code(body: bytes, client: TestClient) -> None:
    codes.make("Students", Role.VIEWER, 30)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=body, headers=kind).status_code == 401


def test_the_page_shows_no_code_of_a_person_as_html(client: TestClient) -> None:
    _, text = codes.make("<script>alert(1)</script>", Role.VIEWER, 30)
    client.post("/login", data={"code": text})
    page = client.get("/login")
    assert "&lt;script&gt;alert" in page.text and "<script>alert" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/login/login.js").headers["content-type"].startswith("text/javascript")


def test_damaged_codes_are_logged_and_let_nobody_in(
    client: TestClient, inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    _enter(client)
    codes_file().write_text("{")
    answer = client.get("/")
    assert (answer.status_code, answer.text) == (503, login.BROKEN)
    assert "codes.json is damaged" in caplog.text
    with pytest.raises(WebSocketDisconnect), _stream(client):
        pass
    assert not inside.asked


def test_uploads_are_noted_without_names(client: TestClient) -> None:
    _enter(client)
    client.put("/_stcore/upload_file/session/anna-meyer.png", content=b"x" * 77)
    client.delete("/_stcore/upload_file/session/anna-meyer.png")
    newest, *_ = audit.entries()
    assert (newest["action"], newest["bytes"]) == ("uploaded", 77)
    assert "meyer" not in audit_log().read_text()


@pytest.mark.parametrize(
    ("client_", "server", "headers"),
    [
        ("10.0.0.9", "10.0.0.1", {}),
        ("10.0.0.9", "127.0.0.1", {}),
        ("127.0.0.1", "10.0.0.1", {}),
        ("2001:db8::9", "[::1]", {}),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 10.0.0.9"}),
        ("127.0.0.1", "127.0.0.1", {"X-Real-IP": "10.0.0.9"}),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=10.0.0.9"}),
    ],
)
def test_from_the_network_nobody_comes_in_without_login_or_teaching(
    client_: str,
    server: str,
    headers: dict[str, str],
    inside: Inside,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However the server was started: what counts is where a request comes from."""
    there = _client(inside, client_, f"http://{server}")
    answer = there.get("/", headers=headers)
    assert answer.status_code == 403 and "access make" in answer.text
    with (
        pytest.raises(WebSocketDisconnect),
        there.websocket_connect(f"ws://{server}/x", headers=headers),
    ):
        pass
    assert not inside.asked
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    assert there.get("/", headers=headers).text == "inside"
    monkeypatch.delenv("DERMXAI_TEACHING")
    _enter(there)
    assert there.get("/", headers=headers).text == "inside"


@pytest.mark.parametrize("client_", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_computer_has_several_addresses(client_: str, inside: Inside) -> None:
    assert _client(inside, client_, "http://[::1]").get("/").text == "inside"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", None, "10.0.0.1", "dermxai.example"])
def test_listening_on_the_network_without_a_login_is_refused(
    address: str | None, option: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    option("server.address", address)
    with pytest.raises(InputError, match="make access codes"):
        check_address()
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    check_address()
    monkeypatch.delenv("DERMXAI_TEACHING")
    code, _ = codes.make("Students", Role.VIEWER, 30)
    codes.withdraw(code.id)
    check_address()


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.0.0.2"])
def test_listening_on_this_computer_needs_none(address: str, option: Any) -> None:
    option("server.address", address)
    check_address()


SECRET = "correct horse battery"


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(identity.SECRET, SECRET)
    paths.home().mkdir(parents=True)
    rules_file().write_text('[people]\noperator = ["anna"]')


def test_a_proxy_that_knows_the_secret_says_who_somebody_is(
    proxied: None, client: TestClient, inside: Inside
) -> None:
    from_proxy = {"X-DermXAI-Proxy-Secret": SECRET, "X-Forwarded-User": "anna"}
    assert client.get("/", headers=from_proxy).text == "inside"
    person = gate.person(inside.reference)
    assert person and (person.id, person.role) == ("proxy anna", Role.OPERATOR)
    assert SECRET not in str(inside.asked), "nobody inside is told the secret"
    assert client.get("/", headers=from_proxy | {"X-Forwarded-User": "bob"}).status_code == 403
    rules_file().write_text("")
    assert client.get("/", headers=from_proxy).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-User", "anna")],
        [("X-Forwarded-User", "anna"), ("X-DermXAI-Proxy-Secret", "")],
        [("X-Forwarded-User", "anna"), ("X-DermXAI-Proxy-Secret", SECRET[:-1])],
        [("X-Forwarded-User", "anna"), ("X-DermXAI-Proxy-Secret", "ä")],
        [("X-DermXAI-Proxy-Secret", SECRET)],
        [("X-DermXAI-Proxy-Secret", SECRET), ("X-Forwarded-User", " ")],
        [
            ("X-DermXAI-Proxy-Secret", SECRET),
            ("X-Forwarded-User", "anna"),
            ("X-Forwarded-User", "bob"),
        ],
    ],
)
def test_nobody_else_says_who_somebody_is(
    headers: list[tuple[str, str]], proxied: None, client: TestClient, inside: Inside
) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    assert client.get("/", headers=encoded).status_code == 401
    assert not inside.asked


def test_a_short_secret_is_refused(option: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(identity.SECRET, "short")
    with pytest.raises(InputError, match="longer one"):
        check_address()


def test_beneath_a_base_path(option: Any, inside: Inside) -> None:
    option("server.baseUrlPath", "dermxai")
    client = _client(inside)
    codes.make("Students", Role.VIEWER, 30)
    assert client.get("/dermxai/_stcore/health").text == "inside"
    for path in ("/dermxai/", "/dermxai", "/dermxai/media/a", "/dermxaix/login", "/media/a"):
        assert client.get(path).status_code == 401, path
    asked = client.get("/dermxai/image?a=b", headers=PAGE).headers["location"]
    assert asked == "/dermxai/login?next=%2Fdermxai%2Fimage%3Fa%3Db"
    page = client.get(asked).text
    assert 'action="/dermxai/login"' in page and 'src="/dermxai/login/login.js"' in page
    assert client.get("/dermxai/login/login.js").status_code == 200
    _, text = codes.make("Students", Role.VIEWER, 30)
    answer = client.post("/dermxai/login", data={"code": text, "next": "/elsewhere"})
    assert answer.headers["location"] == "/dermxai/"
    assert "Path=/dermxai/;" in answer.headers["set-cookie"]
    assert client.get("/dermxai/image").text == "inside"


def test_the_app_puts_it_in_front_of_streamlit() -> None:
    import app

    assert Login in [each.cls for each in app.app._user_middleware]


def test_the_server_says_in_a_sentence_why_it_does_not_start() -> None:
    begun = subprocess.run(
        [
            *(sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"),
            *("--server.address", "0.0.0.0", "--server.headless", "true"),
        ],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert begun.returncode == 1
    assert "Traceback" not in begun.stderr
    assert "The server is to listen on 0.0.0.0" in begun.stderr.splitlines()[-1]
