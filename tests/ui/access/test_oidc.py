"""Streamlit's cookie of who has logged in: what it opens, and what it does not."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from streamlit import auth_util
from streamlit.runtime.secrets import AttrDict
from streamlit.web.server import server_util
from streamlit.web.server.starlette import starlette_app_utils
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dermxai.access import gate
from dermxai.access.files import rules_file
from dermxai.access.roles import Role
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.access import oidc
from dermxai.ui.access.login import Login, check_address
from tests.ui.access.test_login import Inside

SECRET = "a" * 64
SECTION = {
    "redirect_uri": "http://127.0.0.1/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "dermxai",
    "client_secret": "x",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
    "other": {
        "client_id": "dermxai",
        "client_secret": "x",
        "server_metadata_url": "http://127.0.0.1:2/.well-known/openid-configuration",
    },
}
CLAIMS = {
    **{"sub": "7", "name": "Anna", "nonce": "n1", "origin": "http://127.0.0.1"},
    **{"is_logged_in": True, "provider": "default", "groups": ["research"]},
}


@pytest.fixture(autouse=True)
def section(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What stands in the file of secrets."""
    found = json.loads(json.dumps(SECTION))
    monkeypatch.setattr(auth_util, "get_secrets_auth_section", lambda: AttrDict(found))
    monkeypatch.setattr(auth_util, "validate_auth_credentials", lambda provider: None)
    monkeypatch.setattr(server_util, "get_cookie_secret", lambda: found.get("cookie_secret", ""))
    oidc.providers.cache_clear()
    yield found
    oidc.providers.cache_clear()


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def ask(inside: Inside) -> Callable[[str], int]:
    """Asks for a page with a cookie; the status of the answer."""
    paths.home().mkdir(parents=True, exist_ok=True)
    rules_file().write_text(
        '[people]\nadmin = ["other:8"]\n[claim]\nname = "groups"\noperator = ["research"]'
    )
    client = TestClient(
        Login(inside), "http://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False
    )

    def ask_(cookie: str, path: str = "/image") -> int:
        return client.get(path, headers={"Cookie": f"{USER_COOKIE_NAME}={cookie}"}).status_code

    return ask_


def _signed(secret: str = SECRET, name: str = USER_COOKIE_NAME, **changes: Any) -> str:
    claims = {key: value for key, value in (CLAIMS | changes).items() if value is not None}
    return starlette_app_utils.create_signed_value(secret, name, json.dumps(claims)).decode()


def test_who_the_provider_names_comes_in_with_a_role(
    ask: Callable[[str], int], inside: Inside
) -> None:
    assert ask(_signed()) == 200
    person = gate.person(inside.reference)
    assert person and (person.id, person.name, person.role) == ("oidc 7", "Anna", Role.OPERATOR)


def test_a_subject_of_another_provider_is_another_person(
    ask: Callable[[str], int], inside: Inside
) -> None:
    assert ask(_signed(sub="8")) == 200
    person = gate.person(inside.reference)
    assert person and person.role is Role.OPERATOR, "not the other provider's 8"
    assert ask(_signed(sub="8", provider="other", groups=[])) == 200
    person = gate.person(inside.reference)
    assert person and (person.id, person.role) == ("oidc other:8", Role.ADMIN)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://127.0.0.1:99"},
        {"origin": None},
        {"is_logged_in": None},
        {"is_logged_in": "yes"},
        {"provider": "evil"},
        {"provider": None},
        {"provider": ["default"]},
        {"sub": None},
        {"sub": ""},
        {"sub": ["7"]},
        {"secret": "b" * 64},
        {"name": "_streamlit_user_tokens"},
    ],
)
def test_other_cookies_open_nothing(changes: dict[str, Any], ask: Callable[[str], int]) -> None:
    assert ask(_signed(**changes)) == 401


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "%00", '"', "a" * 5000])
def test_what_is_no_cookie_opens_nothing(cookie: str, ask: Callable[[str], int]) -> None:
    assert ask(cookie) == 401


def test_a_changed_cookie_opens_nothing(ask: Callable[[str], int]) -> None:
    cookie = _signed()
    for place in range(2, len(cookie) - 2, 7):
        other = "A" if cookie[place] != "A" else "B"
        assert ask(cookie[:place] + other + cookie[place + 1 :]) == 401, place
    claims = base64.urlsafe_b64encode(json.dumps(json.dumps(CLAIMS)).encode()).decode().rstrip("=")
    assert ask(".".join([claims, *cookie.rsplit(".", 2)[1:]])) == 401


def test_a_visit_that_was_ended_stays_so_however_its_cookie_is_spelled(
    ask: Callable[[str], int],
) -> None:
    cookie = _signed()
    assert ask(cookie) == 200
    assert ask(cookie, "/logout") == 303
    assert ask(cookie) == 401
    head, tail = cookie[:-1], cookie[-1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [f"{head}{letter}" for letter in letters if letter != tail]
    same = [
        each
        for each in (*spelled, cookie + "=", cookie + "==")
        if starlette_app_utils.decode_signed_value(SECRET, USER_COOKIE_NAME, each)
    ]
    assert same, "a cookie has several spellings, which is what this test is about"
    assert {ask(each) for each in same} == {401}
    assert ask(_signed(nonce="n2")) == 200, "who logs in again is in again"


def test_at_streamlits_own_logout_the_visit_ends_too(
    ask: Callable[[str], int], inside: Inside
) -> None:
    cookie = _signed()
    assert ask(cookie) == 200
    assert ask(cookie, "/auth/logout") == 200
    assert inside.reference is None
    assert ask(cookie) == 401


def test_an_old_cookie_opens_nothing(
    ask: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = _signed()
    monkeypatch.setattr(oidc.visits, "LASTS", -1)
    assert ask(cookie) == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cookie_secret": "short"}, "fewer than 32"),
        ({"client_id": None, "other": None}, "names no identity provider"),
    ],
)
def test_a_login_that_is_not_set_up_well_is_said(
    changes: dict[str, Any], said: str, section: dict[str, Any]
) -> None:
    section.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del section[name]
    with pytest.raises(InputError, match=said):
        check_address()


def test_without_what_streamlit_needs_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_util, "is_authlib_installed", lambda: False)
    with pytest.raises(InputError, match="pip install"):
        check_address()
