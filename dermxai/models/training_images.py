"""Which images a checkpoint was trained and validated on, kept with it.

Nobody is named, since names may be patients': an image stands as a digest of its file and as its
perceptual hash, its lesion and its patient as digests with a salt of the training. So they are
known again in other data sets and under other names. Who holds a checkpoint can find out whether
an id that they know is in it; that is what the digests are for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow import ArrowException

from dermxai.core import parquet
from dermxai.core.disk import replacing
from dermxai.core.paths import readable
from dermxai.data.images import container
from dermxai.data.picture_hash import BITS, Hashes
from dermxai.models.files import CheckpointFiles

OWNERS = {"lesion_id": "lesion", "patient_id": "patient"}
"""Columns of a sample table → those of `TrainingImages` that hold their digests."""
_PICTURE, _SALT, _EARLIER = "picture", "salt", "earlier"
_BYTES = BITS // 8


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """
    Attributes:
        table: a row an image: ``image`` (of `digests`), ``split``, and where the checkpoint tells
            them ``lesion`` and ``patient`` (digests), ``salt`` of these, ``picture`` (the hash,
            bytes) and ``earlier``: trained on in a training that this one started from.
        whole: whether what it started from tells its images, too.
    """

    table: pd.DataFrame
    whole: bool = True

    @cached_property
    def trained_on(self) -> NDArray[np.bool_]:
        """(row,) whether the network was trained on the image."""
        return np.asarray(self.table["split"] == "train", dtype=bool)

    @property
    def pictures(self) -> Hashes | None:
        """(row, 32) hashes, 0 where one is missing; None where none is kept."""
        if _PICTURE not in self.table:
            return None
        kept = self.table[_PICTURE].tolist()
        whole = [each if isinstance(each, bytes) and len(each) == _BYTES else b"" for each in kept]
        content = b"".join(each.ljust(_BYTES, b"\0") for each in whole)
        return np.frombuffer(content, np.uint8).reshape(-1, _BYTES)

    def tells(self, column: str) -> bool:
        """Whether lesions ("lesion_id") or patients are kept."""
        return OWNERS[column] in self.table and bool(self.table[OWNERS[column]].notna().any())

    def split_of(self, images: Iterable[str]) -> "pd.Series[str]":
        """(n,) the split of each image in the checkpoint's own training, missing where it took no
        part.

        Args:
            images: (n,) ``digests``.
        """
        own = self.table
        if _EARLIER in own:
            own = own[~own[_EARLIER].fillna(False).astype(bool)]
        known = own.drop_duplicates("image").set_index("image")["split"]
        return known.reindex(list(images)).reset_index(drop=True)

    def rows_of_images(self, images: Iterable[str]) -> NDArray[np.intp]:
        """(n,) the row that holds each image and was trained on, −1 where there is none."""
        return self._rows("image", pd.Series(list(images), dtype="object"))

    def rows_of_owners(self, column: str, ids: pd.Series) -> NDArray[np.intp]:
        """(n,) a row of the same lesion or patient that was trained on, −1 where there is none.

        Args:
            column: "lesion_id" or "patient_id".
            ids: (n,) as a sample table holds them; missing where not known.
        """
        found = np.full(len(ids), -1, np.intp)
        if not self.tells(column):
            return found
        distinct = pd.Series(ids.dropna().unique(), dtype="object")
        for salt in self.table[_SALT].dropna().unique():
            told = pd.Series(_owner_digests(column, distinct, salt), distinct, dtype="object")
            rows = self._rows(OWNERS[column], ids.map(told))
            found = np.where(found < 0, rows, found)
        return found

    def agrees(self, column: str, images: Iterable[str], ids: pd.Series) -> bool:
        """Whether a table calls lesions or patients as the training did: most of the images that
        both know and tell an id of have the same there.

        Args:
            column: "lesion_id" or "patient_id".
            images: (n,) ``digests``.
            ids: (n,) as a sample table holds them; missing where not known.
        """
        if not self.tells(column):
            return False
        distinct = self.table.drop_duplicates("image")["image"]
        first = pd.Series(distinct.index.to_numpy(), distinct.to_numpy())
        rows = first.reindex(list(images)).fillna(-1).to_numpy(dtype=np.intp)
        told = self.table[OWNERS[column]].to_numpy(dtype=object)
        salts = self.table[_SALT].to_numpy(dtype=object)
        same = [
            told[row] == _owner_digests(column, [each], salts[row])[0]
            for row, each in zip(rows, ids, strict=True)
            if row >= 0 and pd.notna(each) and isinstance(told[row], str)
        ]
        return bool(2 * sum(same) > len(same))

    def _rows(self, column: str, wanted: pd.Series) -> NDArray[np.intp]:
        kept = self.table.loc[self.trained_on, column].dropna()
        first = pd.Series(kept.index.to_numpy(), kept.to_numpy())
        first = first[~first.index.duplicated()]
        rows = wanted.map(first)
        return rows.fillna(-1).to_numpy(dtype=np.intp)


def digests(paths: Iterable[str], files: Iterable[str]) -> list[str]:
    """What each image stands as.

    Args:
        paths: (n,) of the images.
        files: (n,) fingerprints of their files, as ``inventory.file_fingerprint``.
    """
    told = (
        f"{file}{path.removeprefix(container(path))}"  # an archive is one file for all
        for path, file in zip(paths, files, strict=True)
    )
    return [_digest(each) for each in told]


def write_training_images(
    folder: Path,
    images: Iterable[str],
    split: Iterable[str],
    *,
    owners: dict[str, pd.Series] | None = None,
    pictures: Hashes | None = None,
    earlier: TrainingImages | None = None,
    whole: bool = True,
) -> None:
    """
    Args:
        folder: of the checkpoint.
        images: (n,) ``digests``.
        split: (n,) of each image.
        owners: "lesion_id", "patient_id" → (n,) ids, missing where not known.
        pictures: (n, 32) perceptual hashes.
        earlier: of the checkpoint that the training starts from.
        whole: whether all that was trained on is told.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"image": list(images), "split": list(split)})
    salt = _digest("".join(table["image"]))
    for column, ids in (owners or {}).items():
        known = ids.notna().to_numpy(dtype=bool)
        told = np.full(len(table), None, dtype=object)
        told[known] = _owner_digests(column, ids[known], salt)
        table[OWNERS[column]] = told
    table[_SALT] = salt
    if pictures is not None:
        table[_PICTURE] = [bytes(each) for each in pictures]
    if earlier is not None:
        before = earlier.table[earlier.trained_on].assign(**{_EARLIER: True})
        table = pd.concat([table.assign(**{_EARLIER: False}), before], ignore_index=True)
        whole = whole and earlier.whole
    table.attrs = {"whole": whole}
    with replacing(CheckpointFiles(folder).training_images) as path:
        table.to_parquet(path, index=False, write_page_checksum=True)


def open_training_images(folder: Path) -> TrainingImages | None:
    """None where the checkpoint does not tell. Those of earlier versions tell files alone."""
    file = CheckpointFiles(folder).training_images
    try:
        parquet.check(file)
        table = pd.read_parquet(readable(file), page_checksum_verification=True)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ArrowException):
        return None
    if not {"image", "split"} <= set(table):
        return None
    return TrainingImages(table.reset_index(drop=True), bool(table.attrs.get("whole", True)))


def _owner_digests(column: str, ids: Iterable[object], salt: str) -> list[str]:
    return [_digest(f"{column}:{each}", salt.encode()) for each in ids]


def _digest(text: str, key: bytes = b"") -> str:
    return blake2b(text.encode(), digest_size=8, key=key).hexdigest()
