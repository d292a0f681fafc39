"""A page in plain HTML beside the dashboard, as those who have only a code see it: its files, and
its questions, bounded and answered in threads."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar, TypeVar

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from dermxai.core.errors import InputError
from dermxai.readers.store.database import database
from dermxai.readers.store.gone import GoneError
from dermxai.ui import wire
from dermxai.ui.access import identity

log = logging.getLogger("dermxai")
AT_ONCE = 8  # requests that wait for the database or an image
WAITING = 500  # of others
QUIET = 10.0  # seconds between lines of the log that say the same
T = TypeVar("T")


class PlainPage(ABC):
    """What answers requests beneath an address of its own.

    Attributes:
        home: the address.
        files: by address, a file of the page and what it is called on the web.
        visitors: whom it is for, in a word.
        about: what the database keeps for it, in words.
        cookie: the end of its cookie's name.
        lasts: seconds for which a browser keeps it.
        refusals: kinds of errors with their status and what the page does, in a word that it
            knows; it tries "again" while the database is gone.
    """

    home: ClassVar[str]
    files: ClassVar[Mapping[str, tuple[Path, str]]]
    visitors: ClassVar[str]
    about: ClassVar[str]
    cookie: ClassVar[str]
    lasts: ClassVar[int]
    refusals: ClassVar[Sequence[tuple[type[InputError], HTTPStatus, str]]]

    def __init__(self) -> None:
        self.limiter = CapacityLimiter(AT_ONCE)
        self.waiting = 0
        self.noted = -QUIET

    async def answer(self, path: str, request: Request) -> Response:
        if path in self.files and request.method in {"GET", "HEAD"}:
            return wire.file(*self.files[path])
        if self.waiting >= WAITING:
            told = f"Too many {self.visitors} ask at once; this goes on by itself."
            return wire.refused(HTTPStatus.SERVICE_UNAVAILABLE, told, "again")
        self.waiting += 1
        try:
            return await self.asked(path.removeprefix(f"{self.home}/"), request)
        except InputError as error:
            return self._refused(error)
        finally:
            self.waiting -= 1

    @abstractmethod
    async def asked(self, path: str, request: Request) -> Response:
        """The answer to a request.

        Args:
            path: below the page's address.

        Raises:
            InputError: it is refused.
        """

    async def done(self, do: Callable[..., T], *arguments: object) -> T:
        """A step on the database, in a thread."""

        def step() -> T:
            return do(database(), *arguments)

        return await self.in_turn(step)

    async def in_turn(self, do: Callable[[], T]) -> T:
        return await wire.in_turn(do, self.limiter)

    def shown(self, request: Request) -> str:
        """What the browser shows to be known by; empty where it is not known."""
        return identity.cookies(request.scope).get(self._cookie_name(), "")

    def remember(self, response: Response, shown: str, request: Request) -> None:
        """Has the browser show it from now on, to this page alone."""
        response.set_cookie(
            self._cookie_name(),
            shown,
            max_age=self.lasts,
            path=f"{identity.base()}{self.home}",
            httponly=True,
            samesite="strict",
            secure=request.scope.get("scheme") == "https",
        )

    def _cookie_name(self) -> str:
        return f"{identity.cookie_name()}_{self.cookie}"

    def _refused(self, error: InputError) -> Response:
        if isinstance(error, GoneError):
            self._note(error)
            return wire.refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error), "again")
        for kind, status, then in self.refusals:
            if isinstance(error, kind):
                return wire.refused(status, str(error), then)
        return wire.refused(HTTPStatus.BAD_REQUEST, str(error), "")

    def _note(self, error: GoneError) -> None:
        """In the log, once in a while: hundreds ask again each second."""
        if time.monotonic() - self.noted > QUIET:
            self.noted = time.monotonic()
            log.error("The database of %s cannot be reached: %s", self.about, error.__cause__)
