"""What may lie in a workspace that nobody wrote there on purpose."""

import ctypes
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

NOT_UTF8 = os.fsdecode(b"caf\xe9")
_CAPABILITIES = 0x20080522  # the third version of the structure
_OVERRIDES = {1, 2}  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def _socket(path: Path) -> None:
    """Bound by a short name: addresses are."""
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def _unreadable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


KINDS: Mapping[str, Callable[[Path], object]] = {
    "empty": Path.touch,
    "bytes": lambda path: path.write_bytes(b"\xff\xfe\x00nothing\x80" * 50),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "latin 1": lambda path: path.write_bytes('{"id": "é"}'.encode("latin-1")),
    "half JSON": lambda path: path.write_text('{"id": "a", "check'),
    "list": lambda path: path.write_text("[]"),
    "null": lambda path: path.write_text("null"),
    "number": lambda path: path.write_text("1e999"),
    "large number": lambda path: path.write_text(json.dumps({"format": 10**400, "pid": 10**30})),
    "deep list": lambda path: path.write_text("[" * 100_000),
    "deep object": lambda path: path.write_text('{"id":' * 900 + "1" + "}" * 900),
    "half character": lambda path: path.write_text('{"id": "\\ud800", "title": "\\udfff"}'),
    "folder": lambda path: path.mkdir(),
    "full folder": lambda path: (path / "more").mkdir(parents=True),
    "pipe": os.mkfifo,
    "socket": _socket,
    "loop": lambda path: path.symlink_to(path.name),
    "lost link": lambda path: path.symlink_to("not/there"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "unreadable": _unreadable,
}
"""Makes something odd at a path, by its name."""

NAMES = (NOT_UTF8, "a\nb", "<b>x", "$x$ ![y](z.png)", "x" * 250, "-", "%00")
"""Of files and folders."""


@contextmanager
def ordinary() -> Iterator[None]:
    """Permissions count for this thread, and those that it starts, also where it is root's."""
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    before = (ctypes.c_uint32 * 6)()
    if library.capget(header, before):
        raise OSError(ctypes.get_errno(), "capget")
    fewer = (ctypes.c_uint32 * 6)(*before)
    fewer[0] &= ~sum(1 << number for number in _OVERRIDES)
    if library.capset(header, fewer):
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        library.capset(header, before)
