"""Where the workspace and its folders lie, and what of the disk a server may read."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from dermxai.core.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = PACKAGE / "_app"  # in a wheel only
PROJECT = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent
"""Holds ``app.py``, ``pages/``, ``checkpoints/`` and ``.streamlit/``: the top of a checkout, or a
folder inside an installed package."""
APP = PROJECT / "app.py"
SHOWN = 100  # characters of a path that cannot be
LONGEST = 1000  # characters of one that can
CONFINED = "DERMXAI_CONFINED"  # in the environment of a server, and so of the jobs that it starts
ROOTS = "DERMXAI_ROOTS"
_CONFINING: ContextVar[bool] = ContextVar("confining", default=False)
EMBEDDED_CHECKPOINTS = PROJECT / "checkpoints"
EMBEDDED_CHECKPOINT = EMBEDDED_CHECKPOINTS / "atlas-b4-heads"
PLAIN_CHECKPOINT = EMBEDDED_CHECKPOINTS / "atlas-plain"
"""The second of the demo, to be compared with the first."""


def home() -> Path:
    """The folder that holds everything DermXAI writes: ``DERMXAI_HOME``, else ``workspace/`` of the
    checkout, or of the current folder where the package is installed."""
    named = os.environ.get("DERMXAI_HOME")
    return _resolved(named or str((Path.cwd() if PROJECT == _INSTALLED else PROJECT) / "workspace"))


def share() -> None:
    """Lets what this process writes be the group's, too, where the workspace is: its folder can be
    written by the group and hands it on (``chmod 2770``). Called as a process begins."""
    if shared():
        os.umask(os.umask(0o077) & ~stat.S_IRWXG)


def shared() -> bool:
    """Whether the workspace is a group's."""
    try:
        mode = home().stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def datasets() -> Path:
    return home() / "datasets"


def checkpoints() -> Path:
    return home() / "checkpoints"


def runs() -> Path:
    return home() / "runs"


def predictions() -> Path:
    """Files of predictions that visitors have sent, for the jobs that import them."""
    return home() / "predictions"


def jobs() -> Path:
    return home() / "jobs"


def roots() -> tuple[Path, ...]:
    """Folders from which a visitor may open data: the workspace, the embedded checkpoints and
    those named in ``DERMXAI_ROOTS`` (separated as in ``PATH``)."""
    named = os.environ.get(ROOTS, "").split(os.pathsep)
    return (home(), EMBEDDED_CHECKPOINTS, *(_resolved(name) for name in named if name))


def _resolved(name: str) -> Path:
    """A folder of the environment, links followed as far as they lead, and ``~`` expanded: shells
    do that, but no file of settings. Looked up once a second: a page asks hundreds of times."""
    named = os.path.expanduser(name)  # noqa: PTH111
    folder = None if named.startswith("/") else Path.cwd()
    return _resolved_then(named, folder, int(time.monotonic()))


@lru_cache(maxsize=64)
def _resolved_then(name: str, _folder: Path | None, _second: int) -> Path:
    return Path(os.path.realpath(name))


def named(path: str | Path) -> Path:
    """The absolute path that a person has named, ``~`` expanded, links not followed.

    Raises:
        InputError: no file can be called so.
    """
    try:
        place = Path(path).expanduser().absolute()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            place.lstat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise InputError(
            f"{str(path)[:SHOWN]!r} is not the path of a file or folder ({reason}); name one that "
            "is there."
        ) from error
    return place


def named_checkpoint(name: str) -> Path:
    """What lies at the path that a person has named, else the workspace's or the project's
    checkpoint of that name; the path where there is none.

    Raises:
        InputError: no file can be called so.
    """
    return _named_in((checkpoints(), EMBEDDED_CHECKPOINTS), name)


def named_run(name: str) -> Path:
    """What lies at the path that a person has named, else the workspace's run of that id; the path
    where there is none.

    Raises:
        InputError: no file can be called so.
    """
    return _named_in((runs(),), name)


def _named_in(folders: Iterable[Path], name: str) -> Path:
    place = named(name)
    inside = [folder / name for folder in folders if (folder / name).is_dir()]
    return inside[0] if inside and not place.exists() else place


def is_within(path: str | Path, folders: Iterable[Path]) -> bool:
    """Whether a path, links followed, is one of the folders or lies in one.

    Compares texts, since a dataset has thousands of paths.

    Args:
        folders: resolved.
    """
    try:
        resolved = os.path.realpath(path)
    except ValueError:  # no path, such as one with a null byte
        return False
    return _lies_in(resolved, folders)


def _lies_in(resolved: str, folders: Iterable[Path]) -> bool:
    inside = f"{resolved}{os.sep}"
    return any(inside.startswith(f"{str(folder).rstrip(os.sep)}{os.sep}") for folder in folders)


def inside_roots(path: str | Path) -> Path:
    """The resolved path, links followed.

    Raises:
        InputError: the path lies outside every configured root, or no file can be called so.
    """
    resolved = os.path.realpath(named(path))
    if not _lies_in(resolved, roots()):
        raise _outside(path)
    return Path(resolved)


def _outside(path: str | Path) -> InputError:
    return InputError(
        f"{str(path)[:LONGEST]} lies outside the folders that this server may open; name its "
        "folder in DERMXAI_ROOTS when starting the server, or copy the data into the workspace."
    )


def confine() -> None:
    """From now on this process, and those that it starts, read nothing outside `roots`: a server's,
    whose visitors choose what is read. The command line is not confined."""
    os.environ[CONFINED] = "1"


@contextmanager
def confining(wanted: bool = True) -> Iterator[None]:
    """The same while the block runs, in its thread."""
    before = _CONFINING.set(wanted or _CONFINING.get())
    try:
        yield
    finally:
        _CONFINING.reset(before)


def is_confined() -> bool:
    return _CONFINING.get() or bool(os.environ.get(CONFINED))


def readable(path: str | Path) -> Path:
    """The path to open for reading: in a confined process where it leads, links followed.

    Whatever is read from a file or listed of a folder is asked for here, each time that it is read:
    tables and links may have changed since, and name anything.

    Raises:
        InputError: as `inside_roots`, in a confined process.
    """
    return inside_roots(path) if is_confined() else Path(path)


def is_readable(path: str | Path) -> bool:
    """Whether `readable` lets it be opened; it need not be there."""
    return not is_confined() or is_within(path, roots())


def check_readable(path: str | Path) -> None:
    """
    Raises:
        InputError: `is_readable` says no.
    """
    if not is_readable(path):
        raise _outside(path)
