"""Asks for the login, of everything: pages, images, uploads, components, the WebSocket, and what
else Streamlit serves or will. Open are the health check and the login itself."""

import asyncio
import logging
import math
import time
from http import HTTPStatus
from typing import Literal, TypedDict
from urllib.parse import parse_qs, quote, unquote, urlsplit

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from dermxai.access import audit, codes, gate, visits
from dermxai.access.roles import Person
from dermxai.access.teaching import teaching
from dermxai.access.throttle import Throttle, network
from dermxai.core.errors import InputError
from dermxai.ui.access import identity, oidc, page
from dermxai.ui.access.socket import Watched

log = logging.getLogger("dermxai")
HEALTH, LOGIN, PROVIDER, LOGOUT = "/_stcore/health", "/login", "/login/provider", "/logout"
PROVIDER_LOGOUT = "/auth/logout"
UPLOADS = "/_stcore/upload_file/"
LARGEST = 4096  # bytes of a login
LONGEST = 2000  # characters of an address to go on to
WAITING = 200  # logins whose turn has not come
AWAY = 600  # seconds that somebody may take at an identity provider
THEN = "dermxai_then"  # cookie: where to go on to from there
ADVICE = (
    "make access codes with `python -m dermxai access make`, set up a login (docs/server.md), or "
    "start the server in teaching mode (DERMXAI_TEACHING=1)."
)
CLOSED = (
    "This server answers this computer alone, since nobody has to log in to it. Who runs it: "
    f"{ADVICE}"
)
BROKEN = "Nobody can log in at the moment; the log of this server says why. Ask who runs it."
UNKNOWN = "This access code is not known, or no longer valid."


def check_address() -> None:
    """
    Raises:
        InputError: the server is to listen on the network, and anybody could come in; or the login
            cannot work as it is set up.
    """
    address = config.get_option("server.address") or ""
    if identity.required():
        gate.check()
    elif not (teaching() or identity.is_local(address)):
        raise InputError(
            f"The server is to listen on {address or 'every address'}, where others reach it, and "
            f"nobody would have to log in: {ADVICE}"
        )


class Login:
    """ASGI middleware. Where nobody has to log in, it lets this computer pass, and in teaching mode
    everybody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.throttle = Throttle()
        self.lane = asyncio.Lock()
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except (InputError, OSError) as error:  # a full disk takes no visit
            log.error("Nobody can log in: %s", error)  # with paths, which are nobody's business
            answer = _said(HTTPStatus.SERVICE_UNAVAILABLE, BROKEN)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        """What answers a request.

        Raises:
            InputError: the codes or the rules cannot be read.
        """
        if scope["type"] == "http" and identity.path(scope) == HEALTH:
            return _Named(self.app, None)
        if not identity.required():
            passes = identity.from_this_computer(scope) or teaching()
            return self._inside(scope) if passes else _said(HTTPStatus.FORBIDDEN, CLOSED)
        own = await self._own(scope, receive) if scope["type"] == "http" else None
        return own or self._to_person(scope)

    def _to_person(self, scope: Scope) -> ASGIApp:
        reference = identity.reference(scope)
        person = gate.person(reference)
        if person is None:
            return _ask(scope)
        if person.role is None:
            return _without_role(scope, person)
        then = identity.cookies(scope).get(THEN) if identity.path(scope) == "/" else None
        if then and scope["type"] == "http":
            return _gone_on(scope, then)
        return self._inside(scope, reference, person)

    def _inside(
        self, scope: Scope, reference: str | None = None, person: Person | None = None
    ) -> ASGIApp:
        """Streamlit's answer to a person, or to whoever is there where nobody has to log in."""
        app = _Named(self.app, reference)
        if scope["type"] == "websocket":
            login = _login_address(scope)
            return Watched(app, lambda: _goes_on(reference), login)
        return _Uploads(app, person) if person and identity.path(scope).startswith(UPLOADS) else app

    async def _own(self, scope: Scope, receive: Receive) -> ASGIApp | None:
        """What answers at the addresses of the login; None at all others."""
        path = identity.path(scope)
        if path == LOGIN and scope["method"] == "POST":
            return await self._enter(Request(scope, receive))
        if path in page.FILES:
            return page.file(path)
        if path in oidc.ROUTES and oidc.providers():
            if path == PROVIDER_LOGOUT:
                _end(scope)
            return _Named(self.app, None)
        answers = {LOGIN: _form, LOGOUT: _leave, PROVIDER: _to_provider}
        return answers[path](scope) if path in answers else None

    async def _enter(self, request: Request) -> Response:
        """The answer to a code."""
        scope = request.scope
        if not _from_here(request):
            return _said(HTTPStatus.FORBIDDEN, "This came from a page of another server.")
        fields = await _fields(request)
        text, then = fields.get("code", ""), fields.get("next", "")
        who = (network(identity.address(scope)), codes.id_in(text))
        if self.waiting >= WAITING:
            sentence = "Too many people are logging in; try again in a minute."
            return _form(scope, then, sentence, HTTPStatus.SERVICE_UNAVAILABLE)
        self.waiting += 1
        try:
            async with self.lane:
                if wait := self.throttle.wait(who):
                    return _later(scope, then, wait)
                code = await to_thread.run_sync(codes.check, text)
                if code is None:
                    self.throttle.failed(who)
        finally:
            self.waiting -= 1
        if code is None:
            audit.note(None, "login refused", address=identity.address(scope), code=who[1])
            return _form(scope, then, UNKNOWN, HTTPStatus.UNAUTHORIZED)
        _end(scope)
        visit, shown = visits.begin(code)
        person = gate.person(gate.reference_to(visit))
        audit.note(person, "logged in", address=identity.address(scope))
        response = RedirectResponse(_safe(then), HTTPStatus.SEE_OTHER)
        response.set_cookie(
            identity.cookie_name(),
            shown,
            max_age=math.ceil(visit.expires - time.time()),
            **_cookie(scope),
        )
        return response


