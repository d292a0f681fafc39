"""What the pages in plain HTML share, beside the dashboard: JSON that comes and goes, their files,
images under maps, and threads for what waits."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dermxai.core.bounded import Bounded
from dermxai.core.entries import UnusableError, parse_json
from dermxai.core.errors import InputError
from dermxai.readers import pictures
from dermxai.readers.pictures import Picture
from dermxai.ui.access import identity

LARGEST = 16_384  # bytes of what a page sends
OPACITY = 0.6  # of the strongest place of a map
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_LAID_OVER: Bounded[bytes] = Bounded(32_000_000)
T = TypeVar("T")


def text(told: Mapping[str, object], name: str) -> str:
    """A text of what came; empty where there is none."""
    found = told.get(name)
    return found if isinstance(found, str) and "\0" not in found else ""


async def body(request: Request) -> Mapping[str, object]:
    """What a page of this server sends: a JSON object, which no form of another page can.

    Raises:
        InputError: it is none, or too large.
    """
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise InputError(f"More than {LARGEST:,} bytes came; an answer has fewer.")
    try:
        told = parse_json(content)
    except UnusableError:
        told = None
    if not isinstance(told, dict):
        raise InputError("What came is no JSON object; reload the page.")
    return told


def file(path: Path, kind: str) -> Response:
    """A file of the program's own; in it ``{{ base }}`` is the server's base."""
    content = path.read_text("utf-8").replace("{{ base }}", identity.base())
    headers = {
        **HEADERS,
        "Content-Security-Policy": PAGE_POLICY,
        "Content-Type": f"{kind}; charset=utf-8",
    }
    return Response(content, HTTPStatus.OK, headers)


def as_json(told: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(json.loads(json.dumps(told)), headers=HEADERS)


def jpeg(content: bytes | None) -> Response:
    """An image, or that there is none."""
    if content is None:
        return refused(HTTPStatus.NOT_FOUND, "There is no such image.", "")
    headers = {**HEADERS, "Cache-Control": "private, max-age=3600", "Content-Type": "image/jpeg"}
    return Response(content, HTTPStatus.OK, headers)


def refused(status: HTTPStatus, sentence: str, then: str) -> Response:
    """
    Args:
        then: what the page does about it, in a word that it knows.
    """
    return JSONResponse({"problem": sentence, "then": then}, status, HEADERS)


def laid_over(picture: Picture, content: bytes, *, grey: bool) -> bytes:
    """JPEG of an image under its map, see `pictures.packed`.

    Args:
        grey: whether the image is without its colours, so that all colour is the map's.

    Raises:
        InputError: the image cannot be read, or is another one now.
    """
    from dermxai.figures.overlay import blend, full_colour, over_grey  # most studies show none

    pixels = pictures.checked_pixels(picture)
    key = (picture.digest, content, grey)
    if (made := _LAID_OVER.get(key)) is not None:
        return made
    values = pictures.unpacked(content, pixels.shape[:2])
    lay = over_grey if grey else blend
    drawn = lay(pixels, values, OPACITY, full_colour(values))
    return _LAID_OVER.put(key, pictures.encoded(drawn))


async def in_turn(do: Callable[[], T], limiter: CapacityLimiter) -> T:
    """In a thread, as soon as one is free."""
    return await to_thread.run_sync(do, limiter=limiter)
