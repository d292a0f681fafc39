"""What lies in folders that people and programs write to, read without waiting and without trust.

A pipe would be waited for, a link may lead in a circle, a name may be in an old encoding, JSON may
be deep enough to end the reader. Whoever lists a folder leaves such entries out and says why.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import (
    IO,
    Annotated,
    Any,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
    overload,
)

from dermxai.core import paths
from dermxai.core.errors import InputError

T = TypeVar("T")

MOST_BYTES = 64_000_000
"""Of a file that is read as a whole."""
DEEPEST = 64
"""Lists and objects within each other in JSON."""
LONGEST = 120  # characters of a name that is shown
OUTSIDE = "lies outside the folders that this server may open"
_NAMED = "Name its folder in DERMXAI_ROOTS when starting the server, or move it away."
_ESCAPED = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
_LARGEST = 1 << 63
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_JSON = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}
_JSON |= {float: "a number", bool: "true or false", type(None): "null"}


class UnusableError(ValueError):
    """Why a file or folder is of no use, such as "is a pipe (FIFO), not a file"."""


@dataclass(frozen=True)
class Unusable:
    """An entry of a folder that is left out.

    Attributes:
        path: of the entry.
        reason: why, such as "is a pipe (FIFO), not a file".
        remedy: what to do, a sentence.
    """

    path: Path
    reason: str
    remedy: str = "Move it away or remove it."

    @property
    def name(self) -> str:
        """Its folder and its own name, in text that can be shown."""
        return f"{shown(self.path.parent.name)}/{shown(self.path.name)}"


def shown(name: str | Path, longest: int | None = LONGEST) -> str:
    """A name as text that can be shown, however long and in whatever encoding.

    Args:
        longest: characters, the middle left out; None for all.
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    text = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)
    if longest is None or len(text) <= longest:
        return text
    return f"{text[: longest // 2]}…{text[-longest // 2 :]}"


