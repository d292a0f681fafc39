"""What answers at ``/reader``: to those who show a reader's code, which opens nothing else."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dermxai import taxonomy
from dermxai.access import codes
from dermxai.access.throttle import Throttle, network
from dermxai.core.errors import InputError
from dermxai.readers import pictures, sitting
from dermxai.readers.sitting import Finished, Given, Ready, Screen, Shown
from dermxai.readers.store.database import database
from dermxai.readers.store.gone import GoneError
from dermxai.ui import wire
from dermxai.ui.access import identity
from dermxai.ui.readers.door import HOME

log = logging.getLogger("dermxai")
FOLDER = Path(__file__).parent / "files"
FILES = {
    HOME: ("reader.html", "text/html"),
    f"{HOME}/reader.js": ("reader.js", "text/javascript"),
    f"{HOME}/reader.css": ("reader.css", "text/css"),
}
AT_ONCE = 8  # requests that wait for the database or an image
WAITING = 500  # of others
QUIET = 10.0  # seconds between lines of the log that say the same
UNKNOWN = "This code is not known, or no longer valid."
MAP = "map"
T = TypeVar("T")


class Answers:
    """What answers a request beneath ``/reader``."""

    def __init__(self) -> None:
        self.throttle = Throttle()
        self.lane = asyncio.Lock()
        self.limiter = CapacityLimiter(AT_ONCE)
        self.waiting = 0
        self.noted = -QUIET
        self.steps = {
            ("POST", "agree"): self._agree,
            ("POST", "next"): self._next,
            ("POST", "answer"): self._give,
            ("POST", "pause"): self._pause,
        }

    async def answer(self, path: str, request: Request) -> Response:
        if path in FILES and request.method in {"GET", "HEAD"}:
            return wire.file(FOLDER / FILES[path][0], FILES[path][1])
        if self.waiting >= WAITING:
            told = "Too many readers ask at once; this goes on by itself."
            return wire.refused(HTTPStatus.SERVICE_UNAVAILABLE, told, "again")
        self.waiting += 1
        try:
            return await self._asked(path, request)
        except InputError as error:
            status, then = _refusal(error)
            if isinstance(error, GoneError):
                self._note(error)
            return wire.refused(status, str(error), then)
        finally:
            self.waiting -= 1

    def _note(self, error: GoneError) -> None:
        """In the log, once in a while: hundreds ask again each second."""
        if time.monotonic() - self.noted > QUIET:
            self.noted = time.monotonic()
            log.error("The database of reader studies cannot be reached: %s", error.__cause__)

    async def _asked(self, path: str, request: Request) -> Response:
        shown = identity.cookies(request.scope).get(_cookie_name(), "")
        step = (request.method, path.removeprefix(f"{HOME}/"))
        if request.method == "GET" and step[1].startswith("image/"):
            return await self._picture(path, shown)
        if step == ("GET", "state"):
            return _screen(await self._done(sitting.look, shown))
        if step == ("POST", "enter"):
            return await self._enter(request, wire.text(await wire.body(request), "code"))
        if step not in self.steps:
            return wire.refused(HTTPStatus.NOT_FOUND, "There is nothing here.", "")
        return await self.steps[step](shown, await wire.body(request))

    async def _agree(self, shown: str, told: Mapping[str, object]) -> Response:
        consents, background = told.get("consents") is True, _texts(told.get("background"))
        return _screen(await self._done(sitting.agree, shown, consents, background))

    async def _next(self, shown: str, _told: Mapping[str, object]) -> Response:
        return _screen(await self._done(sitting.go_on, shown))

    async def _give(self, shown: str, told: Mapping[str, object]) -> Response:
        given = _given(told)
        await self._done(sitting.give, shown, given)
        return await self._next(shown, told) if given.done else wire.as_json({"kept": True})

    async def _pause(self, shown: str, told: Mapping[str, object]) -> Response:
        await self._done(sitting.pause, shown, wire.text(told, "turn"))
        return _screen(await self._done(sitting.look, shown))

    async def _enter(self, request: Request, text: str) -> Response:
        """The answer to a code."""
        address = network(identity.address(request.scope))
        known = await self._done(sitting.known, text)
        who = (address, codes.parts(text)[0] if known else "")
        async with self.lane:  # one hash at a time, which takes 32 MB
            if wait := self.throttle.wait(who):
                told = f"Too many wrong codes; try again in {wait:.0f} s."
                return wire.refused(HTTPStatus.TOO_MANY_REQUESTS, told, "")
            shown = await self._done(sitting.enter, text)
            if shown is None:
                self.throttle.failed(who)
                return wire.refused(HTTPStatus.FORBIDDEN, UNKNOWN, "")
        response = _screen(await self._done(sitting.look, shown))
        response.set_cookie(
            _cookie_name(),
            shown,
            max_age=int(sitting.LASTS),
            path=f"{identity.base()}{HOME}",
            httponly=True,
            samesite="strict",
            secure=request.scope.get("scheme") == "https",
        )
        return response

    async def _picture(self, path: str, shown: str) -> Response:
        do: Callable[[], bytes] | None
        token, _, which = path.removeprefix(f"{HOME}/image/").partition("/")
        if which == MAP:
            explained = await self._done(sitting.shown_map, shown, token)
            do = partial(wire.laid_over, *explained, grey=False) if explained else None
        else:
            position = int(which) if which in {"0", "1"} else -1
            found = await self._done(sitting.picture, shown, token, position)
            do = partial(pictures.jpeg, found) if found else None
        return wire.jpeg(await self._in_turn(do) if do else None)

    async def _done(self, do: Callable[..., T], *arguments: object) -> T:
        """A step on the database, in a thread."""

        def step() -> T:
            return do(database(), *arguments)

        return await self._in_turn(step)

    async def _in_turn(self, do: Callable[[], T]) -> T:
        return await wire.in_turn(do, self.limiter)


def _screen(screen: Screen) -> JSONResponse:
    progress = asdict(screen.progress)
    if isinstance(screen, Finished):
        return wire.as_json({"kind": "finished", **progress})
    if isinstance(screen, Ready):
        asked = {"consent": screen.consent, "background": screen.background}
        return wire.as_json({"kind": "ready", **progress, **asked})
    return wire.as_json({"kind": "case", **progress, **_case(screen)})


def _case(screen: Shown) -> dict[str, object]:
    address = f"{identity.base()}{HOME}/image/{screen.token}"
    told: dict[str, object] = {
        "turn": screen.token,
        "stage": screen.stage if screen.several_stages or screen.advice else "",
        "images": [
            {"src": f"{address}/{index}", "view": view} for index, view in enumerate(screen.views)
        ],
        "classes": [{"code": each, "title": taxonomy.titled(each)} for each in screen.classes],
        "levels": screen.levels,
        "choice": screen.choice,
        "confidence": screen.confidence,
        "earlier": screen.earlier,
    }
    if screen.advice:
        told["advice"] = {
            "shown": screen.advice.shown,
            "probabilities": screen.advice.probabilities,
            "map": f"{address}/{MAP}" if screen.advice.has_map else "",
        }
    return told


def _given(told: Mapping[str, object]) -> Given:
    confidence = told.get("confidence")
    whole = isinstance(confidence, int) and not isinstance(confidence, bool)
    if confidence is not None and not whole:
        raise InputError("This confidence is no whole number; reload the page.")
    return Given(
        wire.text(told, "turn"),
        wire.text(told, "press"),
        wire.text(told, "choice"),
        confidence if isinstance(confidence, int) else None,
        told.get("done") is True,
    )


def _texts(found: object) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _cookie_name() -> str:
    return f"{identity.cookie_name()}_reader"


def _refusal(error: InputError) -> tuple[HTTPStatus, str]:
    """A status, and what the page does: "enter" a code, try "again", go on since it is "finished",
    or stop since the study is "closed"."""
    for kind, status, then in (
        (sitting.NotEnteredError, HTTPStatus.UNAUTHORIZED, "enter"),
        (sitting.ClosedError, HTTPStatus.CONFLICT, "closed"),
        (sitting.FinishedError, HTTPStatus.CONFLICT, "finished"),
        (GoneError, HTTPStatus.SERVICE_UNAVAILABLE, "again"),
    ):
        if isinstance(error, kind):
            return status, then
    return HTTPStatus.BAD_REQUEST, ""
