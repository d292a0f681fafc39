"""Logging in by an identity provider (OpenID Connect), by Streamlit's own routes and cookie.

Set up as Streamlit says, in ``[auth]`` of ``.streamlit/secrets.toml``; who has which role stands in
``access.toml`` of the workspace.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from streamlit import auth_util, user_info
from streamlit.errors import StreamlitAuthError
from streamlit.web.server import server_util
from streamlit.web.server.starlette import starlette_app_utils
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dermxai.access import visits
from dermxai.core.errors import InputError

DEFAULT = "default"
ROUTES = ("/auth/login", "/auth/logout", "/oauth2callback")
SHORTEST = 32  # characters of the secret that cookies are signed with
_DAY = 24 * 3600.0
_KEPT = ("sub", "iss", "name", "preferred_username", "email", "email_verified")


class Identity(NamedTuple):
    """What a cookie says. ``signed`` is what the signature is of: the cookie itself can be spelled
    in several ways."""

    signed: str
    subject: str
    claims: Mapping[str, object]


@cache
def providers() -> tuple[str, ...]:
    """The identity providers that are set up, as Streamlit's file of secrets was at the start.

    Raises:
        InputError: they are, and cannot be used.
    """
    section = auth_util.get_secrets_auth_section()
    found = [name for name, about in section.items() if isinstance(about, Mapping)]
    if "client_id" in section:
        found.insert(0, DEFAULT)
    named = tuple(name for name in found if name != "client_kwargs")
    if not section:
        return ()
    if not named:
        raise InputError("[auth] in secrets.toml names no identity provider; see docs/server.md.")
    if not auth_util.is_authlib_installed():
        raise InputError(
            "secrets.toml names an identity provider, and what logs people in by one is not "
            'installed: python -m pip install "streamlit[auth]".'
        )
    for name in named:
        try:
            auth_util.validate_auth_credentials(name)
        except StreamlitAuthError as error:
            raise InputError(f"[auth] in secrets.toml: {' '.join(str(error).split())}") from error
    if len(server_util.get_cookie_secret()) < SHORTEST:
        raise InputError(
            f"cookie_secret in secrets.toml has fewer than {SHORTEST} characters, so that cookies "
            "could be forged: python -c 'import secrets; print(secrets.token_hex())'."
        )
    return named


def login_address(provider: str) -> str:
    """Where a browser is sent to log in by a provider; good for two minutes."""
    return user_info.generate_login_redirect_url(provider)


def identity(cookies: Mapping[str, str]) -> Identity | None:
    """Whom Streamlit's cookie names; None without one, or where it is older than a visit lasts.

    Raises:
        InputError: the rules cannot be read.
    """
    from dermxai.access.rules import rules

    secret = server_util.get_cookie_secret()

    def one(name: str) -> bytes | None:
        raw = cookies.get(name, "").encode("latin-1", "replace")
        age = visits.LASTS / _DAY
        return starlette_app_utils.decode_signed_value(secret, name, raw, age) if raw else None

    decoded = auth_util.get_cookie_with_chunks(one, USER_COOKIE_NAME)
    if not decoded:
        return None
    try:
        claims: dict[str, object] = json.loads(decoded)
        subject, provider = claims["sub"], claims["provider"]
        here = claims["origin"] == auth_util.get_origin_from_redirect_uri()
    except (ValueError, KeyError, TypeError):
        return None
    known = here and claims.get("is_logged_in") is True and provider in providers()
    if not (known and isinstance(subject, str) and subject):
        return None
    if provider != DEFAULT:  # another provider may use the same subject
        subject = f"{provider}:{subject}"
    claim = rules().claim.name
    names = (*_KEPT, claim, claim.partition(".")[0])
    kept = {name: claims[name] for name in names if name in claims}
    return Identity(decoded.decode("utf-8", "replace"), subject, kept)
