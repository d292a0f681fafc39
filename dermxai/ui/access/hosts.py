"""Under which names the server answers, and to which pages.

A web page whose own name has been pointed at this computer (DNS rebinding) sends that name as
``Host``; a page of another server, another local port included, sends its own ``Origin`` or says in
``Sec-Fetch-Site`` that it is not ours. All three are read of every request, WebSockets included.
"""

import os
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from dermxai.core.errors import InputError

SETTING = "DERMXAI_HOSTS"
LOCAL = ("localhost", "127.0.0.1", "::1")
MISDIRECTED, FORBIDDEN, POLICY_VIOLATION = 421, 403, 1008
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*"
_AUTHORITY = re.compile(
    rf"(?:(?P<name>{_NAME})\.?|\[(?P<address>[0-9a-f:.]+)\])(?::(?P<port>\d{{1,5}}))?",
    re.IGNORECASE | re.ASCII,
)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@\s]+)", re.IGNORECASE)
_PATTERN = re.compile(rf"(?:\*\.)?{_NAME}", re.ASCII)
_PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """A host, in lower case, and its port where one is written."""

    host: str
    port: int | None


class TrustedHosts:
    """ASGI middleware: answers requests to this computer's local names, to the address that they
    came to, and to the hosts ``named``; where Streamlit's ``server.allowedHosts`` is set, that list
    alone decides. Pages of other origins get nothing but links to follow, unless they stand in
    ``server.corsAllowedOrigins``.

    Args:
        named: names, or ``*.example.org`` for all beneath one.
    """

    def __init__(self, app: ASGIApp, named: Iterable[str]) -> None:
        self.app = app
        self.named = (*LOCAL, *named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_trusted(_host(headers), scope):
            sentence = (
                "This server does not answer under this name. Who runs it can name it in "
                f"{SETTING} when starting the server."
            )
            await _refuse(MISDIRECTED, sentence, scope, receive, send)
        elif not _is_from_here(headers, scope):
            sentence = "This came from a page of another server; open DermXAI by itself."
            await _refuse(FORBIDDEN, sentence, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_trusted(self, host: Authority | None, scope: Scope) -> bool:
        if host is None:
            return False
        if decides := tuple(config.get_option("server.allowedHosts")):
            return _is_among(host.host, decides)
        return _is_among(host.host, self.named) or _is_own_address(host.host, scope)


def trusted_hosts() -> tuple[str, ...]:
    """The hosts in ``DERMXAI_HOSTS``, separated by commas.

    Raises:
        InputError: one is no host.
    """
    named = tuple(
        name
        for part in os.environ.get(SETTING, "").split(",")
        if (name := part.strip().lower().strip("[]").rstrip("."))
    )
    for name in named:
        if not (_PATTERN.fullmatch(name) or _is_address(name)):
            raise InputError(
                f"{SETTING} names {name[:100]!r}; expected names of this server without scheme and "
                "port, such as derm.example.org or *.example.org, separated by commas."
            )
    return named


def authority(text: str) -> Authority | None:
    """A host and its port as headers write them; None where it is neither name nor address."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if (found["address"] and not _is_address(found["address"])) or (port or 0) > 65535:
        return None
    return Authority((found["name"] or found["address"]).lower(), port)


def _host(headers: Headers) -> Authority | None:
    """Of the one header ``Host``; None where it is missing, repeated or no host."""
    given = headers.getlist("host")
    return authority(given[0]) if len(given) == 1 else None


def _is_among(host: str, patterns: Iterable[str]) -> bool:
    """As Streamlit reads ``server.allowedHosts``."""
    for each in patterns:
        pattern = each.strip().lower().rstrip(".")
        beneath = pattern.startswith("*.") and host.endswith(pattern[1:])
        if beneath or pattern in {"*", host}:
            return True
    return False


def _is_own_address(host: str, scope: Scope) -> bool:
    """Whether the host is the number of the address at which the request arrived: no name was
    resolved, so none can have been rebound."""
    own = (scope.get("server") or ("",))[0]
    return _is_address(host) and _is_address(own) and ip_address(host) == ip_address(own)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_from_here(headers: Headers, scope: Scope) -> bool:
    """Whether a page of this server asks, or somebody follows a link to it, or no browser at all
    has sent this."""
    listed = {each.strip() for each in config.get_option("server.corsAllowedOrigins")}
    origins = headers.getlist("origin")
    if any(origin in listed for origin in origins):
        return len(origins) == 1
    if origins:
        return len(origins) == 1 and _is_same(origins[0], _host(headers))
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return True
    return (
        scope["type"] == "http"
        and scope["method"] in {"GET", "HEAD"}
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _is_same(origin: str, host: Authority | None) -> bool:
    """Whether an origin is that of the host, at its port; a proxy in front may have taken off TLS,
    so either scheme is."""
    found = _ORIGIN.fullmatch(origin)
    if found is None or host is None:
        return False
    asking = authority(found["authority"])
    usual = _PORTS[found["scheme"].lower()]
    return (
        asking is not None
        and asking.host == host.host
        and (asking.port or usual) == (host.port or usual)
    )


async def _refuse(status: int, sentence: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})
    else:
        await PlainTextResponse(sentence, status_code=status)(scope, receive, send)
