"""What archives of all kinds have in common: names that can be trusted, and bounds."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from dermxai.core.entries import UnusableError
from dermxai.data.table import Problem

MOST_MEMBERS = 1_000_000
MOST_BYTES = 600_000_000
"""Of one file in an archive, unpacked: the largest image that is read has 537 MB of pixels."""
_LONGEST = 1000  # characters of a name
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        start: byte of the archive at which it lies: of a zip its header, of a tar its content.
        size: bytes, as the archive claims.
        packed: bytes that it takes in the archive.
        method: how it is packed, 0 for not at all.
        check: what tells it from another of its name: its CRC-32, or when it was changed.
    """

    start: int
    size: int
    packed: int
    method: int = 0
    check: int = 0


@dataclass(frozen=True)
class Contents:
    """
    Attributes:
        members: by name, "/" between folders.
        problems: what is left out, and why.
        digest: tells what lies in the archive from anything else.
    """

    members: Mapping[str, Member]
    problems: tuple[Problem, ...]
    digest: bytes


class Listing:
    """The members of an archive as they are met; whatever could lead elsewhere is left out."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._twice: set[str] = set()
        self._reasons: dict[str, tuple[int, str]] = {}
        self._met = 0

    def add(self, name: str, member: Member) -> None:
        """
        Raises:
            UnusableError: there are more than `MOST_MEMBERS`.
        """
        self._met += 1
        if self._met > MOST_MEMBERS:
            raise UnusableError(f"holds more than {MOST_MEMBERS:,} files")
        trusted = safe(name)
        if trusted is None:
            self.leave_out(name, "with a name that leads out of the archive or is no text")
        elif member.size > MOST_BYTES:
            self.leave_out(name, f"longer than {MOST_BYTES / 1e6:.0f} MB")
        else:
            known = self._members.setdefault(trusted, member)
            if (known.size, known.check) != (member.size, member.check):
                self._twice.add(trusted)

    def leave_out(self, name: str, reason: str) -> None:
        count, first = self._reasons.get(reason, (0, name))
        self._reasons[reason] = (count + 1, first)

    def contents(self) -> Contents:
        for name in self._twice:
            del self._members[name]
            self.leave_out(name, "of one name with different contents")
        digest = sha256()
        for name, each in sorted(self._members.items()):
            digest.update(f"{name}\0{each.size}\0{each.check}\n".encode())
        problems = tuple(
            Problem(f"{count:,} in the archive", f"{reason}; left out, the first is {first[:80]!r}")
            for reason, (count, first) in self._reasons.items()
        )
        return Contents(self._members, problems, digest.digest())


def safe(name: str) -> str | None:
    """A member's name as a path beneath a folder; None where it leads elsewhere, is none, or is no
    text."""
    plain = name.replace("\\", "/").removeprefix("./")
    parts = plain.split("/")
    odd = (
        not plain
        or plain.startswith("/")
        or _DRIVE.match(plain)
        or ".." in parts
        or len(plain) > _LONGEST
        or any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts)
        or any(ord(each) < 32 or 0xD800 <= ord(each) <= 0xDFFF for each in plain)
    )
    return None if odd else posixpath.normpath(plain)


@lru_cache(maxsize=8)
def _kept(
    read: Callable[[Path], Contents], archive: Path, _size: int, _modified_ns: int
) -> Contents:
    return read(archive)


def kept(read: Callable[[Path], Contents], archive: Path) -> Contents:
    """What ``read`` finds in an archive, once for each of its states.

    Raises:
        UnusableError: it is not there, or as ``read``.
    """
    try:
        state = archive.stat()
    except OSError as error:
        raise UnusableError(f"cannot be opened ({error.strerror})") from error
    return _kept(read, archive, state.st_size, state.st_mtime_ns)


def member(found: Contents, name: str) -> Member:
    """
    Raises:
        UnusableError: there is none of this name.
    """
    if name not in found.members:
        raise UnusableError("holds no such file")
    return found.members[name]