class _Named:
    """ASGI application: another one, which is told who asks; that is never taken from outside, and
    the secret of a proxy is told nobody."""

    def __init__(self, app: ASGIApp, reference: str | None) -> None:
        self.app = app
        name = identity.REFERENCE.encode()
        self.added = [(name, identity.sealed(reference).encode())] if reference else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        dropped = {identity.REFERENCE.encode(), identity.SECRET_HEADER.encode()}
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]

        async def send_private(message: Message) -> None:
            if self.added and message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "public" in headers.get("cache-control", "") or "cache-control" not in headers:
                    headers["Cache-Control"] = headers.get("cache-control", "private").replace(
                        "public", "private"
                    )
            await send(message)

        await self.app({**scope, "headers": [*kept, *self.added]}, receive, send_private)


class _Uploads:
    """ASGI application: another one, whose uploads are noted."""

    def __init__(self, app: ASGIApp, person: Person) -> None:
        self.app = app
        self.person = person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                action = {"PUT": "uploaded", "POST": "uploaded"}.get(scope["method"])
                if action:
                    address = identity.address(scope)
                    audit.note(self.person, action, address=address, bytes=size)
            await send(message)

        await self.app(scope, receive_counted, send_noted)


def _goes_on(reference: str | None) -> bool:
    """Whether who is behind an open WebSocket may still be there."""
    try:
        if reference is None:
            return not identity.required()
        person = gate.person(reference)
    except InputError:
        return False
    return person is not None and person.role is not None


def _said(status: HTTPStatus, sentence: str) -> Response:
    return PlainTextResponse(sentence, status, {"Cache-Control": "no-store"})


def _wants_page(scope: Scope) -> bool:
    request = Request({**scope, "type": "http", "method": scope.get("method", "GET")})
    asks = scope["type"] == "http" and request.method in {"GET", "HEAD"}
    return asks and "text/html" in request.headers.get("accept", "")


def _ask(scope: Scope) -> Response:
    """Sends a browser to the login, and tells others that there is one."""
    if not _wants_page(scope):
        return _said(HTTPStatus.UNAUTHORIZED, "Log in first.")
    response = RedirectResponse(_login_address(scope), HTTPStatus.SEE_OTHER)
    response.headers["Cache-Control"] = "no-store"
    return response


