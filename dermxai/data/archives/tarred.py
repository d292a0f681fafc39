"""Tar archives: their headers are read once, each file in them where it lies. One that is
compressed as a whole is unpacked into the workspace first."""

import bz2
import gzip
import lzma
import tarfile
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import IO, Any, cast

from dermxai.core import disk
from dermxai.core.entries import UnusableError, opened
from dermxai.data.archives.bounds import Contents, Listing, Member, kept, member
from dermxai.data.places import place_of, unpacked_folder

BOMB = 50
"""Times its own size that a compressed tar may unpack to, where that is more than `SMALL`."""
SMALL = 200_000_000  # bytes
MOST_HEADER = 1_000_000
"""Bytes that are read at once of a header, such as a long name."""
_PART = 1 << 20
_SPARE = 1_000_000_000  # bytes that stay free
_UNPACKING = Lock()
_OPENERS = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".tbz": bz2.open}
_OPENERS |= {".tbz2": bz2.open, ".xz": lzma.open, ".txz": lzma.open}


class _Bounded:
    """A file of which no header is read at once that claims to be long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_HEADER:
            raise UnusableError(f"has a header of more than {MOST_HEADER / 1e6:.0f} MB")
        return self._file.read(size)


def contents(archive: Path) -> Contents:
    """
    Raises:
        UnusableError: it is no tar archive, or damaged, or beyond the bounds.
    """
    return kept(_listed, _plain(archive))


def content(archive: Path, name: str) -> bytes:
    """The bytes of a file in an archive.

    Raises:
        UnusableError: there is none of this name, or it is damaged.
    """
    plain = _plain(archive)
    wanted = member(contents(archive), name)
    with opened(plain) as file:
        file.seek(wanted.start)
        held = file.read(wanted.size)
    if len(held) < wanted.size:
        raise UnusableError(f"is truncated at {name}")
    return held


def _listed(archive: Path) -> Contents:
    listing = Listing()
    with opened(archive) as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            with tarfile.open(fileobj=cast(Any, _Bounded(file)), mode="r:") as tar:
                found: Any = tar
                end = 0
                while (info := found.next()) is not None:
                    found.members = []  # which it would keep all
                    end = found.offset
                    if info.isdir():
                        continue
                    if not info.isreg() or info.issparse():
                        listing.leave_out(info.name, "a link or a device, not a file")
                    elif info.offset_data + info.size > size:
                        listing.leave_out(info.name, "truncated")
                    else:
                        listing.add(
                            info.name,
                            Member(info.offset_data, info.size, info.size, 0, int(info.mtime)),
                        )
                file.seek(end)
                complete = file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
        except (UnusableError, OSError):
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise UnusableError(f"is damaged or no tar archive ({type(error).__name__})") from error
        if not complete:
            listing.leave_out("the end", "missing, as where an archive is truncated")
    return listing.contents()


def _plain(archive: Path) -> Path:
    """The archive itself, or what it unpacks to: once for each of its states.

    Raises:
        UnusableError: it is damaged, a bomb, or there is no room.
    """
    opener: Any = _OPENERS.get(archive.suffix.lower())
    if opener is None:
        return archive
    try:
        state = archive.stat()
    except OSError as error:
        raise UnusableError(f"cannot be opened ({error.strerror})") from error
    folder = unpacked_folder(place_of(archive))
    plain = folder / f"{state.st_size}-{state.st_mtime_ns}.tar"
    with _UNPACKING:
        if not plain.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _unpack(archive, opener, plain, max(SMALL, BOMB * state.st_size))
            for other in folder.glob("*.tar"):
                if other != plain:  # the archive as it was
                    other.unlink(missing_ok=True)
    return plain


def _unpack(archive: Path, opener: Any, plain: Path, most: int) -> None:
    room = disk_usage(plain.parent).free - _SPARE
    written = 0
    try:
        with (
            opened(archive) as file,
            opener(file) as packed,
            disk.replacing(plain) as temporary,
            temporary.open("wb") as target,
        ):
            while part := packed.read(_PART):
                written += target.write(part)
                if written > most:
                    raise UnusableError(f"unpacks to more than {BOMB} times its size; no images do")
                if written > room:
                    raise UnusableError("unpacks to more than there is room in the workspace")
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UnusableError(f"is damaged, or cannot be unpacked ({error})") from error
    except Exception as error:
        if isinstance(error, UnusableError):
            raise
        raise UnusableError(f"is damaged ({type(error).__name__})") from error
