"""Downloads that go on where they broke off, are checked, and never leave HTTP.

Proxies of the environment (``HTTPS_PROXY`` …) are used. Nothing is fetched but over HTTPS, and a
host may redirect to another only over HTTPS and only to a public address, so that none can reach
into the network of this computer.
"""

import hashlib
import http.client
import ipaddress
import os
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from shutil import disk_usage
from typing import IO, TypeVar
from urllib.parse import urlsplit

from dermxai.core import disk, entries
from dermxai.core.errors import InputError
from dermxai.data.published.sets import File
from dermxai.version import __version__

T = TypeVar("T")

MOST_BYTES = 100_000_000_000
"""Of a file."""
MOST_JSON = 50_000_000
_PART = 1 << 18
_SECONDS = 30  # without a byte
_TRIES = 5
_SPARE = 500_000_000  # bytes that stay free
_ERRORS = (OSError, http.client.HTTPException)
_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<whole>\d+|\*)")

Progress = Callable[[int, int | None], None]


class UnreachableError(InputError):
    """There is no way to a host from here."""


@dataclass(frozen=True)
class Network:
    """How hosts are reached.

    Attributes:
        trusted: a host that may be reached without encryption: one on this computer, of tests.
        wait: between tries.
    """

    trusted: str | None = None
    wait: Callable[[float], None] = time.sleep

    def opened(self, url: str, headers: dict[str, str] | None = None) -> HTTPResponse:
        """
        Raises:
            InputError: the address, or one that it redirects to, may not be asked.
            OSError: the host cannot be reached or says no.
        """
        self.check(url)
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.UnknownHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _Redirects(self),
        ):
            opener.add_handler(handler)
        agent = {"User-Agent": f"dermxai/{__version__}", "Accept-Encoding": "identity"}
        answer: HTTPResponse = opener.open(
            urllib.request.Request(url, headers=agent | (headers or {})),  # noqa: S310  # checked
            timeout=_SECONDS,
        )
        return answer

    def check(self, url: str, before: str | None = None) -> None:
        """
        Args:
            before: the host that redirects to it.

        Raises:
            InputError: it is no address of HTTPS, or leads into a network that is not public.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        own = self.trusted is not None and host == self.trusted and before in (None, host)
        if parts.scheme != "https" and not (own and parts.scheme == "http"):
            raise InputError(f"{url[:200]!r} is no address of HTTPS; nothing was fetched from it.")
        if not own and _is_private(host):
            raise InputError(f"{host[:200]} is no public host; nothing was fetched from it.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, network: Network) -> None:
        self._network = network

    def redirect_request(  # noqa: PLR0917  # as urllib calls it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self._network.check(newurl, urlsplit(req.full_url).hostname)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_private(host: str) -> bool:
    """Whether a host is, or is called as, an address that is not public. One that has no address
    here may have one where the proxy is."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        found = set()
    return host == "" or any(
        not ipaddress.ip_address(each.partition("%")[0]).is_global for each in found
    )


def download(file: File, folder: Path, network: Network, progress: Progress) -> Path:
    """Fetches a file into a folder, where it was not fetched before, and goes on with what is
    there of it.

    Raises:
        UnreachableError: there is no way to the host.
        InputError: it is another file than expected, longer than expected, or there is no room.
    """
    target = folder / file.name
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{file.name}.part"
    with disk.locked(folder / f".{file.name}.lock"):
        for attempt in range(_TRIES):
            try:
                _fetched(file, part, network, progress)
                break
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code not in (408, 429):
                    raise _refused(file.url, error) from None
                reason: Exception = error
            except _ERRORS as error:
                reason = error
            if attempt < _TRIES - 1:
                network.wait(2.0**attempt)
        else:
            raise _unreachable(file.url, reason)
        _check(file, part)
        part.replace(target)
    (folder / f".{file.name}.lock").unlink(missing_ok=True)
    return target


def size_of(url: str, network: Network) -> int | None:
    """Bytes of what lies at an address, by its first one; None where its host does not tell.

    Raises:
        UnreachableError: there is no way to the host.
        InputError: it says no.
    """
    try:
        with network.opened(url, {"Range": "bytes=0-0"}) as answer:
            told = _RANGE.fullmatch(answer.headers.get("Content-Range") or "")
            length = told["whole"] if told else answer.headers.get("Content-Length") or ""
            return int(length) if length.isdigit() else None
    except urllib.error.HTTPError as error:
        raise _refused(url, error) from None
    except _ERRORS as error:
        raise _unreachable(url, error) from error


