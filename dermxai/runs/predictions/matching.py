"""Which image of a dataset each row of a file is of: by id or file name, as far as one tells it."""

import re
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.data.images import SUFFIXES
from dermxai.data.table import folded

NONE, SEVERAL = -1, -2
"""In place of a position: no image has the name, or several have it."""
_LONGEST = 4  # parts of a path that are compared


class Matching:
    """Finds images by what files call them.

    A name may be a sample id or a path, of any machine, with or without the suffix of the image, in
    any case: the image whose id or path shares the longest end with it, where only one does.
    """

    def __init__(self, samples: pd.DataFrame) -> None:
        """
        Args:
            samples: a sample table; positions are its rows.
        """
        self._ids = samples["sample_id"].astype(str).tolist()
        self._paths = samples["path"].astype(str).tolist()

    def positions(self, names: Iterable[object]) -> NDArray[np.intp]:
        """(n,) position of each name's image, `NONE` or `SEVERAL`."""
        return np.array([self._position(name) for name in names], dtype=np.intp)

    def _position(self, name: object) -> int:
        if not isinstance(name, str):
            return NONE
        if (exact := self._exact.get(name)) is not None:
            return exact
        for end in _ends(name):
            if (found := self._by_end.get(end)) is not None:
                return found
        return NONE

    @cached_property
    def _exact(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._ids)}

    @cached_property
    def _by_end(self) -> dict[str, int]:
        known: dict[str, int] = {}
        for row, names in enumerate(zip(self._ids, self._paths, strict=True)):
            for end in {end for name in names for end in _ends(name)}:
                known[end] = row if known.get(end, row) == row else SEVERAL
        return known


def _ends(name: str) -> list[str]:
    """The last parts of a path without the image's suffix, the longest first."""
    text = folded(name.strip().replace("\\", "/").replace("#", "/"))
    stem, dot, suffix = text.rpartition(".")
    parts = (stem if dot and f".{suffix}" in SUFFIXES else text).split("/")
    if re.fullmatch(r"[0-9]+\.0", text):  # a number, as a table with an empty cell writes it
        parts = [stem]
    kept = [part for part in parts if part not in ("", ".", "..")][-_LONGEST:]
    return ["/".join(kept[start:]) for start in range(len(kept))]
