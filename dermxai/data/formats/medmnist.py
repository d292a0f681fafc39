"""MedMNIST: one archive of image and label arrays, 28 to 224 px, grey or RGB."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib import format as npy
from numpy.typing import NDArray

from dermxai import disk, paths, taxonomy
from dermxai.data.table import Options, Problem, Table
from dermxai.errors import InputError

EXPECTS = "MedMNIST: an .npz file with train_images, train_labels and so on for val and test"
PRIORITY = 10
_SPLITS = ("train", "val", "test")
_SUFFIX = "_images.npy"


def recognises(path: Path) -> bool:
    return path.suffix.lower() == ".npz"


def read(path: Path, options: Options) -> Table:
    if options.columns:
        raise InputError(
            f"{path.name} has no table whose columns could be mapped; leave the mapping out."
        )
    names = taxonomy.DERMAMNIST if path.name.lower().startswith("dermamnist") else ()
    counts = {split: _count(path, split) for split in _splits(path)}
    labels = {split: _labels(path, split, count) for split, count in counts.items()}
    one_hot = all((marks.sum(axis=1) == 1).all() for marks in labels.values() if marks is not None)
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
    try:
        with zipfile.ZipFile(paths.readable(path)) as archive:
            members = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path.name} is damaged or not an .npz file; {EXPECTS}.") from error
    splits = [split for split in _SPLITS if split + _SUFFIX in members]
    if not splits:
        raise InputError(f"{path.name} holds {', '.join(members) or 'nothing'}; {EXPECTS}.")
    return splits


def _count(path: Path, split: str) -> int:
    """Number of images, from the array's header alone."""
    try:
        with (
            zipfile.ZipFile(paths.readable(path)) as archive,
            archive.open(split + _SUFFIX) as file,
        ):
            read_header = (
                npy.read_array_header_1_0
                if npy.read_magic(file) == (1, 0)
                else npy.read_array_header_2_0
            )
            shape, _, dtype = read_header(file)
    except disk.UNREADABLE as error:
        raise InputError(f"{path.name}: {split}_images is damaged.") from error
    if dtype != np.uint8 or not (len(shape) == 3 or (len(shape) == 4 and shape[3] in {1, 3})):
        raise InputError(
            f"{path.name}: {split}_images has the shape {shape} of {dtype}; expected uint8 "
            "(n, height, width), with 1 or 3 channels behind or none. Volumes are not supported."
        )
    return int(shape[0])


def _labels(path: Path, split: str, count: int) -> NDArray[np.integer] | None:
    """(n, labels), or None where the archive has none."""
    try:
        with np.load(paths.readable(path)) as archive:
            if f"{split}_labels" not in archive:
                return None
            labels = archive[f"{split}_labels"]
    except disk.UNREADABLE as error:
        raise InputError(f"{path.name}: {split}_labels is damaged.") from error
    if labels.ndim < 1 or len(labels) != count or labels.dtype.kind not in "iub":
        raise InputError(
            f"{path.name}: {split}_labels has the shape {labels.shape} of {labels.dtype}; "
            f"expected whole numbers, one row for each of the {count} images."
        )
    return np.asarray(labels.reshape(count, labels.size // count if count else 1))
