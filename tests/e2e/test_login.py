"""Logging in by a code and by an identity provider, in Chromium."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from dermxai.access import audit, codes, visits
from dermxai.access.files import rules_file
from dermxai.access.roles import Role
from dermxai.ui.access import identity
from tests.e2e.conftest import PATIENCE, Server
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e

PEOPLE = (
    User(sub="anna", claims={"name": "Anna", "groups": ["derma"]}),
    User(sub="bob", claims={"name": "Bob", "groups": ["surgery"]}),
)


@pytest.fixture(scope="module")
def closed(
    home: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server to which people log in by codes and by an identity provider."""
    mine = tmp_path_factory.mktemp("closed")
    shutil.copytree(home, mine, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.log"))
    (mine / "access.toml").write_text('[claim]\nname = "groups"\noperator = ["derma"]\n')
    secrets = mine / "secrets.toml"
    with run_server_in_thread(user_claims=PEOPLE) as provider:
        secrets.write_text(
            f"""[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "{"0123456789abcdef" * 4}"
client_id = "dermxai"
client_secret = "secret"
server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"
"""
        )
        options = ("--secrets.files", str(secrets))
        running = Server(mine, *options, environment={"DERMXAI_ROOTS": str(home)})
        yield running
        running.kill()


@pytest.fixture
def workspace(closed: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's."""
    monkeypatch.setenv("DERMXAI_HOME", str(closed.home))
    return closed.home


@pytest.fixture
def context(browser: Browser, workspace: Path) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def _came_in(page: Page, closed: Server, name: str) -> Visitor:
    visitor = Visitor(page, closed.address)
    expect(visitor.sidebar.get_by_text(name)).to_be_visible()
    visitor.settled()
    return visitor


def test_a_link_with_a_code_opens_and_its_withdrawal_closes(page: Page, closed: Server) -> None:
    code, text = codes.make("Students", Role.VIEWER, 1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{closed.address}/login?next=/performance#{text}")
    visitor = _came_in(page, closed, "Students · viewer")
    expect(page.get_by_role("heading", name="Performance")).to_be_visible()
    assert not any(text in url for url in (*asked, page.url)), "no code in an address"
    for name in ("Fine-tune", "Run inference again"):
        expect(visitor.sidebar.get_by_role("button", name=name)).to_have_count(0)
    codes.withdraw(code.id)
    expect(page.get_by_label("Access code")).to_be_visible()
    page.goto(f"{closed.address}/image")
    expect(page.get_by_label("Access code")).to_be_visible()
    opened = [entry for entry in audit.entries() if entry["action"] == "opened dataset"]
    assert opened and opened[0]["dataset"] in {"atlas", "more"}
    assert opened[0]["person"] == f"code {code.id}"


def test_a_wrong_code_is_said(page: Page, closed: Server) -> None:
    codes.make("Somebody", Role.VIEWER, 1)
    page.goto(f"{closed.address}/image?x=1")
    page.get_by_label("Access code").fill("nonsense")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")


def test_an_identity_provider_lets_in_who_has_a_role(
    page: Page, context: BrowserContext, closed: Server
) -> None:
    page.goto(f"{closed.address}/performance")
    page.get_by_role("link", name="Log in with your account").click()
    page.get_by_role("button", name="anna", exact=True).click()
    visitor = _came_in(page, closed, "Anna · operator")
    expect(page.get_by_role("heading", name="Performance")).to_be_visible()
    expect(visitor.sidebar.get_by_role("button", name="Fine-tune")).to_be_visible()
    cookies = context.cookies()
    assert audit.entries()[0]["person"] == "oidc anna"

    rules_file().write_text('[claim]\nname = "groups"\nviewer = ["derma"]\n')
    page.reload()
    _came_in(page, closed, "Anna · viewer")
    visitor.sidebar.get_by_role("link", name="Log out").click()
    page.wait_for_url(re.compile("end_session|/login"))
    context.clear_cookies()
    context.add_cookies(cookies)
    page.goto(f"{closed.address}/performance")
    expect(page.get_by_role("link", name="Log in with your account")).to_be_visible()


def test_who_has_no_role_is_told_so_and_sees_nothing(page: Page, closed: Server) -> None:
    page.goto(closed.address)
    page.get_by_role("link", name="Log in with your account").click()
    page.get_by_role("button", name="bob", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("no role")
    expect(page.get_by_text("You are logged in as Bob")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_count(0)


def test_a_refusal_at_the_provider_comes_back_to_the_login(page: Page, closed: Server) -> None:
    page.goto(closed.address)
    page.get_by_role("link", name="Log in with your account").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("link", name="Log in with your account")).to_be_visible()


def _session(closed: Server, cookie: str, resumed: str = "") -> str:
    """The id of the session that a browser with a cookie gets, and asks to resume."""
    entries = ["streamlit", "xsrf", *([resumed] if resumed else [])]
    with connect(
        f"ws://localhost:{closed.port}/_stcore/stream",
        additional_headers={"Cookie": cookie},
        subprotocols=[Subprotocol(entry) for entry in entries],
        origin=Origin(closed.address),
        max_size=None,
    ) as socket:
        socket.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        for message in socket:
            said = ForwardMsg.FromString(bytes(message))
            if said.WhichOneof("type") == "new_session":
                return str(said.new_session.initialize.session_id)
    raise AssertionError("no session")


def test_a_session_is_resumed_by_its_own_visitor_only(closed: Server, workspace: Path) -> None:
    """Who learns the id of a session, as from a proxy's log, does not get its images."""

    def cookie(role: Role) -> str:
        code, _ = codes.make(role, role, 1)
        _, shown = visits.begin(code)
        return f"{identity.cookie_name()}={shown}"

    teacher, student = cookie(Role.ADMIN), cookie(Role.VIEWER)
    session = _session(closed, teacher)
    assert _session(closed, student, session) != session
    assert _session(closed, teacher, session) == session
    with pytest.raises(InvalidStatus):
        _session(closed, "", session)
