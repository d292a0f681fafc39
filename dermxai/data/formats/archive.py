"""A zip or tar archive of a dataset of any other format. Its images stay where they are: the
others look at a folder of tables and empty files of the images' names, for as long as they read."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pandas as pd

from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import archives, class_names, image_kinds, table_files
from dermxai.data.archives.bounds import Contents
from dermxai.data.formats import Format, by_priority
from dermxai.data.places import unpacked_folder
from dermxai.data.table import Options, Problem, Table

MOST_TABLE, MOST_TABLES = 100_000_000, 500_000_000
"""Bytes of a table in an archive, and of all."""
_PATHS = ("path", "mask_path", "evidence_path")
_LARGEST = 1 << 40
_POINTER = 4096  # bytes of a file that may stand for an image, and is looked into
_MIRROR = ".names-"
_FORGOTTEN = 86_400  # seconds


@dataclass(frozen=True, kw_only=True)
class Archive(Format):
    def recognises(self, path: Path) -> bool:
        return archives.is_archive(path.name) and path.is_file()

    def read(self, path: Path, options: Options) -> Table:
        try:
            found = archives.contents(path)
        except UnusableError as error:
            raise InputError(f"{path.name} {error}.") from error
        if archives.is_hdf5(path.name):
            names = list(found.members)
            images = [archives.path_in(path, name) for name in names]
            rows = pd.DataFrame({"sample_id": names, "path": images}, dtype=str)
            return Table(rows, path.parent, found.problems)
        with _mirrored(path, found) as (folder, problems):
            root = _innermost(folder)
            inside = next((each for each in by_priority() if each.recognises(root)), None)
            if inside is None:
                first = f" ({problems[0].item}: {problems[0].reason})" if problems else ""
                raise InputError(
                    f"{path.name} holds no dataset of a known format{first}; expected images, and "
                    "a table or folders that tell their classes."
                )
            try:
                table = inside.read(root, options)
            except InputError as error:
                raise InputError(str(error).replace(str(folder), str(path))) from None
        rows, missing = _in_archive(table.rows, folder, path, found)
        told = (
            Problem(
                each.item.replace(str(folder), path.name),
                each.reason.replace(str(folder), path.name),
            )
            for each in table.problems
        )
        return Table(rows, path.parent, (*problems, *told, *missing), table.reading)


ARCHIVE = Archive(
    name="archive",
    expects="archive: a .zip or .tar file (.tar.gz, .tar.bz2, .tar.xz) of any of the others; or an "
    "HDF5 file of encoded images",
    priority=5,
)


@contextmanager
def _mirrored(path: Path, found: Contents) -> Iterator[tuple[Path, list[Problem]]]:
    """A folder with the archive's tables, and an empty file of the right length for each other;
    and what is left out."""
    parent = unpacked_folder()
    parent.mkdir(parents=True, exist_ok=True)
    for other in parent.glob(f"{_MIRROR}*"):  # of a process that was ended
        if time.time() - other.stat().st_mtime > _FORGOTTEN:
            rmtree(other, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_MIRROR, dir=parent))
    problems = list(found.problems)
    left = MOST_TABLES
    try:
        for name, member in found.members.items():
            if archives.is_archive(name):
                reason = f"an archive in an archive, which is not read; unpack {path.name}"
                problems.append(Problem(name[:200], reason))
                continue
            target = folder / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    kept = _kept(path, name, member.size, min(left, MOST_TABLE))
                    left -= len(kept)
                    file.write(kept)
                    if len(kept) < member.size:
                        os.truncate(file.fileno(), min(member.size, _LARGEST))
            except OSError as error:
                problems.append(Problem(name[:200], f"cannot be looked at ({error.strerror})"))
            except (UnusableError, InputError) as error:
                problems.append(Problem(name[:200], str(error)))
                target.unlink(missing_ok=True)
        yield folder, problems
    finally:
        rmtree(folder, ignore_errors=True)


def _kept(path: Path, name: str, size: int, most: int) -> bytes:
    """What of a file the formats look into: tables as a whole, of files that may be DICOM the
    beginning.

    Raises:
        UnusableError: a table is too long, or an image is a pointer to one.
        InputError: it cannot be read.
    """
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if suffix in image_kinds.suffixes() and size <= _POINTER:
        start = archives.content(archives.path_in(path, name))[: image_kinds.START]
        if told := image_kinds.pointer(start):
            raise UnusableError(told)
    may_be_dicom = image_kinds.may_be_dicom(suffix)
    if suffix not in table_files.SUFFIXES | class_names.SUFFIXES and not may_be_dicom:
        return b""
    if size > most:
        if may_be_dicom:
            return b""
        raise UnusableError(f"a table of more than {most / 1e6:.0f} MB; left out")
    content = archives.content(archives.path_in(path, name))
    start = content[: image_kinds.START]
    if may_be_dicom and (suffix or image_kinds.is_dicom(start)):
        return start
    return content


def _innermost(folder: Path) -> Path:
    """The only folder in a folder, as often as there is nothing beside it."""
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        below = list(inside[0].iterdir())
        if any(each.is_dir() for each in below) or len(below) == 0:
            folder = inside[0]
            continue
        return folder  # the only class
    return folder


def _in_archive(
    rows: pd.DataFrame, folder: Path, path: Path, found: Contents
) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows whose paths lead into the archive, and what is not in it; its rows are left out."""
    rows = rows.reset_index(drop=True)
    before = f"{folder}{os.sep}"

    def inside(value: object) -> str | None:
        name = value.removeprefix(before) if isinstance(value, str) else ""
        return archives.path_in(path, name) if name in found.members else None

    named = {column: rows[column] for column in _PATHS if column in rows}
    for column, values in named.items():
        rows[column] = [inside(value) for value in values]
    lost = rows["path"].isna() if "path" in rows else pd.Series([], dtype=bool)
    ids = rows["sample_id"] if "sample_id" in rows else rows.index.astype(str)
    problems = [
        Problem(str(sample_id), f"no image file of this name in {path.name}")
        for sample_id, is_lost in zip(ids, lost, strict=True)
        if is_lost
    ]
    return rows[~lost].reset_index(drop=True), problems
