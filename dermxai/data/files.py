"""Image files beneath a folder, and which of them are masks of which."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import delimited
from dermxai.data.images import SUFFIXES
from dermxai.data.table import Problem, folded

_MASK_NAME = re.compile(r"(?P<stem>.+)[_-](?:segmentation|mask)", re.IGNORECASE)
_MASK_FOLDERS = frozenset({"mask", "masks", "segmentation", "segmentations"})
_OUTSIDE = "the link leads outside the folders that this server may open"
TABLES = delimited.SUFFIXES | {".parquet"}
IMAGE_FOLDERS = frozenset({"image", "images", "img", "imgs", "photos", "pictures", "图片"})
"""Names of folders that say nothing of their images."""


@dataclass(frozen=True)
class ImageFiles:
    """Absolute paths of the image files beneath ``root``, sorted.

    Attributes:
        images: everything that is not a mask.
        masks: files named ``<stem>_segmentation`` or ``<stem>_mask``, or beneath a folder
            ``masks``.
        problems: folders that cannot be opened, and files whose names are no text.
    """

    root: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    problems: tuple[Problem, ...]

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        names: dict[str, list[Path]] = {}
        for path in self.images:
            names.setdefault(path.name, []).append(path)
            names.setdefault(path.stem, []).append(path)
        return names

    @cached_property
    def _in_any_case(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = {}
        for name in self._by_name:
            names.setdefault(folded(name), set()).add(name)
        return names

    @cached_property
    def _masks_of(self) -> dict[str, list[Path]]:
        stems: dict[str, list[Path]] = {}
        for path in self.masks:
            stems.setdefault(_image_stem(path), []).append(path)
        return stems

    def find(self, name: str) -> Path | None:
        """The image of this file name, with or without its suffix, in the case as written or else
        in any. Copies of one file in several folders count as one; None where there is none, or
        where files differ and nobody knows which is meant."""
        found = self._by_name.get(self._as_on_disk(name), [])
        return found[0] if found and _copies(found) else None

    def mask(self, image: Path) -> Path | None:
        """The mask of an image: one in its own place, beside it or in the same folders beneath
        ``masks``; or one anywhere, where no other image bears the name."""
        found = self._masks_of.get(image.stem)
        if not found:
            return None
        near = [path for path in found if self._place(path) == self._place(image)]
        if not near and not _copies(self._by_name.get(image.stem, [])):
            return None
        return next(iter(near or found), None)

    def located(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
        """Rows with the ``path`` of each image, found by its ``sample_id``, and ``mask_path`` where
        there are masks; images that no row names."""
        images = [self.find(str(name)) for name in rows["sample_id"]]
        masks = [self.mask(image) if image else None for image in images]
        located = rows.copy()
        located["path"] = [str(image) if image else None for image in images]
        if any(masks):
            located["mask_path"] = [str(mask) if mask else None for mask in masks]
        return located, self.unnamed(images)

    def has_any(self, names: Iterable[str]) -> bool:
        """Whether one of the names, without its folders, is an image's."""
        bare = (re.split(r"[\\/]", name)[-1].strip() for name in names)
        return any(folded(name) in self._in_any_case for name in bare)

    def without_image(self) -> list[Path]:
        """Masks whose image is not there."""
        return [path for path in self.masks if _image_stem(path) not in self._by_name]

    def unnamed(self, named: Iterable[Path | None]) -> list[Problem]:
        """What is to be said of images that a table does not name; copies of one are one image."""
        stems = {path.stem for path in named if path}
        rest = [path for path in self.images if path.stem not in stems]
        if not rest:
            return []
        first = str(rest[0].relative_to(self.root))
        others = f" and {len(rest) - 1:,} more" if len(rest) > 1 else ""
        return [Problem(f"{first}{others}", "named by no row of the table; left out")]

    def _as_on_disk(self, name: str) -> str:
        known = self._in_any_case.get(folded(name), set())
        return next(iter(known)) if len(known) == 1 else name

    def _place(self, path: Path) -> tuple[str, ...]:
        """The folders of a file, but for those that only tell images from masks."""
        folders = path.parent.relative_to(self.root).parts
        return tuple(
            name for name in folders if name.casefold() not in _MASK_FOLDERS | IMAGE_FOLDERS
        )


