"""Files that are complete the moment they are seen, and locks between processes."""

import errno
import fcntl
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from tokenize import TokenError
from uuid import uuid4
from zipfile import BadZipFile

LOCK_POLL = 0.2  # seconds
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Codes of the errors that a full disk gives."""
UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, TokenError, SyntaxError),
    *(NotImplementedError, RuntimeError),  # a method, or a password, that a flipped bit asks for
)
"""What reading an ``.npz`` file raises that is not there, damaged, or holds something else."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well, so that a
    file is complete the moment it is visible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what was being written in a folder when its process was killed. For the folder's only
    writer."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock between processes while the block runs; it falls when its holder dies.

    Args:
        waiting: called a few times a second while another process holds the lock; may raise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waiting:
                    waiting()
                sleep(LOCK_POLL)
        yield


@contextmanager
def sharing(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock of `locked` together with others who share it; as `locked`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waiting:
                    waiting()
                sleep(LOCK_POLL)
        yield
