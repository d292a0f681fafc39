import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from dermxai.core.errors import InputError
from dermxai.ui.access import hosts
from dermxai.ui.access.hosts import Authority, TrustedHosts, authority, trusted_hosts

OURS = "localhost:8501"
PATHS = (
    *("/", "/media/a.png", "/_stcore/health", "/_stcore/stream", "/_stcore/upload_file/a/b"),
    *("/_stcore/host-config", "/component/x/index.html", "/static/js/index.js", "/dataset"),
)


def answered(
    *headers: tuple[str, str],
    kind: str = "http",
    method: str = "GET",
    path: str = "/",
    server: str = "127.0.0.1",
    named: tuple[str, ...] = (),
) -> int | None:
    """The status of an answer, None where the application answered."""
    sent: list[Message] = []
    reached: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "server": (server, 8501),
    }
    if kind == "websocket":
        del scope["method"]
    with ThreadPoolExecutor() as aside:  # a browser's loop may run in this thread
        aside.submit(asyncio.run, TrustedHosts(app, named)(scope, receive, send)).result()
    if reached:
        assert not sent
        return None
    return int(sent[0].get("status", sent[0].get("code")))


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("path", PATHS)
class TestEveryPath:
    @pytest.mark.parametrize("host", [OURS, "localhost", "127.0.0.1:8501", "[::1]:8501"])
    def test_local_names_are_answered(self, path: str, kind: str, host: str) -> None:
        assert answered(("host", host), kind=kind, path=path) is None

    def test_another_name_is_not(self, path: str, kind: str) -> None:
        """As a page sends whose name was pointed at this computer, the same in host and origin."""
        status = {"http": 421, "websocket": 1008}[kind]
        headers = [("host", "evil.example:8501"), ("origin", "http://evil.example:8501")]
        assert answered(*headers, kind=kind, path=path) == status

    @pytest.mark.parametrize(
        "origin",
        [
            *("http://evil.example", "http://localhost:8502", "http://localhost", "null", ""),
            *("http://127.0.0.1:8501", "https://localhost.evil.example:8501", "file://"),
            *("http://localhost:8501@evil.example", "http://localhost:8501/", "ftp://localhost"),
            "http://localhost:8501 http://evil.example",
        ],
    )
    def test_a_page_of_another_origin_is_refused(self, path: str, kind: str, origin: str) -> None:
        status = {"http": 403, "websocket": 1008}[kind]
        assert answered(("host", OURS), ("origin", origin), kind=kind, path=path) == status


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "localhost.evil.example", "evil-localhost", "localhost:8501:1"),
        *("localhost@evil.example", "evil.example#localhost", "localhost,evil.example"),
        *("localhost/evil.example", "localhost evil.example", "127.0.0.1.evil.example", "0.0.0.0"),
        *("[::1", "::1", "[::ffff:10.0.0.1]", "[evil.example]", "localhost:99999", "localhost:x"),
        *("10.0.0.7:8501", "2130706433", "0x7f.1", "127.1", "%6cocalhost", "*", "localhost\tx"),
        *("ｌocalhost".encode().decode("latin-1"), "a" * 10_000),
    ],
)
def test_what_is_no_name_of_this_server_is_refused(host: str) -> None:
    assert answered(("host", host)) == 421
    assert answered(("host", host), ("origin", f"http://{host}"), kind="websocket") == 1008


def test_a_missing_or_repeated_host_is_refused() -> None:
    assert answered() == 421
    assert answered(("host", OURS), ("host", "evil.example")) == 421
    assert answered(("host", OURS), ("host", OURS)) == 421


def test_repeated_origins_are_refused() -> None:
    own = ("origin", f"http://{OURS}")
    assert answered(("host", OURS), own) is None
    assert answered(("host", OURS), own, own) == 403


@pytest.mark.parametrize("own", ["10.0.0.7", "fe80::7"])
def test_the_address_that_a_request_came_to_is_answered(own: str) -> None:
    """Who types it has no name resolved that could have been pointed here."""
    shown = f"[{own}]" if ":" in own else own
    headers = [("host", f"{shown}:8501"), ("origin", f"http://{shown}:8501")]
    assert answered(*headers, server=own) is None
    assert answered(*headers, server=own, kind="websocket") is None
    assert answered(*headers) == 421


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("derm.example.org", None), ("DERM.example.org.:443", None), (OURS, None)),
        *(("a.class.example.org", None), ("class.example.org", 421), ("xclass.example.org", 421)),
        ("evil.example", 421),
    ],
)
def test_hosts_that_are_named_are_answered_too(
    host: str, status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(hosts.SETTING, " derm.example.org., *.class.example.org ,")
    assert answered(("host", host), named=trusted_hosts()) == status


@pytest.mark.parametrize(
    "wrong", ["https://derm.example.org", "derm.example.org:8501", "*", "a b", "a/b", "*.", "-"]
)
def test_what_is_no_host_is_a_sentence(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hosts.SETTING, f"ok.example.org,{wrong}")
    with pytest.raises(InputError, match="without scheme and port"):
        trusted_hosts()


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_streamlits_own_list_alone_decides_where_it_is_set(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that pages and WebSockets are answered under the same names."""
    given = {"server.allowedHosts": ["derm.example.org"], "server.corsAllowedOrigins": []}
    monkeypatch.setattr(hosts.config, "get_option", given.__getitem__)
    assert answered(("host", "derm.example.org"), kind=kind) is None
    assert answered(("host", OURS), kind=kind) in {421, 1008}


def test_behind_a_proxy_that_takes_off_tls_the_page_is_ours() -> None:
    headers = [("host", "derm.example.org"), ("origin", "https://derm.example.org")]
    assert answered(*headers, named=("derm.example.org",)) is None
    assert (
        answered(("host", "derm.example.org:443"), headers[1], named=("derm.example.org",)) is None
    )


def test_origins_in_streamlits_list_are_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"server.allowedHosts": [], "server.corsAllowedOrigins": ["https://lms.example.org"]}
    monkeypatch.setattr(hosts.config, "get_option", given.__getitem__)
    assert answered(("host", OURS), ("origin", "https://lms.example.org")) is None
    assert answered(("host", OURS), ("origin", "https://evil.example")) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_lead_here_and_do_nothing_else(site: str) -> None:
    """Pictures and scripts of other pages come without an origin."""
    host, asked = ("host", OURS), ("sec-fetch-site", site)
    picture = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]
    frame = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
    link = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
    assert answered(host, asked, *picture, path="/media/a.png") == 403
    assert answered(host, asked, *frame) == 403
    assert answered(host, asked, *link) is None
    assert answered(host, asked, *link, method="POST") == 403
    assert answered(host, ("sec-fetch-site", "same-origin"), *picture) is None
    assert answered(host, ("sec-fetch-site", "none"), *link) is None


def test_the_servers_own_life_is_not_asked() -> None:
    assert answered(kind="lifespan") is None


def test_authorities() -> None:
    assert authority("LocalHost:80") == Authority("localhost", 80)
    assert authority("[::1]:8501") == Authority("::1", 8501)
    assert authority("a_b.example") == Authority("a_b.example", None)
    assert authority("a..b") is None
