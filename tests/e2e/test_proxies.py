"""Behind nginx and Caddy, as `deploy/` sets them up: TLS, WebSocket, a base path, and people whom
the proxy has logged in. With ``DERMXAI_REQUIRE_PROXIES=1``; both must be installed then."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dermxai.access import audit, codes
from dermxai.access.roles import Role
from dermxai.core import paths
from tests.e2e.conftest import PATIENCE, Server
from tests.e2e.visitor import Visitor

DEPLOY = paths.PROJECT / "deploy"
SECRET, PASSWORD = "correct horse battery", "staple"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        "DERMXAI_REQUIRE_PROXIES" not in os.environ,
        reason="DERMXAI_REQUIRE_PROXIES is not set; nginx and Caddy are tested nightly",
    ),
]


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    """A file of ``deploy/`` with what differs from one server to another."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, server: int, logs_in: bool) -> list[str]:
    """Its configuration; returns the command that starts it."""
    text = _replaced(
        (DEPLOY / "nginx.conf").read_text(),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("server_name dermxai.clinic.example;", "server_name localhost;"),
        ("/etc/ssl/dermxai", f"{folder}/tls"),
        ("127.0.0.1:8501", f"127.0.0.1:{server}"),
    )
    if logs_in:
        (folder / "people").write_text(f"anna:{{PLAIN}}{PASSWORD}\nbob:{{PLAIN}}{PASSWORD}\n")
        text = _replaced(
            text,
            (
                'X-Forwarded-User "";',
                "X-Forwarded-User $remote_user; auth_basic x; "
                f"auth_basic_user_file {folder}/people;",
            ),
            ('X-DermXAI-Proxy-Secret "";', f'X-DermXAI-Proxy-Secret "{SECRET}";'),
        )
    scratch = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in scratch)
    (folder / "whole.conf").write_text(
        f"{'user root;' if os.getuid() == 0 else ''} pid {folder}/pid; error_log {folder}/log;"
        f"events {{}} http {{ access_log off; {temporary} {text} }}"
    )
    return ["nginx", "-p", str(folder), "-c", f"{folder}/whole.conf", "-g", "daemon off;"]


def caddy(folder: Path, port: int, server: int, logs_in: bool) -> list[str]:
    """Its configuration; returns the command that starts it."""
    text = _replaced(
        (DEPLOY / "Caddyfile").read_text(),
        ("https://dermxai.clinic.example", f"https://localhost:{port}"),
        ("/etc/ssl/dermxai", f"{folder}/tls"),
        ("127.0.0.1:8501", f"127.0.0.1:{server}"),
        ("admin off", "admin off\n\tauto_https disable_redirects"),
    )
    if logs_in:
        hashed = subprocess.check_output(
            ["caddy", "hash-password", "--plaintext", PASSWORD], text=True
        ).strip()
        text = _replaced(
            text,
            ("request_body {", f"basicauth {{\nanna {hashed}\nbob {hashed}\n}}\nrequest_body {{"),
            ("header_up -X-Forwarded-User", "header_up X-Forwarded-User {http.auth.user.id}"),
            (
                "header_up -X-DermXAI-Proxy-Secret",
                f'header_up X-DermXAI-Proxy-Secret "{SECRET}"',
            ),
        )
    (folder / "Caddyfile").write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


@pytest.fixture(scope="module")
def server(
    home: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    mine = tmp_path_factory.mktemp("proxied")
    shutil.copytree(home, mine, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.log"))
    (mine / "access.toml").write_text('[people]\noperator = ["anna"]\n')
    running = Based(
        mine,
        *("--server.baseUrlPath", "dermxai"),
        environment={"DERMXAI_ROOTS": str(home), "DERMXAI_PROXY_SECRET": SECRET},
    )
    yield running
    running.kill()


class Based(Server):
    """A server beneath a path."""

    @property
    def address(self) -> str:
        return f"{super().address}/dermxai"


@pytest.fixture
def workspace(server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's."""
    monkeypatch.setenv("DERMXAI_HOME", str(server.home))
    return server.home


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def address(
    request: pytest.FixtureRequest, server: Server, workspace: Path, tmp_path: Path
) -> Iterator[str]:
    """Of the proxy, which logs people in where the test is marked so."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(tmp_path / "tls.key"), "-out", str(tmp_path / "tls.crt")),
        ],
        check=True,
        capture_output=True,
    )
    port, logs_in = _free(), "logged_in" in request.node.name
    command = request.param(tmp_path, port, server.port, logs_in)
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, (tmp_path / "output").read_text()
        time.sleep(0.1)
    yield f"https://localhost:{port}/dermxai"
    process.terminate()
    process.wait()


@contextmanager
def asking(
    browser: Browser, headers: dict[str, str], username: str = ""
) -> Iterator[Callable[[str], int]]:
    """Asks for an address with headers of a visitor's own; the status of the answer."""
    person = {"username": username, "password": PASSWORD} if username else None
    context = browser.new_context(
        ignore_https_errors=True, extra_http_headers=headers, http_credentials=person
    )
    yield lambda address: context.request.get(address, headers={"Accept": "*/*"}).status
    context.close()


def test_people_log_in_by_a_code(address: str, browser: Browser, server: Server) -> None:
    _, text = codes.make("Students", Role.VIEWER, 1)
    context = browser.new_context(
        ignore_https_errors=True, viewport={"width": 1280, "height": 1000}
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda opened: sockets.append(opened.url))
    page.goto(f"{address}/performance")
    expect(page).to_have_url(re.compile(r"/dermxai/login\?next="))
    page.get_by_label("Access code").fill(text)
    page.get_by_role("button", name="Log in").click()
    visitor = Visitor(page, address)
    expect(visitor.sidebar.get_by_text("Students · viewer")).to_be_visible()
    expect(page.get_by_role("heading", name="Performance")).to_be_visible()
    assert sockets and sockets[0].startswith("wss://")
    (cookie,) = (each for each in context.cookies() if each["name"].startswith("dermxai_"))
    assert cookie["secure"] and cookie["httpOnly"] and cookie["path"] == "/dermxai/"
    visitor.open("Image")
    expect(page.locator("img").first).to_be_visible()
    visitor.sidebar.get_by_role("link", name="Log out").click()
    expect(page.get_by_label("Access code")).to_be_visible()
    context.close()
    # a visitor who names somebody, and has come by the secret, is not believed through the proxy
    with asking(browser, {"X-Forwarded-User": "anna", "X-DermXAI-Proxy-Secret": SECRET}) as ask:
        assert ask(f"{address}/") == 401
    with asking(browser, {"X-Forwarded-User": "anna"}) as ask:
        assert ask(f"{server.address}/") == 401


def test_people_are_logged_in_by_the_proxy(address: str, browser: Browser, server: Server) -> None:
    context = browser.new_context(
        ignore_https_errors=True, http_credentials={"username": "anna", "password": PASSWORD}
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{address}/performance")
    visitor = Visitor(page, address)
    expect(visitor.sidebar.get_by_text("anna · operator")).to_be_visible()
    expect(page.get_by_role("heading", name="Performance")).to_be_visible()
    context.close()
    newest = next(each for each in audit.entries() if each["action"] == "opened dataset")
    assert newest["person"] == "proxy anna"
    forged = {"X-Forwarded-User": "anna"}
    with asking(browser, forged, username="bob") as ask:
        assert ask(f"{address}/") == 403, "bob has no role, whatever he sends"
    with asking(browser, forged) as ask:
        assert ask(f"{address}/") == 401
        assert ask(f"{server.address}/") == 401
