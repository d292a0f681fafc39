"""A slice: a named set of a dataset's images that everybody finds who opens the dataset."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from dermxai.core import disk, entries
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.slices.files import SliceFiles

LONGEST_NAME = 100
"""Characters."""
MOST = 500
"""Slices of a dataset."""
MOST_BYTES = 64_000_000
_SHAPE = {"name": str, "sample_ids": [str], "made_by": str, "made_at": str, "origin": str}


@dataclass(frozen=True)
class Slice:
    """
    Attributes:
        name: unique within its dataset.
        sample_ids: distinct, in the order in which they came.
        made_by: name of the person.
        made_at: ISO 8601, UTC.
        origin: how it was made, such as "A and B" or the title of a selection.
    """

    name: str
    sample_ids: tuple[str, ...]
    made_by: str = ""
    made_at: str = ""
    origin: str = ""

    @classmethod
    def of(
        cls, name: str, sample_ids: Iterable[str], *, made_by: str = "", origin: str = ""
    ) -> Self:
        """A slice made now.

        Raises:
            InputError: a name that is empty, longer than 100 characters or has no single line.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        distinct = tuple(dict.fromkeys(map(str, sample_ids)))
        return cls(_checked(name), distinct, made_by, now, origin)

    def __len__(self) -> int:
        return len(self.sample_ids)


def find_slices(dataset: str | Path) -> tuple[list[Slice], list[Unusable]]:
    """The slices of the dataset at a path, by name; and what lies among them and is none."""
    found = []
    here, odd = entries.listed(SliceFiles.of(dataset).slices)
    for file in here:
        try:
            found.append(read(file))
        except UnusableError as error:
            odd.append(Unusable(file, str(error), "Remove it and make the slice again."))
    return sorted(found, key=lambda each: (each.name.casefold(), each.name)), odd


def read(file: Path) -> Slice:
    """The slice that is kept in a file.

    Raises:
        UnusableError: it is none, or damaged.
    """
    told = entries.read_json(file, _SHAPE, MOST_BYTES)
    made = Slice(
        told["name"],
        tuple(dict.fromkeys(told["sample_ids"])),
        *(told[name] for name in ("made_by", "made_at", "origin")),
    )
    if file != file.parent / SliceFiles(Path()).slice(made.name).name:
        raise UnusableError("is called otherwise than the slice that it holds")
    return made


def open_slice(dataset: str | Path, name: str) -> Slice:
    """
    Raises:
        InputError: the dataset has no such slice, or its file is damaged.
    """
    file = SliceFiles.of(dataset).slice(name)
    if not file.is_file():
        there = ", ".join(each.name for each in find_slices(dataset)[0]) or "none"
        raise InputError(f"This dataset has no slice {name!r}; there are: {there}.")
    try:
        return read(file)
    except UnusableError as error:
        raise InputError(f"The slice {name!r} {error}; remove {file}.") from error


def selected(dataset: str | Path, name: str) -> str:
    """Keeps a slice's images, as they are now, as a selection, and returns its key: what is made of
    them stays the same when the slice becomes another one.

    Raises:
        InputError: as `open_slice`.
    """
    from dermxai.data import selection  # brings numpy

    return selection.keep(selection.Selection.of(name, open_slice(dataset, name).sample_ids))


def keep(dataset: str | Path, made: Slice, *, replace: bool = False) -> None:
    """Keeps a slice for everybody who opens the dataset.

    Args:
        replace: whether it takes the place of one of its name.

    Raises:
        InputError: there is one of its name, it is empty, or there are 500.
    """
    _checked(made.name)
    if not made.sample_ids:
        raise InputError(f"The slice {made.name!r} would hold no image; nothing was kept.")
    files = SliceFiles.of(dataset)
    files.root.mkdir(parents=True, exist_ok=True)
    with disk.locked(files.lock):
        file = files.slice(made.name)
        if file.exists() and not replace:
            raise InputError(
                f"There is a slice {made.name!r} of this dataset; choose another name, or remove "
                "that one first."
            )
        if not file.exists() and len(entries.listed(files.slices)[0]) >= MOST:
            raise InputError(f"This dataset has {MOST} slices; remove one first.")
        told = {name: getattr(made, name) for name in _SHAPE}
        with disk.replacing(file) as temporary:
            temporary.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def remove(dataset: str | Path, name: str) -> None:
    """
    Raises:
        InputError: there is no such slice.
    """
    files = SliceFiles.of(dataset)
    if not files.slice(name).is_file():
        open_slice(dataset, name)
    with disk.locked(files.lock):
        files.slice(name).unlink(missing_ok=True)


def _checked(name: str) -> str:
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or _broken(name):
        raise InputError(
            f"{entries.shown(name[:LONGEST_NAME])!r} cannot name a slice; a name has 1 to "
            f"{LONGEST_NAME} characters in one line, none of them a blank at its ends."
        )
    return name


def _broken(name: str) -> bool:
    return not name.isprintable() or not entries.is_text(name)