def get_json(url: str, shape: type[T], network: Network) -> T:
    """
    Raises:
        UnreachableError: there is no way to the host.
        InputError: it says no, or answers otherwise than expected.
    """
    try:
        with network.opened(url, {"Accept": "application/json"}) as answer:
            content = answer.read(MOST_JSON + 1)
        if len(content) > MOST_JSON:
            raise entries.UnusableError(f"is longer than {MOST_JSON / 1e6:.0f} MB")
        return entries.parse_json(content, shape)
    except entries.UnusableError as error:
        raise InputError(f"The answer of {urlsplit(url).hostname} {error}.") from error
    except urllib.error.HTTPError as error:
        raise _refused(url, error) from None
    except _ERRORS as error:
        raise _unreachable(url, error) from error


def _fetched(file: File, part: Path, network: Network, progress: Progress) -> None:
    """One try, from where the last one ended.

    Raises:
        OSError: it broke off.
        InputError: see `download`.
    """
    there = part.stat().st_size if part.exists() else 0
    if file.size is not None and there == file.size:
        return
    headers = {"Range": f"bytes={there}-"} if there else {}
    try:
        answer = network.opened(file.url, headers)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        part.unlink(missing_ok=True)
        raise OSError("the part that was there fits no more") from None
    with answer:
        told = _RANGE.fullmatch(answer.headers.get("Content-Range") or "")
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT and told is not None
        if goes_on and told is not None and int(told["start"]) != there:
            raise OSError("the host goes on from another place")
        if not goes_on:
            there = 0
        length = answer.headers.get("Content-Length") or ""
        whole = there + int(length) if length.isdigit() else file.size
        most = file.size if file.size is not None else MOST_BYTES
        if whole is not None and whole > most:
            raise InputError(f"{file.name} has {whole:,} bytes where {most:,} were expected.")
        free = disk_usage(part.parent).free - _SPARE
        if whole is not None and whole - there > free:
            raise InputError(
                f"{file.name} takes {whole / 1e9:.1f} GB, and there is no room for it in "
                f"{part.parent}; free some space."
            )
        with part.open("ab" if there else "wb") as target:
            most = min(most, there + max(0, free))
            done = _copied(answer, target, there, most, lambda done: progress(done, whole))
        if whole is not None and done < whole:
            raise OSError("the connection broke off")


def _copied(
    answer: HTTPResponse, target: IO[bytes], done: int, most: int, progress: Callable[[int], None]
) -> int:
    """Bytes of the file after this."""
    while content := answer.read(_PART):
        done += len(content)
        if done > most:
            raise InputError(f"{urlsplit(answer.url).hostname} sends more than was expected.")
        target.write(content)
        progress(done)
    return done


def _check(file: File, part: Path) -> None:
    """
    Raises:
        InputError: what was fetched is another file; it is removed.
    """
    if file.md5 is not None:
        with entries.opened(part) as opened:
            found = hashlib.md5(usedforsecurity=False)
            while content := opened.read(_PART):
                found.update(content)
        if found.hexdigest() != file.md5:
            part.unlink()
            raise InputError(
                f"{file.name} from {urlsplit(file.url).hostname} has the MD5 {found.hexdigest()} "
                f"where {file.md5} was expected; it was removed. Try again, or fetch it by hand."
            )
    elif file.size is not None and os.path.getsize(part) != file.size:  # noqa: PTH202
        part.unlink()
        raise InputError(f"{file.name} is not {file.size:,} bytes long; it was removed. Try again.")


def _refused(url: str, error: urllib.error.HTTPError) -> InputError:
    return InputError(f"{urlsplit(url).hostname} says {error.code} {error.reason} to {url[:300]}.")


def _unreachable(url: str, error: Exception) -> UnreachableError:
    reason = getattr(error, "reason", None) or error
    return UnreachableError(f"{urlsplit(url).hostname} cannot be reached ({str(reason)[:200]}).")
