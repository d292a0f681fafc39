"""The finished pieces of an unfinished run, and how they become its arrays.

A shard is complete when its file is visible. Arrays are written shard by shard, so memory does not
grow with their length.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermxai.core.disk import UNREADABLE, replacing
from dermxai.core.entries import opened
from dermxai.core.paths import readable
from dermxai.data.picture_hash import Hashes
from dermxai.runs.files import RunFiles

SHARD = 256  # images
_ARRAYS = ("logits", "pooled", "pictures", "reasons")


@dataclass(frozen=True)
class Shards:
    """Pieces of a run over n images, ``SHARD`` consecutive rows each."""

    files: RunFiles
    n: int

    def __len__(self) -> int:
        return ceil(self.n / SHARD)

    def rows(self, index: int) -> range:
        return range(index * SHARD, min((index + 1) * SHARD, self.n))

    def missing(self) -> list[int]:
        """Those that are not there or cannot be read."""
        return [index for index in range(len(self)) if not self._whole(index)]

    def finished(self) -> int:
        """Images in the shards that are there."""
        here = (i for i in range(len(self)) if self.files.shard(i).exists())
        return sum(len(self.rows(index)) for index in here)

    def write(
        self,
        index: int,
        logits: NDArray[np.float32],
        pooled: NDArray[np.float32],
        pictures: Hashes,
        reasons: Sequence[str],
    ) -> None:
        """
        Args:
            logits: (row, head, class).
            pooled: (row, Σ channels).
            pictures: (row, 8, 32) perceptual hashes.
            reasons: per row why it has no output, empty where it has.
        """
        with replacing(self.files.shard(index)) as path, path.open("wb") as file:
            stated = np.array(reasons, dtype=np.str_)
            np.savez(file, logits=logits, pooled=pooled, pictures=pictures, reasons=stated)

    def reasons(self) -> list[str]:
        """Per image why it has no output, empty where it has."""
        return [str(reason) for part in self._each("reasons") for reason in part]

    def assemble(self, name: str, path: Path) -> None:
        """Writes "logits", "pooled" or "pictures" of all images that have output as a ``.npy``."""
        kept = sum(not reason for reason in self.reasons())
        parts = self._each(name)
        with replacing(path) as temporary, temporary.open("wb") as file:
            for index, (part, reasons) in enumerate(zip(parts, self._each("reasons"), strict=True)):
                if index == 0:
                    header = {
                        "descr": np.lib.format.dtype_to_descr(part.dtype),
                        "fortran_order": False,
                        "shape": (kept, *part.shape[1:]),
                    }
                    np.lib.format.write_array_header_1_0(file, header)
                np.ascontiguousarray(part[reasons == ""]).tofile(file)

    def discard(self) -> None:
        shutil.rmtree(self.files.shards, ignore_errors=True)

    def _each(self, name: str) -> Iterator[NDArray[np.generic]]:
        for index in range(len(self)):
            with np.load(readable(self.files.shard(index))) as shard:
                yield shard[name]

    def _whole(self, index: int) -> bool:
        try:
            with opened(self.files.shard(index)) as file, np.load(file) as shard:
                lengths = {len(shard[name]) for name in _ARRAYS}
        except UNREADABLE:
            return False
        return lengths == {len(self.rows(index))}