def is_text(name: str) -> bool:
    """False for names in an old encoding, which archives from other systems unpack to."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(path: Path) -> Path:
    """`paths.readable`, which every function here asks before it looks at what lies at a path.

    Raises:
        UnusableError: it lies outside the folders that a confined process may open.
    """
    try:
        return paths.readable(path)
    except InputError:
        raise UnusableError(OUTSIDE) from None


def listed(folder: Path) -> tuple[list[Path], list[Unusable]]:
    """The entries of a folder by name, without hidden ones; and those whose names are no text, or
    that lead where nothing may be read. Of a folder that is not there nothing, of one that cannot
    be looked into the folder itself."""
    try:
        with os.scandir(readable(folder)) as found:
            here = sorted((entry.name, entry.is_symlink()) for entry in found)
    except UnusableError as error:
        return [], [Unusable(folder, str(error), _NAMED)]
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Unusable(folder, f"cannot be looked into ({error.strerror})", _allow(folder))]
    usable, odd = [], []
    for name, is_link in here:
        path = folder / name
        if name.startswith("."):
            continue
        if not is_text(name):
            odd.append(Unusable(path, "its name is not UTF-8", "Rename it."))
        elif is_link and not paths.is_readable(path):
            odd.append(Unusable(path, OUTSIDE, _NAMED))
        else:
            usable.append(path)
    return usable, odd


def kind(path: Path) -> str:
    """What lies at a path, links followed: "a file", "a folder", "a pipe (FIFO)", …

    Raises:
        UnusableError: there is nothing, or it cannot or may not be looked at.
    """
    readable(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        where = "is a link to what is not there" if path.is_symlink() else "is not there"
        raise UnusableError(where) from None
    except (OSError, ValueError) as error:
        raise UnusableError(_cannot_open(error)) from error
    return next((name for is_such, name in _KINDS if is_such(mode)), "a file")


def check_file(path: Path) -> None:
    """
    Raises:
        UnusableError: there is no file at the path.
    """
    if (found := kind(path)) != "a file":
        raise UnusableError(f"is {found}, not a file")


def check_folder(path: Path) -> None:
    """
    Raises:
        UnusableError: there is no folder at the path, or it cannot be looked into.
    """
    if (found := kind(path)) != "a folder":
        raise UnusableError(f"is {found}, not a folder")
    try:
        os.scandir(readable(path)).close()
    except OSError as error:
        raise UnusableError(_cannot_open(error)) from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to read, never a pipe that would be waited for.

    Raises:
        UnusableError: there is no file, or it cannot or may not be opened.
    """
    place = readable(path)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        check_file(path)
        raise UnusableError(_cannot_open(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            check_file(path)
        file = os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
    with file:
        yield file


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """
    Raises:
        UnusableError: there is no file, it cannot be read, or has more than ``most`` bytes.
    """
    with opened(path) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise UnusableError(_cannot_open(error)) from error
    if len(content) > most:
        raise UnusableError(f"is longer than {most / 1e6:.0f} MB")
    return content


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """
    Raises:
        UnusableError: as `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableError("is not UTF-8") from None


@overload
def read_json(path: Path, shape: type[T], most: int = MOST_BYTES, *, zeros: bool = False) -> T: ...
@overload
def read_json(
    path: Path, shape: None = None, most: int = MOST_BYTES, *, zeros: bool = False
) -> object: ...
@overload
def read_json(
    path: Path, shape: Mapping[str, object], most: int = MOST_BYTES, *, zeros: bool = False
) -> dict[str, Any]: ...
def read_json(
    path: Path, shape: object = None, most: int = MOST_BYTES, *, zeros: bool = False
) -> object:
    """The content of a JSON file.

    Args:
        shape: what it is to have, see `check_shape`.
        zeros: whether its texts may hold the character 0, which no path does.

    Raises:
        UnusableError: as `read_text`, it is not JSON, or deep, or holds half characters or numbers
            beyond 64 bits, or has another shape.
    """
    return _parsed(read_bytes(path, most), shape, zeros=zeros)


@overload
def parse_json(content: bytes, shape: type[T], *, zeros: bool = False) -> T: ...
@overload
def parse_json(content: bytes, shape: None = None, *, zeros: bool = False) -> object: ...
@overload
def parse_json(
    content: bytes, shape: Mapping[str, object], *, zeros: bool = False
) -> dict[str, Any]: ...
def parse_json(content: bytes, shape: object = None, *, zeros: bool = False) -> object:
    """
    Raises:
        UnusableError: as `read_json`.
    """
    return _parsed(content, shape, zeros=zeros)


def _parsed(content: bytes, shape: object, *, zeros: bool) -> object:
    try:
        parsed: object = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UnusableError("is not UTF-8") from None
    except RecursionError:
        raise UnusableError(f"is JSON of more than {DEEPEST} levels") from None
    except ValueError as error:
        what = "is empty" if not content.strip() else f"is not JSON ({_cut(error)})"
        raise UnusableError(what) from None
    _check_values(parsed, texts=_ESCAPED.search(content) is not None, zeros=zeros)
    check_shape(parsed, shape)
    return parsed


def check_shape(content: object, shape: object, where: str = "it") -> None:
    """
    Args:
        shape: None for anything; a type or a tuple of them (whole numbers are numbers, booleans are
            not); ``[shape]`` for a list of such; a mapping for an object with at least these keys,
            those ending in "?" only where they are there. A `TypedDict`, ``list[…]`` and ``… | …``
            are such shapes, too, see `_shape`.

    Raises:
        UnusableError: the content has another one.
    """
    shape = _shape(shape)
    if shape is None:
        return
    kind = list if isinstance(shape, list) else dict if isinstance(shape, Mapping) else shape
    _expect(content, kind, where)
    if isinstance(shape, list) and isinstance(content, list):
        for index, each in enumerate(content):
            check_shape(each, shape[0], f"{where}[{index}]")
    elif isinstance(shape, Mapping) and isinstance(content, dict):
        for key, inner in shape.items():
            name = str(key).removesuffix("?")
            if name in content:
                check_shape(content[name], inner, name if where == "it" else f"{where}.{name}")
            elif name == key:
                raise UnusableError(
                    f"has no {name!r}" if where == "it" else f"{where} lacks {name!r}"
                )


@lru_cache(maxsize=256)
def _typed_dict(kind: type) -> Mapping[str, object]:
    hints = get_type_hints(kind, include_extras=True)
    needed: frozenset[str] = getattr(kind, "__required_keys__", frozenset())
    return {name if name in needed else f"{name}?": hint for name, hint in hints.items()}


def _shape(kind: object) -> object:
    """What a type asks of JSON: ``object`` nothing; ``Annotated[…, shape]`` that shape, where less
    is asked than the type says."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Required, NotRequired):
        return _shape(args[0])
    if origin is Annotated:
        return _shape(args[1])
    if origin in (Union, UnionType):
        return tuple(_shape(each) for each in args)
    if isinstance(kind, type) and is_typeddict(kind):
        return _typed_dict(kind)
    shape = list(args) if origin is list else dict if origin in (dict, Mapping) else kind
    return None if shape is object else shape


def fits(content: object, shape: object) -> bool:
    """Whether content has a shape."""
    try:
        check_shape(content, shape)
    except UnusableError:
        return False
    return True


def _expect(content: object, types: object, where: str) -> None:
    wanted = types if isinstance(types, tuple) else (types,)
    if isinstance(content, bool):
        right = bool in wanted
    else:
        right = isinstance(content, wanted) or (float in wanted and isinstance(content, int))
    if not right:
        came, expected = _JSON.get(type(content), "another"), _JSON.get(wanted[0], "another")
        raise UnusableError(f"{where} is {came} where {expected} was expected")


def _check_values(content: object, *, texts: bool, zeros: bool) -> None:
    """
    Args:
        texts: whether there may be half characters in it.
    """
    waiting: list[tuple[object, int]] = [(content, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise UnusableError(f"is JSON of more than {DEEPEST} levels")
        if isinstance(value, dict):
            waiting += ((each, depth + 1) for each in value.values())
            waiting += ((each, depth + 1) for each in value if texts)
        elif isinstance(value, list):
            waiting += ((each, depth + 1) for each in value)
        elif texts and isinstance(value, str) and _is_half(value, zeros):
            raise UnusableError("holds half a character, or the character 0, in a text")
        elif isinstance(value, int) and abs(value) > _LARGEST:
            raise UnusableError("holds a number beyond 64 bits")


def _is_half(text: str, zeros: bool) -> bool:
    return not is_text(text) or ("\0" in text and not zeros)


def _cannot_open(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or _cut(error)
    return f"cannot be opened ({reason})"


def _cut(error: Exception) -> str:
    return shown(str(error).rstrip("."))


def _allow(folder: Path) -> str:
    return f"Give the account of the server the right to read {shown(folder)}, or move it away."
