"""Arrays of ``.npz`` files whose claims are checked before any memory or disk is taken.

An archive says how long its members are, and each member's header what array it holds: two claims
of a file from outside, of a few hundred bytes perhaps. Both must agree, and nothing is unpacked
beyond them.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dermxai.core.entries import UnusableError, opened
from dermxai.core.errors import InputError

MOST_BYTES = 1_000_000_000
"""Of all arrays that are read at once."""
BOMB = 100
"""Times its own size that a member may unpack to, where that is more than `SMALL`; images unpack to
about twice."""
SMALL = 64_000_000  # bytes
_MOST_NOTHING = 10_000_000  # elements of an array without a byte
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Member:
    """An array of an archive, as its header describes it; nothing else of it has been read.

    Attributes:
        shape: of the array.
        dtype: of its elements; plain numbers or texts.
        start: bytes of the header.
        size: bytes of header and array.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    start: int
    size: int


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """An ``.npz`` file, opened.

    Raises:
        UnusableError: there is no file, or it is damaged or no such archive, as far as the block
            reads it.
    """
    with opened(path) as file:
        try:
            with zipfile.ZipFile(file) as found:
                yield found
        except (UnusableError, InputError, OSError):
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise UnusableError(
                f"is damaged or not an .npz file ({type(error).__name__})"
            ) from error


def members(found: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays in an archive by their names."""
    inside = {info.filename: info for info in found.infolist()}
    return {
        name.removesuffix(".npy"): info for name, info in inside.items() if name.endswith(".npy")
    }


def described(found: zipfile.ZipFile, name: str) -> Member:
    """What an array of an archive is, from its header.

    Raises:
        UnusableError: there is none of this name; it is encrypted, packed in an unknown way, holds
            objects, or its header claims another size than the archive.
    """
    info = members(found).get(name)
    if info is None:
        raise UnusableError(f"holds no array {name}")
    if info.flag_bits & _ENCRYPTED:
        raise UnusableError(f"has {name} encrypted; save it without a password")
    if info.compress_type not in _METHODS:
        raise UnusableError(f"has {name} packed in an unknown way; save it with numpy.savez")
    with found.open(info) as file:
        shape, dtype = _header(file, name)
        start = file.tell()
    if dtype.hasobject:
        raise UnusableError(f"has objects in {name}, which could run code; expected numbers")
    held = math.prod(shape) * dtype.itemsize
    if start + held != info.file_size:
        raise UnusableError(
            f"claims {held:,} bytes for {name} and holds {max(0, info.file_size - start):,}"
        )
    if not held and math.prod(max(side, 1) for side in shape) > _MOST_NOTHING:
        raise UnusableError(f"claims an array {shape} without a byte for {name}")
    if info.file_size > max(SMALL, BOMB * info.compress_size):
        raise UnusableError(
            f"unpacks {name} to {info.file_size / max(1, info.compress_size):,.0f} times its size; "
            "no images do: save it without compression (numpy.savez)"
        )
    return Member(name, shape, dtype, start, info.file_size)


def load(path: Path, *names: str, most: int = MOST_BYTES) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` file, all of them where none is named.

    Raises:
        UnusableError: as `described`; one is missing, damaged, or all together have more than
            ``most`` bytes.
    """
    try:
        with archive(path) as found:
            wanted = [described(found, name) for name in names or members(found)]
            if (together := sum(member.size for member in wanted)) > most:
                raise UnusableError(f"unpacks to {together / 1e9:.1f} GB")
            return {member.name: _read(found, member) for member in wanted}
    except OSError as error:
        raise UnusableError(f"cannot be read ({error.strerror})") from error


def _read(found: zipfile.ZipFile, member: Member) -> NDArray[Any]:
    with found.open(f"{member.name}.npy") as file:
        return npy.read_array(file, allow_pickle=False)


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    try:
        version = npy.read_magic(file)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = reader(file)
        np.empty(0, dtype)
    except Exception as error:  # a damaged header fails in many ways, a deep one ends the parser
        raise UnusableError(f"has a damaged header in {name}") from error
    if any(side < 0 for side in shape):
        raise UnusableError(f"claims the shape {shape} for {name}")
    return shape, dtype
