"""Image files beneath a folder, and which of them are masks of which."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dermxai.data.images import SUFFIXES
from dermxai.data.table import Problem

_MASK_NAME = re.compile(r"(?P<stem>.+)[_-](?:segmentation|mask)", re.IGNORECASE)
_MASK_FOLDERS = frozenset({"mask", "masks", "segmentation", "segmentations"})


@dataclass(frozen=True)
class ImageFiles:
    """Absolute paths of the image files beneath ``root``, sorted.

    Attributes:
        images: everything that is not a mask.
        masks: files named ``<stem>_segmentation`` or ``<stem>_mask``, or in a folder ``masks``.
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
    def _mask_of(self) -> dict[str, Path]:
        return {_image_stem(path): path for path in reversed(self.masks)}

    def find(self, name: str) -> Path | None:
        """The image of this file name, with or without its suffix. Copies of one file in several
        folders count as one; None where there is none, or where files differ and nobody knows
        which is meant."""
        found = self._by_name.get(name, [])
        if len(found) > 1 and len({path.stat().st_size for path in found}) > 1:
            return None
        return found[0] if found else None

    def mask(self, image: Path) -> Path | None:
        return self._mask_of.get(image.stem)


def scan(root: Path) -> ImageFiles:
    """Looks through ``root`` and its folders, links followed, hidden ones left out."""
    found: list[Path] = []
    problems: list[Problem] = []
    seen: set[tuple[int, int]] = set()
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
            problems.append(Problem(str(folder), f"the folder cannot be opened: {error.strerror}"))
            continue
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if not _is_text(entry.name):
                problems.append(Problem(repr(entry.name), f"not UTF-8; rename it in {folder}"))
            elif entry.is_dir():
                waiting.append(folder / entry.name)
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
                found.append(folder / entry.name)
    found.sort()
    images = tuple(path for path in found if not _is_mask(path, root))
    masks = tuple(path for path in found if _is_mask(path, root))
    return ImageFiles(root, images, masks, tuple(problems))


def _is_text(name: str) -> bool:
    """False for names in an old encoding, which archives from other systems unpack to."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_mask(path: Path, root: Path) -> bool:
    in_folder = path.parent != root and path.parent.name.casefold() in _MASK_FOLDERS
    return in_folder or _MASK_NAME.fullmatch(path.stem) is not None


def _image_stem(mask: Path) -> str:
    named = _MASK_NAME.fullmatch(mask.stem)
    return named["stem"] if named else mask.stem