def _login_address(scope: Scope) -> str:
    """Of the login that leads back to what was asked for."""
    query = scope.get("query_string", b"").decode("latin-1")
    asked = quote(scope["path"]) + (f"?{query}" if query else "")
    known = (scope["type"] == "http" and identity.path(scope) != "/") or query
    back = f"?next={quote(asked, safe='')}" if known and len(asked) <= LONGEST else ""
    return f"{identity.base()}{LOGIN}{back}"


def _without_role(scope: Scope, person: Person) -> Response:
    sentence = "You have no role on this server. Ask who runs it."
    if _wants_page(scope):
        return _form(scope, "", sentence, HTTPStatus.FORBIDDEN, person)
    return _said(HTTPStatus.FORBIDDEN, sentence)


def _form(
    scope: Scope,
    then: str | None = None,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    person: Person | None = None,
) -> Response:
    """The login page."""
    if then is None:
        then = Request(scope).query_params.get("next", "")
        person = gate.person(identity.reference(scope))
    return page.login(
        identity.base(),
        asks_code=codes.exist(),
        providers=[(name, _title(name)) for name in oidc.providers()],
        then=_safe(then) if then else "",
        problem=problem,
        person=person.name if person else "",
        status=status,
    )


def _title(provider: str) -> str:
    named = "your account" if provider == oidc.DEFAULT else provider.capitalize()
    return f"Log in with {named}"


def _later(scope: Scope, then: str, wait: float) -> Response:
    seconds = math.ceil(wait)
    sentence = f"Too many wrong codes came from your network; try again in {seconds} s."
    response = _form(scope, then, sentence, HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(seconds)
    return response


def _leave(scope: Scope) -> Response:
    """Ends the visit."""
    if Request(scope).headers.get("sec-fetch-site") == "cross-site":
        return _said(HTTPStatus.FORBIDDEN, "This came from a page of another server.")
    way = _end(scope)
    onwards = PROVIDER_LOGOUT if way == "oidc" else LOGIN
    response = RedirectResponse(f"{identity.base()}{onwards}", HTTPStatus.SEE_OTHER)
    response.delete_cookie(identity.cookie_name(), **_cookie(scope))
    return response


def _end(scope: Scope) -> str:
    """Ends the visit that a request belongs to; returns how its person came in."""
    visit = identity.visit(scope)
    if visit is None:
        return ""
    if visits.going_on(visit):
        person = gate.person(gate.reference_to(visit))
        audit.note(person, "logged out", address=identity.address(scope))
        visits.end(visit)
    return visit.way


def _to_provider(scope: Scope) -> Response:
    """Sends a browser to an identity provider."""
    asked = Request(scope).query_params
    if asked.get("name") not in oidc.providers():
        return _said(HTTPStatus.NOT_FOUND, "There is no such identity provider here.")
    response = RedirectResponse(oidc.login_address(asked["name"]), HTTPStatus.SEE_OTHER)
    if then := asked.get("next"):
        response.set_cookie(THEN, quote(_safe(then)), max_age=AWAY, **_cookie(scope))
    return response


def _gone_on(scope: Scope, then: str) -> Response:
    """Sends who comes back from an identity provider to where the way there began."""
    response = RedirectResponse(_safe(unquote(then)), HTTPStatus.SEE_OTHER)
    response.delete_cookie(THEN, **_cookie(scope))
    return response


def _safe(then: str) -> str:
    """An address of this server to go on to; its first page where another was named."""
    home = f"{identity.base()}/"
    plain = then.isprintable() and "\\" not in then and len(then) <= LONGEST
    try:
        parts = urlsplit(then)
    except ValueError:
        return home
    here = then.startswith(home) and not then.startswith("//") and not parts.netloc
    return then if plain and here and not parts.scheme else home


class _Cookie(TypedDict):
    path: str
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


def _cookie(scope: Scope) -> _Cookie:
    """How cookies are set and deleted."""
    return {
        "path": f"{identity.base()}/",
        "httponly": True,
        "samesite": "lax",
        "secure": scope.get("scheme") == "https",
    }


def _from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this server, or by no page."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _fields(request: Request) -> dict[str, str]:
    """A form's fields; none where it is too large or no form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return {}
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
