"""Which cells of a table name an image: by file name, id without suffix, or the end of a path that
was written on another machine."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from dermxai.data.files import ImageFiles, copies
from dermxai.data.synonyms import is_disease
from dermxai.data.table import as_text, folded

_SAMPLED = 2000  # distinct cells of a column that are looked up
_SEPARATORS = re.compile(r"[\\/]+")
_QUERY = re.compile(r"[?#].*$")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_LONGEST_NUMBER = 15  # digits
_UPLOAD = re.compile(r"[0-9a-f]{8}-(?P<name>.+)")
_LOCAL_FILE = re.compile(r"/data/local-files/\?(?:.*&)?d=(?P<path>[^&]+)")
"""How Label Studio names files of its own computer."""


@dataclass(frozen=True)
class Matches:
    """How many of the distinct cells looked at name an image."""

    named: int
    of: int

    @property
    def share(self) -> float:
        return self.named / self.of if self.of else 0.0


class ImageNames:
    """The names of a folder's images, in whatever case."""

    def __init__(self, files: ImageFiles) -> None:
        self._files = files

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        names: dict[str, list[Path]] = {}
        for path in self._files.images:
            for name in dict.fromkeys((folded(path.name), folded(path.stem))):
                names.setdefault(name, []).append(path)
        return names

    @cached_property
    def _by_number(self) -> dict[int, list[Path]]:
        """Files whose names are numbers of one length, as ``0001.jpg``."""
        numbers = [path for path in self._files.images if path.stem.isdecimal()]
        if len({len(path.stem) for path in numbers}) != 1:
            return {}
        found: dict[int, list[Path]] = {}
        for path in numbers:
            found.setdefault(int(path.stem[:_LONGEST_NUMBER]), []).append(path)
        return found

    @cached_property
    def _folders(self) -> set[str]:
        """Names of the folders that images lie in."""
        root = self._files.root
        folders = {path.parent for path in self._files.images}
        return {folded(name) for folder in folders for name in folder.relative_to(root).parts}

    def candidates(self, cell: str) -> list[Path]:
        """Images of the cell's file name, else of its name without suffix; else of its number,
        where files have zeros before theirs, or of what Label Studio has called an upload."""
        name = folded(parts_of(cell)[-1])
        bare = folded(_SUFFIX.sub("", name))
        found = self._by_name.get(name) or self._by_name.get(bare)
        if not found and folded(cell.strip()) == bare and bare.isdecimal():
            found = self._by_number.get(int(bare)) if len(bare) < _LONGEST_NUMBER else None
        if not found and (upload := _UPLOAD.fullmatch(name)):
            found = self._by_name.get(upload["name"]) or self._by_name.get(
                _SUFFIX.sub("", upload["name"])
            )
        return found or []

    def only(self, cell: str) -> Path | None:
        """The one image that a cell means, or one of its copies."""
        found = self.candidates(cell)
        return found[0] if found and copies(found) else None

    def matches(self, cells: pd.Series, most: int = _SAMPLED) -> Matches:
        """Of a column, evenly over ``most`` of its distinct cells."""
        distinct = as_text(cells).dropna().drop_duplicates()
        if len(distinct) > most:
            distinct = distinct.iloc[:: -(-len(distinct) // most)]
        return Matches(sum(bool(self.candidates(cell)) for cell in distinct), len(distinct))

    def by_end(self, cell: str, beside: frozenset[str]) -> Path | None:
        """The image whose path ends as the cell's does, for longer than any other's.

        Where the file's name alone agrees, the folders must not say that another is meant: that of
        the cell is none here, and that of the image no other row's, nor another diagnosis.

        Args:
            beside: the folders, `folded`, that the table's cells name.
        """
        asked = [folded(part) for part in parts_of(cell)]
        by_length: dict[int, list[Path]] = {}
        for path in self.candidates(cell):
            here = [folded(part) for part in path.relative_to(self._files.root).parent.parts]
            by_length.setdefault(_common(asked[:-1], here), []).append(path)
        if not by_length:
            return None
        length = max(by_length)
        found = by_length[length]
        if not copies(found) or len({path.parent for path in found}) < len(found):
            return None
        if length == 0 and len(asked) > 1:
            named, at = asked[-2], folded(found[0].parent.name)
            other = at in beside and at != named
            if other or named in self._folders or (is_disease(named) and is_disease(at)):
                return None
        return found[0]


def parts_of(cell: str) -> list[str]:
    """Folders and name of a path, however it separates them, or of an address."""
    address = "://" in cell
    if local := _LOCAL_FILE.search(cell):
        address, cell = False, unquote(local["path"])
    text = unquote(_QUERY.sub("", cell)) if address else cell
    parts = [part for part in _SEPARATORS.split(text.strip()) if part not in ("", ".")]
    return parts or [""]


def folders_of(cells: Iterable[str]) -> frozenset[str]:
    """The innermost folder of each path, `folded`."""
    return frozenset(folded(parts[-2]) for cell in cells if len(parts := parts_of(cell)) > 1)


def _common(asked: list[str], here: list[str]) -> int:
    pairs = zip(reversed(asked), reversed(here), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
