"""Whether people have to log in here, and who a request comes from."""

import os
import secrets
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope
from streamlit import config

from dermxai.access import audit, codes, gate, visits
from dermxai.access.visits import Visit
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.access import oidc

REFERENCE = "x-dermxai-person"
"""Header that carries, within the server, who a request comes from (`sealed`). From outside it is
dropped."""
_SEAL = secrets.token_hex(16)  # of this process: a header without it was not set here
SECRET_HEADER = "x-dermxai-proxy-secret"  # noqa: S105
SECRET = "DERMXAI_PROXY_SECRET"  # noqa: S105
SHORTEST = 16  # characters
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def required() -> bool:
    """Whether everybody has to log in: access codes were made, an identity provider is set up, or a
    proxy says who people are.

    Raises:
        InputError: the set-up is not understood.
    """
    return codes.exist() or bool(oidc.providers()) or proxy_secret() is not None


def proxy_secret() -> str | None:
    """What a proxy that names people shows.

    Raises:
        InputError: it is too short.
    """
    secret = os.environ.get(SECRET, "")
    if secret and len(secret) < SHORTEST:
        raise InputError(f"{SECRET} has fewer than {SHORTEST} characters; take a longer one.")
    return secret or None


def base() -> str:
    """Path under which the server answers, without its last slash."""
    found = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{found}" if found else ""


def path(scope: Scope) -> str:
    """Of a request, beneath the server's base."""
    found = str(scope["path"]).removeprefix(scope.get("root_path", ""))
    above = base()
    beneath = found.removeprefix(above) if found == above or found.startswith(f"{above}/") else ""
    return beneath or ("/" if found == above else found)


def cookie_name() -> str:
    """Of this workspace: servers on other ports of a computer share its cookies."""
    return f"dermxai_{sha256(str(paths.home()).encode()).hexdigest()[:8]}"


def reference(scope: Scope) -> str | None:
    """What stands for the person that a request comes from, see `gate.person`.

    Raises:
        InputError: the codes or the rules cannot be read.
    """
    headers = Headers(scope=scope)
    secret = proxy_secret()
    shown = headers.get(SECRET_HEADER, "")
    if secret and compare_digest(shown.encode(), secret.encode()):
        from dermxai.access.rules import rules

        users = headers.getlist(rules().proxy.header)
        if len(users) == 1 and users[0].strip():
            return gate.reference_by_proxy(users[0].strip())
    found = visit(scope)
    return gate.reference_to(found) if found else None


def sealed(reference: str) -> str:
    """A reference as the header carries it."""
    return f"{_SEAL} {reference}"


def unsealed(header: str | None) -> str | None:
    """The reference that a header carries; None where this process has not set it."""
    seal, _, found = (header or "").partition(" ")
    return found if compare_digest(seal.encode(), _SEAL.encode()) else None


def cookies(scope: Scope) -> dict[str, str]:
    """Of a request, a WebSocket's too."""
    return cookie_parser("; ".join(Headers(scope=scope).getlist("cookie")))


def visit(scope: Scope) -> Visit | None:
    """The visit whose cookie a request shows: by a code, else by an identity provider; one that has
    ended only where there is no other.

    Raises:
        InputError: the codes or the rules cannot be read.
    """
    shown = cookies(scope).get(cookie_name())
    by_code = visits.find(visits.key_of(shown)) if shown else None
    if by_code and by_code.way == "code" and visits.going_on(by_code):
        return by_code
    named = oidc.identity(cookies(scope)) if oidc.providers() else None
    return _adopted(named, scope) if named else by_code


def _adopted(named: oidc.Identity, scope: Scope) -> Visit:
    """The visit of whom an identity provider has sent, which begins when that is first seen."""
    if known := visits.find(visits.key_of(named.signed)):
        return known
    begun = visits.adopt(named.signed, named.subject, named.claims)
    audit.note(gate.person(gate.reference_to(begun)), "logged in", address=address(scope))
    return begun


def address(scope: Scope) -> str:
    """Of the computer that sent a request; behind a proxy that uvicorn trusts, as that says."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def from_this_computer(scope: Scope) -> bool:
    """Whether a request was sent here, and not by others through a proxy that says so."""
    headers = Headers(scope=scope)
    ends = [(scope.get(end) or ("",))[0] for end in ("client", "server")]
    senders = [
        sender.strip()
        for name in _FORWARDED
        for value in headers.getlist(name)
        for sender in value.split(",")
    ]
    return all(map(is_local, (*ends, *senders)))


def is_local(address: str | None) -> bool:
    """Whether an address, or a name to listen on, is this computer's own."""
    if address == "localhost":
        return True
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
