"""Files and locks between processes: two dashboards, or two accounts, on one workspace."""

import errno
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from dermxai.core import disk
from dermxai.core.errors import InputError
from tests.odd import KINDS, ordinary

ADD = """
import sys, pathlib
from dermxai.core import disk
disk.LOCK_POLL = 0.001
lock, count, times, remove = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *sys.argv[3:]
for _ in range(int(times)):
    with disk.locked(lock):
        number = int(count.read_text())
        with disk.replacing(count) as path:
            path.write_text(str(number + 1))
        if remove == "remove":
            lock.unlink()  # others wait for what is no more
"""


@pytest.mark.parametrize("remove", ["keep", "remove"])
def test_no_update_is_lost_between_processes(tmp_path: Path, remove: str) -> None:
    (tmp_path / "count").write_text("0")
    places = [str(tmp_path / ".lock"), str(tmp_path / "count")]
    command = [sys.executable, "-c", ADD, *places, "60", remove]
    started = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(120) for process in started] == [0] * 4
    assert (tmp_path / "count").read_text() == str(4 * 60)


def test_a_lock_whose_file_was_removed_is_not_anothers(tmp_path: Path) -> None:
    with disk.locked(tmp_path / "lock"):
        (tmp_path / "lock").unlink()
        with disk.locked(tmp_path / "lock", waiting=pytest.fail):
            assert disk.held(tmp_path / "lock") is True
    assert disk.held(tmp_path / "lock") is False


def test_a_lock_is_held_from_the_moment_that_it_is_seen(tmp_path: Path) -> None:
    assert disk.held(tmp_path / "lock") is None
    descriptor = disk.hold(tmp_path / "lock")
    assert disk.held(tmp_path / "lock") is True
    os.close(descriptor)
    assert disk.held(tmp_path / "lock") is False


@pytest.mark.parametrize("kind", [*KINDS])
def test_whatever_lies_in_place_of_a_lock(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path / "lock")
    regular = (tmp_path / "lock").is_file() and kind != "unreadable"
    with ordinary():
        try:
            with disk.locked(tmp_path / "lock"):
                pass
        except InputError as error:
            assert not regular
            assert str(tmp_path) in str(error)
        else:
            assert regular


def full(path: str = "/data/a") -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def raised(*errors: Exception, cause: bool = True) -> Exception:
    """The last of errors of which each led to the next."""
    for before, after in pairwise(errors):
        if cause:
            after.__cause__ = before
        else:
            after.__context__ = before
    return errors[-1]


@pytest.mark.parametrize(
    "error",
    [
        full(),
        raised(full(), RuntimeError("writing failed")),
        raised(full(), ValueError("a"), KeyError("b"), cause=False),
        RuntimeError("Error while serializing: I/O error: No space left (os error 28)"),
        ExceptionGroup("several", [ValueError("a"), raised(full(), TypeError("b"))]),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
    ],
)
def test_a_full_disk_is_told_from_wherever_it_stands(error: Exception) -> None:
    assert disk.trouble(error).startswith("The disk is full")
    assert disk.is_full(error)


def test_errors_in_a_circle_end() -> None:
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert disk.trouble(one) == ""


def test_read_only_and_forbidden_are_told(tmp_path: Path) -> None:
    said = disk.trouble(raised(OSError(errno.EROFS, "Read-only file system", "/w"), KeyError("x")))
    assert said.startswith("The disk is read-only (/w)")
    tmp_path.chmod(0o500)
    with ordinary(), pytest.raises(PermissionError) as caught, disk.replacing(tmp_path / "a") as at:
        at.touch()
    tmp_path.chmod(0o700)
    assert "may not be read or written by this account" in disk.trouble(caught.value)
    aside = raised(PermissionError(errno.EACCES, "Permission denied"), KeyError("x"), cause=False)
    assert disk.trouble(aside) == ""  # met by the way, not its cause
