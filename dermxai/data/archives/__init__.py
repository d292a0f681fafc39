"""Images in archives, which are read in place: zip, tar, and HDF5 files of encoded images.

An image of an archive has a path of its own, ``photos.zip#/LP/1.jpg``: its last part is a file's
name, and those before are folders, as elsewhere.
"""

import re
from io import BytesIO
from pathlib import Path
from types import ModuleType

from dermxai.core import paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.archives import hdf5, tarred, zipped
from dermxai.data.archives.bounds import Contents

INSIDE = "#/"
"""Between an archive and what lies in it."""
_ENDINGS = r"zip|tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz|hdf5|h5"
_ARCHIVE = re.compile(rf".+\.(?:{_ENDINGS})", re.IGNORECASE | re.DOTALL)
_MEMBER = re.compile(
    rf"(?P<file>.+?\.(?:{_ENDINGS})){INSIDE}(?P<name>.+)", re.IGNORECASE | re.DOTALL
)
_TAR = re.compile(r".+\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz)", re.IGNORECASE | re.DOTALL)


def is_archive(name: str) -> bool:
    """Whether a file is one by its name."""
    return _ARCHIVE.fullmatch(name) is not None


def is_hdf5(name: str) -> bool:
    return name.lower().endswith((".hdf5", ".h5"))


def is_compressed_tar(name: str) -> bool:
    """Whether it is unpacked before it is read: a tar that is compressed as a whole."""
    return _TAR.fullmatch(name) is not None and not name.lower().endswith(".tar")


def is_read_in_place(name: str) -> bool:
    """Whether a file is an archive that need not be unpacked."""
    return is_archive(name) and not is_compressed_tar(name)


def split(path: str) -> tuple[str, str] | None:
    """The archive and the name in it, of a path that leads into one."""
    if INSIDE not in path:
        return None
    found = _MEMBER.fullmatch(path)
    return (found["file"], found["name"]) if found else None


def path_in(archive: str | Path, name: str) -> str:
    """The path of what has this name in an archive."""
    return f"{archive}{INSIDE}{name}"


def contents(archive: str | Path) -> Contents:
    """What lies in an archive, from its directory alone; looked up anew once it has changed.

    Raises:
        UnusableError: it is missing, damaged, of another kind than its suffix says, or beyond the
            bounds.
    """
    found: Contents = _reader(str(archive)).contents(paths.readable(archive))
    return found


def content(path: str) -> bytes:
    """The bytes of a file in an archive, see `split`.

    Raises:
        InputError: the archive or the file in it is missing, damaged or beyond the bounds.
    """
    found = split(path)
    if found is None:
        raise InputError(f"{path} leads into no archive.")
    archive, name = found
    try:
        held: bytes = _reader(archive).content(paths.readable(archive), name)
    except UnusableError as error:
        raise InputError(f"{Path(path).name}: {Path(archive).name} {error}.") from error
    return held


def source(path: str) -> str | BytesIO:
    """What to open of a path: itself, or the content of what it names in an archive.

    Raises:
        InputError: as `content`.
    """
    return path if split(path) is None else BytesIO(content(path))


def _reader(archive: str) -> ModuleType:
    if is_hdf5(archive):
        return hdf5
    return tarred if _TAR.fullmatch(archive) else zipped