def scan(root: Path) -> ImageFiles:
    """Looks through ``root`` and its folders, links followed, hidden ones left out.

    Raises:
        InputError: ``root`` may not be read.
    """
    found: list[Path] = []
    problems: list[Problem] = []
    for each in _walked(root):
        if isinstance(each, Problem):
            problems.append(each)
        else:
            found.append(each)
    found.sort()
    images = tuple(path for path in found if not _is_mask(path, root))
    masks = tuple(path for path in found if _is_mask(path, root))
    return ImageFiles(root, images, masks, tuple(problems))


def holds_any(root: Path) -> bool:
    """Whether there is anything in a folder of which `scan` or `tables` has something to say.

    Raises:
        InputError: ``root`` may not be read.
    """
    return next(_walked(root), None) is not None or bool(tables(root))


def _walked(root: Path) -> Iterator[Path | Problem]:
    """Image files beneath a folder, and what cannot be looked at."""
    seen: set[tuple[int, int]] = set()
    paths.check_readable(root)
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            state = folder.stat()
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            entries = list(os.scandir(folder))
        except OSError as error:
            yield Problem(str(folder), f"the folder cannot be opened: {error.strerror}")
            continue
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_symlink() and not paths.is_readable(entry.path):
                yield Problem(entry.name, _OUTSIDE)
                continue
            if not _is_text(entry.name):
                yield Problem(repr(entry.name), f"not UTF-8; rename it in {folder}")
                continue
            try:
                is_folder = entry.is_dir()
            except OSError as error:  # a link in a circle, or to where nobody may look
                reason = f"the link cannot be followed: {error.strerror}"
                yield Problem(str(folder / entry.name), reason)
                continue
            if is_folder:
                waiting.append(folder / entry.name)
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
                yield folder / entry.name


def tables(folder: Path) -> list[Path]:
    """Files in a folder that are tables by their suffix; .txt may be anything."""
    files = (file for file in listed(folder) if file.suffix.lower() in TABLES - {".txt"})
    return [file for file in files if _is_text(file.name) and file.is_file()]


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """What lies in a folder and may be read, sorted; empty where there is no such folder.

    Raises:
        InputError: the folder itself may not be read.
    """
    paths.check_readable(folder)
    return sorted(path for path in folder.glob(pattern) if paths.is_readable(path))


def last_change(path: Path) -> int:
    """When a dataset was last changed, in ns, as far as its path and the folders and tables beneath
    it tell; no image is looked at."""
    times = [paths.readable(path).stat().st_mtime_ns]
    for folder, _, files in os.walk(paths.readable(path)):
        tables = (name for name in files if Path(name).suffix.lower() in TABLES)
        for each in (Path(folder), *(Path(folder) / name for name in tables)):
            with suppress(OSError, InputError):  # a link to what is gone, or not to be read
                times.append(paths.readable(each).stat().st_mtime_ns)
    return max(times)


def _is_text(name: str) -> bool:
    """False for names in an old encoding, which archives from other systems unpack to."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _copies(files: list[Path]) -> bool:
    """Whether files of one name are the same, as far as their size tells."""
    return len(files) < 2 or len({_size(path) for path in files}) == 1


def _size(path: Path) -> int | None:
    """Bytes of a file, None of a link to what is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _is_mask(path: Path, root: Path) -> bool:
    folders = path.parent.relative_to(root).parts
    in_folder = any(name.casefold() in _MASK_FOLDERS for name in folders)
    return in_folder or _MASK_NAME.fullmatch(path.stem) is not None


def _image_stem(mask: Path) -> str:
    named = _MASK_NAME.fullmatch(mask.stem)
    return named["stem"] if named else mask.stem
