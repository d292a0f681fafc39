"""Atomic writes, and locks between processes."""

import errno
import fcntl
import os
import re
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from tokenize import TokenError
from uuid import uuid4
from zipfile import BadZipFile

from dermxai.core.errors import InputError

LOCK_POLL = 0.2  # seconds
_LONGEST_CHAIN = 100  # errors that led to each other; they may do so in a circle
_TOLD = re.compile(r"(?:os error|Errno) (\d+)")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Codes of the errors that a full disk gives."""
_NO_FILE = frozenset({errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENODEV})
UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, TokenError, SyntaxError),
    *(NotImplementedError, RuntimeError),  # a method, or a password, that a flipped bit asks for
)
"""What reading an ``.npz`` file raises that is not there, damaged, or holds something else."""


def trouble(error: BaseException) -> str:
    """What an error has to say of a disk, in a sentence: it, or one that led to it, may tell of a
    full disk or a read-only one, it or its cause of permissions that do not suffice; empty where
    none does."""
    for each in chain(error):
        code = getattr(each, "errno", None) or _code_in(str(each))
        file = getattr(each, "filename", None) or "a file of the workspace"
        if code in FULL:
            return (
                f"The disk is full ({os.strerror(code)}: {_shown(file)}); free some space and try "
                "again: what was finished is kept."
            )
        if code == errno.EROFS:
            return f"The disk is read-only ({_shown(file)}); nothing can be written there."
    cause: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if cause is None:
            break
        if isinstance(cause, PermissionError):
            return (
                f"{_shown(cause.filename or 'A file')} may not be read or written by this account "
                f"({cause.strerror}); ask its owner, or whoever runs this server, for permission."
            )
        cause = cause.__cause__
    return ""


def is_full(error: BaseException) -> bool:
    """Whether an error, or one that led to it, tells of a full disk."""
    codes = ((getattr(each, "errno", None), _code_in(str(each))) for each in chain(error))
    return any(not FULL.isdisjoint(code) for code in codes)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inside = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        waiting += [*inside, each.__cause__, each.__context__]


def _code_in(text: str) -> int | None:
    """The code of a system's error that libraries tell in words, as "(os error 28)"."""
    found = _TOLD.search(text)
    return int(found[1]) if found else None


def _shown(file: object) -> str:
    text = os.fsdecode(file) if isinstance(file, bytes) else str(file)
    return text.encode("utf-8", "backslashreplace").decode()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well, so that a
    file is written atomically."""
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


def held(path: Path) -> bool | None:
    """Whether a process, wherever it is that sees this disk, holds a lock; None where there is no
    such file, or it may not be looked at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def hold(path: Path) -> int:
    """The descriptor of a new file that is locked the moment it is seen; the lock falls when nobody
    has it open any more."""
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock between processes while the block runs; it falls when its holder dies.

    Args:
        waiting: called a few times a second while another process holds the lock; may raise.
    """
    with _lock(path, fcntl.LOCK_EX, waiting):
        yield


@contextmanager
def sharing(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock of `locked` together with others who share it; as `locked`."""
    with _lock(path, fcntl.LOCK_SH, waiting):
        yield


@contextmanager
def _lock(path: Path, kind: int, waiting: Callable[[], None] | None) -> Iterator[None]:
    descriptor = open_lock(path)
    try:
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting:
                    waiting()
                sleep(LOCK_POLL)
                continue
            if is_at(descriptor, path):
                break
            os.close(descriptor)  # the file was removed, and others lock another one
            descriptor = -1
            descriptor = open_lock(path)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def open_lock(path: Path) -> int:
    """The descriptor of a file to lock, which is made where there is none; of those who share a
    workspace each may lock it.

    Raises:
        InputError: permissions do not suffice, or something else lies there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    try:
        try:
            descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:  # to read suffices on a disk of this computer
            descriptor = os.open(path, flags | os.O_RDONLY)
    except PermissionError as error:
        raise InputError(
            f"{path} may not be opened by this account, which is needed to take turns with others; "
            "let its owner share the workspace, as docs/server.md says."
        ) from error
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        raise InputError(
            f"{path} is no file that can be locked ({error.strerror}); remove it and try again."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path} is no file that can be locked; remove it and try again.")
    return descriptor


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that lies at a path now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
