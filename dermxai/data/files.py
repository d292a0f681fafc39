"""Image files beneath a folder, and which of them are masks of which."""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import archives, delimited, image_kinds
from dermxai.data.image_kinds import unread
from dermxai.data.mask_names import MASK_FOLDERS, bare, image_stem, kinds_of
from dermxai.data.table import Problem, folded

_OUTSIDE = "the link leads outside the folders that this server may open"
TABLES = delimited.SUFFIXES | frozenset(
    (".parquet", ".json", ".jsonl", ".ndjson", ".xml", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
)
_OF_SYSTEMS = re.compile(
    r"\.|__MACOSX|(?:thumbs|ehthumbs|ehthumbs_vista)\.db$|desktop\.ini$|icon\r$|\$RECYCLE\.BIN$"
    r"|System Volume Information$|@eaDir$|Picasa\.ini$|atlas\.json$",
    re.IGNORECASE,
)
"""Files that systems leave in folders, hidden ones, and the demo's own description."""
_MOST_SUFFIXES = 12  # that are named
_MOST_SHOWN = 3  # images of one name
IMAGE_FOLDERS = frozenset({"image", "images", "img", "imgs", "photos", "pictures", "图片"})
"""Names of folders that say nothing of their images."""


@dataclass(frozen=True)
class ImageFiles:
    """Absolute paths of the image files beneath ``root``, sorted.

    Attributes:
        images: everything that is not a mask.
        masks: files named ``<stem>_segmentation`` or ``<stem>_mask``, or beneath a folder
            ``masks``; and those named as masks may be (``<stem>_lesion``, ``GT/<stem>``) whose
            image is there.
        strange: folders that cannot be opened, files whose names are no text, drawings of
            other regions than the lesion.
        damaged: archives that cannot be read.
        rest: files of other kinds, sorted.
    """

    root: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    strange: tuple[Problem, ...] = ()
    damaged: tuple[Problem, ...] = ()
    rest: tuple[Path, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is to be said of what is no image."""
        return (*self.strange, *self.left_out, *self.others)

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """Archives that cannot be read; by suffix how many files are what people take for images,
        with the reason why they are not read."""
        return (*self.damaged, *_left_out(self.rest, self.root)[0])

    @property
    def others(self) -> tuple[Problem, ...]:
        """How many files are of other kinds."""
        return tuple(_left_out(self.rest, self.root)[1])

    def without(self, used: Collection[Path]) -> Self:
        """Without files of other kinds that were read, of which there is nothing to say."""
        return replace(self, rest=tuple(file for file in self.rest if file not in used))

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
            stems.setdefault(image_stem(path), []).append(path)
        return stems

    def find(self, name: str) -> Path | None:
        """The image of this file name, with or without its suffix, in the case as written or else
        in any. Copies of one file in several folders count as one; None where there is none, or
        where files differ and nobody knows which is meant."""
        found = self._by_name.get(self._as_on_disk(name), [])
        return found[0] if found and copies(found) else None

    def differing(self, name: str) -> list[Path]:
        """The images of a file name, with or without its suffix, of which nobody knows which is
        meant, since they differ; empty where `find` knows."""
        found = self._by_name.get(self._as_on_disk(name), [])
        return [] if copies(found) else found

    def mask(self, image: Path) -> Path | None:
        """The mask of an image: one in its own place, beside it or in the same folders beneath
        ``masks``; or one anywhere, where no other image bears the name."""
        if not self.masks:
            return None
        stem = image.stem
        found = self._masks_of.get(stem) or self._masks_of.get(bare(stem))
        if not found:
            return None
        near = [path for path in found if self._place(path) == self._place(image)]
        if not near and not copies(self._by_name.get(stem, [])):
            return None
        return next(iter(near or found), None)

    def located(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
        """Rows with the ``path`` of each image, found by its ``sample_id``, and ``mask_path`` where
        there are masks; images that no row names, and rows that may mean several, which are left
        out."""
        names = [str(name) for name in rows["sample_id"]]
        images = [self.find(name) for name in names]
        masks = [self.mask(image) if image else None for image in images]
        located = rows.copy()
        located["path"] = [str(image) if image else None for image in images]
        if any(masks):
            located["mask_path"] = [str(mask) if mask else None for mask in masks]
        several = [self.differing(name) for name in names]
        problems = [
            differ(name, found, self.root)
            for name, found in zip(names, several, strict=True)
            if found
        ]
        named = [*images, *(path for found in several for path in found)]
        clear = [not found for found in several]
        return located[clear].reset_index(drop=True), [*problems, *self.unnamed(named)]

    def has_any(self, names: Iterable[str]) -> bool:
        """Whether one of the names, without its folders, is an image's."""
        last = (re.split(r"[\\/]", name)[-1].strip() for name in names)
        return any(folded(name) in self._in_any_case for name in last)

    def without_image(self) -> list[Path]:
        """Masks whose image is not there."""
        known = {*(bare(image.stem) for image in self.images), *self._by_name}
        return [path for path in self.masks if image_stem(path) not in known]

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
            name for name in folders if name.casefold() not in MASK_FOLDERS | IMAGE_FOLDERS
        )


def scan(root: Path, *, into_archives: bool = True) -> ImageFiles:
    """Looks through ``root`` and its folders, links followed, hidden ones left out; and through
    archives that lie in them.

    Raises:
        InputError: ``root`` may not be read.
    """
    found: list[Path] = []
    others: list[Path] = []
    problems: list[Problem] = []
    left_out: list[Problem] = []
    for each in _walked(root):
        if isinstance(each, Problem):
            problems.append(each)
        elif _is_image(each):
            found.append(each)
        elif into_archives and archives.is_read_in_place(each.name):
            inside, told = _in_archive(each)
            found += inside
            left_out += told
            others += [] if inside or told else [each]
        else:
            others.append(each)
    found.sort()
    kinds = kinds_of(found, root)
    images, masks, marks = (
        tuple(path for path in found if kinds[path] == kind) for kind in ("image", "mask", "mark")
    )
    if marks:
        first = str(marks[0].relative_to(root))
        others_too = f" and {len(marks) - 1:,} more" if len(marks) > 1 else ""
        reason = "drawn regions of an image, no image and no mask of the lesion; left out"
        problems.append(Problem(f"{first}{others_too}", reason))
    return ImageFiles(root, images, masks, tuple(problems), tuple(left_out), tuple(sorted(others)))


def holds_any(root: Path) -> bool:
    """Whether there is anything in a folder of which `scan` or `tables` has something to say.

    Raises:
        InputError: ``root`` may not be read.
    """
    told = (
        isinstance(each, Problem) or _is_image(each) or unread(_suffix(each)) is not None
        for each in _walked(root)
    )
    return any(told) or bool(tables(root))


def _in_archive(archive: Path) -> tuple[list[Path], list[Problem]]:
    """Images in an archive, and what is wrong with it."""
    try:
        found = archives.contents(archive)
    except UnusableError as error:
        return [], [Problem(archive.name, str(error))]
    inside = [Path(archives.path_in(archive, name)) for name in found.members]
    if not archives.is_hdf5(archive.name):
        suffixes = image_kinds.suffixes()
        inside = [
            path for path in inside
            if path.suffix.lower() in suffixes and not _OF_SYSTEMS.match(path.name)
        ]  # fmt: skip
    told = (Problem(f"{archive.name}: {each.item}", each.reason) for each in found.problems)
    return inside, list(told)


def _is_image(file: Path) -> bool:
    return _suffix(file) in image_kinds.suffixes()


def _suffix(file: Path) -> str:
    """In lower case; that of DICOM, too, for files that have none of their own and begin so."""
    suffix = os.path.splitext(file.name)[1].lower()  # noqa: PTH122
    if suffix not in image_kinds.DICOM and image_kinds.may_be_dicom(suffix):
        with suppress(UnusableError, OSError), entries.opened(file) as opened:
            if image_kinds.is_dicom(opened.read(image_kinds.START)):
                return ".dcm"
    return suffix


def differ(item: str, found: Sequence[Path], root: Path) -> Problem:
    """What is to be said of a row that may mean several images."""
    shown = ", ".join(str(path.relative_to(root)) for path in found[:_MOST_SHOWN])
    more = ", …" if len(found) > _MOST_SHOWN else ""
    reason = f"{len(found):,} images of this name differ ({shown}{more})"
    return Problem(item, f"{reason}; keep one of them, or write paths in the table")


def _left_out(others: Sequence[Path], root: Path) -> tuple[list[Problem], list[Problem]]:
    """By suffix, how many files beneath a folder are what people take for images, each with the
    reason why they are not read; and how many are of other kinds."""
    suffix_of = {file: _suffix(file) for file in others}
    suffixes = Counter(suffix_of.values())
    known = {suffix: reason for suffix in suffixes if (reason := unread(suffix))}
    taken = []
    for suffix, reason in sorted(known.items()):
        first = next(file for file in others if suffix_of[file] == suffix).relative_to(root)
        told = f"{reason}; left out, the first is {first}"
        taken.append(Problem(_many(suffixes.pop(suffix), suffix), told))
    for suffix in TABLES - {".txt"}:
        suffixes.pop(suffix, None)  # their formats tell of them
    if not suffixes:
        return taken, []
    common = sorted(suffixes.items(), key=lambda each: (-each[1], each[0]))[:_MOST_SUFFIXES]
    named = [f"{number:,} {suffix or 'without suffix'}" for suffix, number in common]
    more = ["…"] if len(suffixes) > _MOST_SUFFIXES else []
    told = f"no images, left out: {', '.join(named + more)}"
    return taken, [Problem(_many(suffixes.total(), ""), told)]


def _many(number: int, suffix: str) -> str:
    return f"{number:,} {'file' if number == 1 else 'files'} {suffix or 'of other kinds'}"


def _walked(root: Path) -> Iterator[Path | Problem]:
    """Files beneath a folder but for those of systems, and what cannot be looked at."""
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
            here = list(os.scandir(folder))
        except OSError as error:
            yield Problem(str(folder), f"the folder cannot be opened: {error.strerror}")
            continue
        for entry in here:
            if _OF_SYSTEMS.match(entry.name):
                continue
            if entry.is_symlink() and not paths.is_readable(entry.path):
                yield Problem(entry.name, _OUTSIDE)
                continue
            if not is_text(entry.name):
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
            else:
                yield folder / entry.name


def tables(folder: Path) -> list[Path]:
    """Files in a folder that are tables by their suffix; .txt may be anything."""
    files = (file for file in listed(folder) if file.suffix.lower() in TABLES - {".txt"})
    return [file for file in files if is_text(file.name) and file.is_file()]


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


def is_text(name: str) -> bool:
    """False for names in an old encoding, which archives from other systems unpack to."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def copies(files: list[Path]) -> bool:
    """Whether files of one name are the same, as far as their size tells."""
    return len(files) < 2 or len({_size(path) for path in files}) == 1


def _size(path: Path) -> int | None:
    """Bytes of a file, None of a link to what is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return None
