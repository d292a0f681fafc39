"""Which files of a table are there, and what tells them from others."""

import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.core import paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import archives, image_kinds
from dermxai.data.images import container
from dermxai.data.table import Problem

_BLOCK = 4096
# Beginnings of BMP, TIFF and PPM files, which may hold pixels as they are.
_UNCOMPRESSED = (b"BM", b"II", b"MM", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")
_READERS = 8  # a network drive answers late
_AT_ONCE = 256
_EXTRAS = ("mask_path", "evidence_path")
_OUTSIDE = "{} lies outside the folders that this server may open"
_MISSING = "the file is missing ({})"


@dataclass(frozen=True)
class Inventory:
    """Attributes:
    rows: those whose image file can be opened.
    problems: what is wrong with the others, and masks that are missing.
    fingerprint: hash of the rows and of what ``file_fingerprint`` looks at.
    files: the latter by sample id.
    """

    rows: pd.DataFrame
    problems: tuple[Problem, ...]
    fingerprint: str
    files: Mapping[str, str]


def take(rows: pd.DataFrame, root: Path, allowed: tuple[Path, ...] | None) -> Inventory:
    """Opens every file, reads two blocks of it (BMP, TIFF, PPM and such whole), decodes nothing.

    Paths count relative to ``root``, and neither times nor the order of folders on disk enter the
    fingerprint: the same data copied elsewhere are the same.

    Args:
        rows: the sample table.
        root: the folder it lies in.
        allowed: files outside these folders are problems; None allows all.
    """
    reasons = [_unfit(path, root, allowed) for path in rows["path"]]
    files = [
        container(path) if reason is None else ""
        for path, reason in zip(rows["path"], reasons, strict=True)
    ]
    stamp_of = _stamps(list(dict.fromkeys(filter(None, files))))
    stamps = [reason or stamp_of[file] for file, reason in zip(files, reasons, strict=True)]
    problems = [
        Problem(sample_id, stamp)
        for sample_id, stamp in zip(rows["sample_id"], stamps, strict=True)
        if isinstance(stamp, str)
    ]
    usable = rows[[isinstance(stamp, bytes) for stamp in stamps]].reset_index(drop=True)
    for column in (name for name in _EXTRAS if name in usable):
        lacking = [_lacking(path, allowed) for path in usable[column]]
        problems += [
            Problem(sample_id, f"{column}: {reason}; the image is used without it")
            for sample_id, reason in zip(usable["sample_id"], lacking, strict=True)
            if reason
        ]
        usable[column] = usable[column].mask(np.array([bool(reason) for reason in lacking], bool))
    kept = {
        sample_id: stamp
        for sample_id, stamp in zip(rows["sample_id"], stamps, strict=True)
        if isinstance(stamp, bytes)
    }
    digest = sha256(_relative(usable, root).to_csv(index=False).encode())
    digest.update(b"".join(kept.values()))
    named = {sample_id: stamp.hex() for sample_id, stamp in kept.items()}
    return Inventory(usable, tuple(problems), digest.hexdigest()[:32], named)


def _unfit(path: object, root: Path, allowed: tuple[Path, ...] | None) -> str | None:
    """Why there is no file to look at."""
    if not isinstance(path, str):
        return f"no image file of this name beneath {root}"
    return _OUTSIDE.format(path) if _outside(path, allowed) else None


def _stamps(files: list[str]) -> dict[str, bytes | str]:
    portions = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
    with ThreadPoolExecutor(_READERS) as pool:
        stamped = pool.map(lambda portion: [(file, _stamp(file)) for file in portion], portions)
        return {file: stamp for portion in stamped for file, stamp in portion}


def file_fingerprint(path: str) -> str:
    """Tells the file that holds an image from another: a hash of its size, first and last 4 kB.

    A compressed image that is edited changes in size or at an end. BMP, TIFF, PPM, DICOM files and
    those of rare formats may not: of them it is a hash of everything, and of an archive of its
    directory.

    Raises:
        InputError: it cannot be opened.
    """
    stamp = _stamp(str(paths.readable(container(path))))
    if isinstance(stamp, str):
        raise InputError(stamp[:1].upper() + stamp[1:] + ".")
    return stamp.hex()


def _stamp(file: str) -> bytes | str:
    """What tells a file from another, or why it cannot be opened."""
    try:
        state = os.stat(file)  # noqa: PTH116
        if not stat.S_ISREG(state.st_mode):
            return f"not a file ({file})"
        if archives.is_archive(file):
            return sha256(b"%d|%b" % (state.st_size, archives.contents(file).digest)).digest()
        return _stamp_of_image(file, state.st_size)
    except FileNotFoundError:
        return _MISSING.format(file)
    except UnusableError as error:
        return f"{Path(file).name} {error}"
    except (OSError, ValueError) as error:
        return f"the file cannot be opened ({getattr(error, 'strerror', None) or error}: {file})"


def _stamp_of_image(file: str, size: int) -> bytes | str:
    with open(file, "rb", buffering=0) as opened:  # noqa: PTH123
        first = opened.read(_BLOCK)
        if stands_for := image_kinds.pointer(first[: image_kinds.START]):
            return stands_for
        if first.startswith(_UNCOMPRESSED) or image_kinds.is_plain(file, first):
            opened.seek(0)
            return file_digest(opened, sha256).digest()
        opened.seek(max(0, size - _BLOCK))
        return sha256(b"%d|%b|%b" % (size, first, opened.read(_BLOCK))).digest()


def _lacking(path: object, allowed: tuple[Path, ...] | None) -> str | None:
    if not isinstance(path, str):
        return None
    if _outside(path, allowed):
        return _OUTSIDE.format(path)
    return None if os.path.isfile(container(path)) else _MISSING.format(path)  # noqa: PTH113


def _outside(path: str, allowed: tuple[Path, ...] | None) -> bool:
    return allowed is not None and not paths.is_within(container(path), allowed)


def _relative(rows: pd.DataFrame, root: Path) -> pd.DataFrame:
    columns = [name for name in ("path", *_EXTRAS) if name in rows]
    return rows.assign(**{name: rows[name].str.removeprefix(f"{root}{os.sep}") for name in columns})
