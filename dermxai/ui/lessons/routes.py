"""What answers at ``/lesson``: to those who have joined by a lesson's code, which opens nothing
else."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dermxai import signs, taxonomy
from dermxai.access.visits import key_of
from dermxai.core.errors import InputError
from dermxai.lessons import attending
from dermxai.lessons.attending import Given, Revealed, Screen
from dermxai.lessons.definition import StepKind
from dermxai.lessons.preparing import A_CLASS, LookAlike, Quiz
from dermxai.readers import pictures
from dermxai.ui import wire
from dermxai.ui.access import identity
from dermxai.ui.lessons.door import HOME
from dermxai.ui.plain_page import PlainPage

FOLDER = Path(__file__).parent / "files"
MAP = "map"


class Answers(PlainPage):
    """What answers a request beneath ``/lesson``."""

    home = HOME
    files: ClassVar = {
        HOME: (FOLDER / "lesson.html", "text/html"),
        f"{HOME}/lesson.js": (FOLDER / "lesson.js", "text/javascript"),
        f"{HOME}/lesson.css": (FOLDER / "lesson.css", "text/css"),
    }
    visitors = "students"
    about = "lessons"
    cookie = "lesson"
    lasts = 12 * 3600
    refusals = (
        (attending.NotJoinedError, HTTPStatus.UNAUTHORIZED, "join"),
        (attending.ClosedError, HTTPStatus.CONFLICT, "closed"),
        (attending.AnsweredError, HTTPStatus.CONFLICT, "answered"),
    )

    async def asked(self, path: str, request: Request) -> Response:
        shown = self.shown(request)
        if request.method == "GET":
            if path.startswith("image/"):
                return await self._picture(path.removeprefix("image/"), shown)
            if path == "state":
                return _screen(await self.done(attending.look, shown), shown)
            if path == "pulse":
                now = await self.done(attending.pulse, shown)
                return wire.as_json({"step": now.step, "led": now.led, "open": now.is_open})
        if request.method == "POST" and path in {"join", "go", "answer"}:
            told = await wire.body(request)
            if path == "join":
                return await self._join(request, told)
            if path == "go":
                screen = await self.done(attending.go_to, shown, _whole(told, "step"))
            else:
                screen = await self.done(attending.give, shown, _given(told))
            return _screen(screen, shown)
        return wire.refused(HTTPStatus.NOT_FOUND, "There is nothing here.", "")

    async def _join(self, request: Request, told: Mapping[str, object]) -> Response:
        said = [wire.text(told, name) for name in ("code", "name", "press")]
        shown = await self.done(attending.join, *said)
        response = _screen(await self.done(attending.look, shown), shown)
        self.remember(response, shown, request)
        return response

    async def _picture(self, path: str, shown: str) -> Response:
        """``4`` is the image of the fifth step; ``4/map`` it under its map, and ``4/0`` its first
        look-alike, both after the answer."""
        at, _, which = path.partition("/")
        do: Callable[[], bytes] | None
        step = int(at) if at.isascii() and at.isdigit() and len(at) < 4 else -1
        if not which:
            picture = await self.done(attending.quiz_picture, shown, step)
            return wire.jpeg(
                await self.in_turn(partial(pictures.jpeg, picture)) if picture else None
            )
        quiz = await self.done(attending.revealed, shown, step)
        do = _shown_after(quiz, which) if quiz else None
        return wire.jpeg(await self.in_turn(do) if do else None)


def _shown_after(quiz: Quiz, which: str) -> Callable[[], bytes] | None:
    if which == MAP:
        return partial(wire.laid_over, quiz.picture, quiz.map, grey=True) if quiz.map else None
    if which.isascii() and which.isdigit() and len(which) < 3:
        alike = quiz.look_alikes[int(which) : int(which) + 1]
        return partial(pictures.jpeg, alike[0].picture) if alike else None
    return None


def _screen(screen: Screen, shown: str) -> JSONResponse:
    """A step as its page draws it. Addresses of images differ between students, so that no browser
    shows one that it has kept of another lesson."""
    own = f"?of={key_of(shown)[:12]}"
    images = f"{identity.base()}{HOME}/image/{screen.step}"
    is_quiz = screen.kind is StepKind.QUIZ
    told: dict[str, object] = {
        "lesson": screen.lesson,
        "code": screen.code,
        "number": screen.number,
        "name": screen.pseudonym,
        "step": screen.step,
        "of": screen.of,
        "led": screen.led,
        "open": screen.is_open,
        "kind": screen.kind.value,
        "title": screen.title,
        "text": screen.text,
        "link": f"{identity.base()}{screen.link}" if screen.link else "",
        "image": f"{images}{own}" if is_quiz else "",
        "options": [
            {"code": each, "title": taxonomy.titled(each) if is_quiz else each}
            for each in screen.options
        ],
        "choice": screen.choice,
        "point": screen.point,
        "right": screen.right,
        "explanation": screen.explanation,
    }
    if screen.revealed:
        told["revealed"] = _revealed(screen.revealed, images, own)
    return wire.as_json(told)


def _revealed(revealed: Revealed, images: str, own: str) -> dict[str, object]:
    quiz, place = revealed.quiz, revealed.place
    alike: dict[str, list[dict[str, str]]] = {}
    for at, each in enumerate(quiz.look_alikes):
        alike.setdefault(each.label or each.predicted, []).append(
            {"src": f"{images}/{at}{own}", "told": _told(each)}
        )
    return {
        "truth": {"code": quiz.truth, "title": taxonomy.titled(quiz.truth)},
        "predicted": {"code": quiz.predicted, "title": taxonomy.titled(quiz.predicted)},
        "probabilities": [
            {"title": taxonomy.titled(code), "share": share} for code, share in quiz.probabilities
        ],
        "alike": [
            {"title": taxonomy.titled(code), "images": found[:A_CLASS]}
            for code, found in alike.items()
        ],
        "signs": [
            {"name": each.name, "text": each.text, "sources": [one.short for one in each.sources]}
            for each in signs.signs_of(quiz.truth)
        ],
        "map": f"{images}/{MAP}{own}" if quiz.map else "",
        "method": quiz.method,
        "stronger": place.stronger if place else None,
        "distance": place.distance if place else None,
        "on_signs": place.on_signs if place else None,
    }


def _told(alike: LookAlike) -> str:
    return f"model: {alike.predicted}" if alike.label else f"no label; model: {alike.predicted}"


def _given(told: Mapping[str, object]) -> Given:
    point = told.get("point")
    if point is not None and not (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in point)
    ):
        raise InputError("The marked point is no pair of numbers; mark it again.")
    x_y = (float(point[0]), float(point[1])) if isinstance(point, list) else None
    return Given(_whole(told, "step"), wire.text(told, "choice"), x_y)


def _whole(told: Mapping[str, object], name: str) -> int:
    found = told.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 1_000:
        raise InputError("What came names no step; reload the page.")
    return found
