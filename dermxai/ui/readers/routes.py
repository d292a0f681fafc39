"""What answers at ``/reader``: to those who show a reader's code, which opens nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dermxai import taxonomy
from dermxai.access import codes
from dermxai.access.throttle import Throttle, network
from dermxai.core.errors import InputError
from dermxai.readers import pictures, sitting
from dermxai.readers.sitting import Finished, Given, Ready, Screen, Shown
from dermxai.ui import wire
from dermxai.ui.access import identity
from dermxai.ui.plain_page import PlainPage
from dermxai.ui.readers.door import HOME

FOLDER = Path(__file__).parent / "files"
UNKNOWN = "This code is not known, or no longer valid."
MAP = "map"


class Answers(PlainPage):
    """What answers a request beneath ``/reader``."""

    home = HOME
    files: ClassVar = {
        HOME: (FOLDER / "reader.html", "text/html"),
        f"{HOME}/reader.js": (FOLDER / "reader.js", "text/javascript"),
        f"{HOME}/reader.css": (FOLDER / "reader.css", "text/css"),
    }
    visitors = "readers"
    about = "reader studies"
    cookie = "reader"
    lasts = int(sitting.LASTS)
    refusals = (
        (sitting.NotEnteredError, HTTPStatus.UNAUTHORIZED, "enter"),
        (sitting.ClosedError, HTTPStatus.CONFLICT, "closed"),
        (sitting.FinishedError, HTTPStatus.CONFLICT, "finished"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.throttle = Throttle()
        self.lane = asyncio.Lock()
        self.steps = {
            ("POST", "agree"): self._agree,
            ("POST", "next"): self._next,
            ("POST", "answer"): self._give,
            ("POST", "pause"): self._pause,
        }

    async def asked(self, path: str, request: Request) -> Response:
        shown = self.shown(request)
        step = (request.method, path)
        if request.method == "GET" and step[1].startswith("image/"):
            return await self._picture(path, shown)
        if step == ("GET", "state"):
            return _screen(await self.done(sitting.look, shown))
        if step == ("POST", "enter"):
            return await self._enter(request, wire.text(await wire.body(request), "code"))
        if step not in self.steps:
            return wire.refused(HTTPStatus.NOT_FOUND, "There is nothing here.", "")
        return await self.steps[step](shown, await wire.body(request))

    async def _agree(self, shown: str, told: Mapping[str, object]) -> Response:
        consents, background = told.get("consents") is True, _texts(told.get("background"))
        return _screen(await self.done(sitting.agree, shown, consents, background))

    async def _next(self, shown: str, _told: Mapping[str, object]) -> Response:
        return _screen(await self.done(sitting.go_on, shown))

    async def _give(self, shown: str, told: Mapping[str, object]) -> Response:
        given = _given(told)
        await self.done(sitting.give, shown, given)
        return await self._next(shown, told) if given.done else wire.as_json({"kept": True})

    async def _pause(self, shown: str, told: Mapping[str, object]) -> Response:
        await self.done(sitting.pause, shown, wire.text(told, "turn"))
        return _screen(await self.done(sitting.look, shown))

    async def _enter(self, request: Request, text: str) -> Response:
        """The answer to a code."""
        address = network(identity.address(request.scope))
        known = await self.done(sitting.known, text)
        who = (address, codes.parts(text)[0] if known else "")
        async with self.lane:  # one hash at a time, which takes 32 MB
            if wait := self.throttle.wait(who):
                told = f"Too many wrong codes; try again in {wait:.0f} s."
                return wire.refused(HTTPStatus.TOO_MANY_REQUESTS, told, "")
            shown = await self.done(sitting.enter, text)
            if shown is None:
                self.throttle.failed(who)
                return wire.refused(HTTPStatus.FORBIDDEN, UNKNOWN, "")
        response = _screen(await self.done(sitting.look, shown))
        self.remember(response, shown, request)
        return response

    async def _picture(self, path: str, shown: str) -> Response:
        do: Callable[[], bytes] | None
        token, _, which = path.removeprefix("image/").partition("/")
        if which == MAP:
            explained = await self.done(sitting.shown_map, shown, token)
            do = partial(wire.laid_over, *explained, grey=False) if explained else None
        else:
            position = int(which) if which in {"0", "1"} else -1
            found = await self.done(sitting.picture, shown, token, position)
            do = partial(pictures.jpeg, found) if found else None
        return wire.jpeg(await self.in_turn(do) if do else None)


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
