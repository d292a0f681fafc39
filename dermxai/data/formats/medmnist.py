"""MedMNIST: one archive of image and label arrays, 28 to 224 px, grey or RGB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core import arrays
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import shortened
from dermxai.data.formats import Format
from dermxai.data.images import MAX_PIXELS
from dermxai.data.table import Options, Problem, Table

_SPLITS = ("train", "val", "test")
_IMAGES, _LABELS = "_images", "_labels"
MOST_IMAGES = 5_000_000
MOST_LABELS = 1000
"""Of an image."""
MOST_SHOWN = 200  # characters


@dataclass(frozen=True, kw_only=True)
class MedMnist(Format):
    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() == ".npz"

    def read(self, path: Path, options: Options) -> Table:
        if options.columns:
            raise InputError(
                f"{path.name} has no table whose columns could be mapped; leave the mapping out."
            )
        names = taxonomy.DERMAMNIST if path.name.lower().startswith("dermamnist") else ()
        counts = {split: _count(path, split) for split in _splits(path)}
        labels = {split: _labels(path, split, count) for split, count in counts.items()}
        one_hot = all(
            (marks.sum(axis=1) == 1).all() for marks in labels.values() if marks is not None
        )
        parts, problems = [], []
        for split, count in counts.items():
            ids = [f"{split}-{index}" for index in range(count)]
            images = [f"{path}#{split}/{index}" for index in range(count)]
            part = pd.DataFrame({"sample_id": ids, "path": images, "split": split})
            marks = labels[split]
            if marks is None:
                problems.append(Problem(f"{split}_labels", "missing; the images are unlabelled"))
            else:
                part = part.join(_described(marks, one_hot, names))
            parts.append(part)
        return Table(pd.concat(parts, ignore_index=True), path.parent, tuple(problems))


MEDMNIST = MedMnist(
    name="medmnist",
    expects="MedMNIST: an .npz file with train_images, train_labels and so on for val and test",
    priority=10,
)


def _described(labels: NDArray[np.integer], one_hot: bool, names: tuple[str, ...]) -> pd.DataFrame:
    """Labels as names where the archive's are known, else as their numbers. Where several may
    hold at once (ChestMNIST) there is no one label, and each mark is a column."""
    if labels.shape[1] > 1 and one_hot:
        labels = labels.argmax(axis=1)[:, None]
    if labels.shape[1] > 1:
        return pd.DataFrame(labels, columns=[f"label {k}" for k in range(labels.shape[1])])
    written = [names[k] if 0 <= k < len(names) else str(k) for k in labels.ravel().tolist()]
    return pd.DataFrame({"label": written})


def _splits(path: Path) -> list[str]:
    with _read(path) as found:
        known = arrays.members(found)
    splits = [split for split in _SPLITS if split + _IMAGES in known]
    if not splits:
        held = shortened(", ".join(known), MOST_SHOWN) or "no array"
        raise InputError(f"{path.name} holds {held}; {MEDMNIST.expects}.")
    return splits


@contextmanager
def _read(path: Path) -> Iterator[ZipFile]:
    """
    Raises:
        InputError: the archive is damaged, or not what it claims to be.
    """
    try:
        with arrays.archive(path) as found:
            yield found
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; {MEDMNIST.expects}.") from error
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}).") from error


def _count(path: Path, split: str) -> int:
    """Number of images, from the array's header alone."""
    with _read(path) as found:
        member = arrays.described(found, split + _IMAGES)
    shape, dtype = member.shape, member.dtype
    volume = len(shape) not in {3, 4} or (len(shape) == 4 and shape[3] not in {1, 3})
    if dtype != np.uint8 or volume or 0 in shape[1:]:
        raise InputError(
            f"{path.name}: {split}_images has the shape {shape} of {dtype}; expected uint8 "
            "(n, height, width), with 1 or 3 channels behind or none. Volumes are not supported."
        )
    if shape[0] > MOST_IMAGES or shape[1] * shape[2] > MAX_PIXELS:
        raise InputError(
            f"{path.name}: {split}_images claims the shape {shape}; expected at most "
            f"{MOST_IMAGES:,} images of {MAX_PIXELS / 1e6:.0f} million pixels."
        )
    return int(shape[0])


def _labels(path: Path, split: str, count: int) -> NDArray[np.integer] | None:
    """(n, labels), or None where the archive has none."""
    name = split + _LABELS
    with _read(path) as found:
        if name not in arrays.members(found):
            return None
        said = arrays.described(found, name)
    if said.size > said.start + count * MOST_LABELS * said.dtype.itemsize:
        raise InputError(f"{path.name}: {name} has {said.shape} values for {count} images.")
    try:
        labels = arrays.load(path, name)[name]
    except UnusableError as error:
        raise InputError(f"{path.name} {error}.") from error
    if labels.ndim < 1 or len(labels) != count or labels.dtype.kind not in "iub":
        raise InputError(
            f"{path.name}: {split}_labels has the shape {labels.shape} of {labels.dtype}; "
            f"expected whole numbers, one row for each of the {count} images."
        )
    return np.asarray(labels.reshape(count, labels.size // count if count else 1))
