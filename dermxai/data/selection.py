"""A selection: a named set of images. It is kept under its own hash, so that the address of a page
stays short and opens the same images in another browser."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from dermxai.core import disk, entries
from dermxai.core.errors import InputError
from dermxai.data.places import selection_file

_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Selection:
    title: str
    sample_ids: tuple[str, ...]

    @classmethod
    def of(cls, title: str, sample_ids: Iterable[str]) -> Self:
        """A selection of distinct samples in the order in which they came."""
        return cls(title, tuple(dict.fromkeys(sample_ids)))

    @property
    def key(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(self._text().encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.sample_ids)

    def within(self, known: Iterable[str]) -> Self:
        """The samples among ``known`` only."""
        present = set(known)
        return type(self).of(self.title, (name for name in self.sample_ids if name in present))

    def _text(self) -> str:
        return json.dumps([self.title, self.sample_ids], ensure_ascii=False)


def is_key(text: str) -> bool:
    """Whether a text can be the key of a selection."""
    return _KEY.fullmatch(text) is not None


def keep(selection: Selection) -> str:
    """Writes a selection to the workspace; returns its key."""
    file = selection_file(selection.key)
    if not file.is_file():
        with disk.replacing(file) as temporary:
            temporary.write_text(selection._text(), encoding="utf-8")
    return selection.key


def read(key: str) -> Selection:
    """The selection kept under ``key``.

    Raises:
        InputError: there is none, or its content is not what the key says.
    """
    file = selection_file(key) if is_key(key) else None
    if file is None or not os.path.lexists(file):
        raise InputError(
            "The selection in this link is not known here; selections are kept in the workspace of "
            "the server that made the link."
        )
    try:
        title, sample_ids = entries.read_json(file, list, zeros=True)
        entries.check_shape([title], [str])
        entries.check_shape(sample_ids, [str])
        selection = Selection(title, tuple(sample_ids))
    except ValueError as error:
        raise InputError(
            "The selection in this link is damaged; select the images again."
        ) from error
    if selection.key != key:
        raise InputError("The selection in this link was changed; select the images again.")
    return selection
