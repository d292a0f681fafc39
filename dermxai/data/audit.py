"""What is wrong with a dataset as a whole: patients in two splits, the same image twice."""

import os
from dataclasses import dataclass
from hashlib import sha256

import pandas as pd

from dermxai.data.dataset import Dataset
from dermxai.data.images import container, read_image
from dermxai.data.splits import groups
from dermxai.errors import InputError

_SHOWN = ("sample_id", "patient_id", "lesion_id", "label", "split")


@dataclass(frozen=True)
class Audit:
    """Findings; empty tables where all is well.

    Attributes:
        patients: patients in several splits: ``patient_id``, ``splits``, ``images``.
        lesions: lesions in several splits, likewise, with ``lesion_id``.
        duplicates: images with the same content under several ids, one row an image: ``group``,
            ``sample_id`` and, where known, patient, lesion, label and split.
    """

    patients: pd.DataFrame
    lesions: pd.DataFrame
    duplicates: pd.DataFrame


def audit(dataset: Dataset) -> Audit:
    """Looks for leakage between splits and for exact duplicates; decodes no image file."""
    samples = dataset.samples
    return Audit(
        in_several_splits(samples, "patient_id"),
        in_several_splits(samples, "lesion_id"),
        duplicates(samples),
    )


def in_several_splits(samples: pd.DataFrame, column: str) -> pd.DataFrame:
    """The patients (or lesions) that stand in more than one split.

    Args:
        samples: the sample table.
        column: ``patient_id`` or ``lesion_id``.

    Returns:
        A row each: the id, ``splits`` (names joined by commas) and ``images`` (how many).
    """
    if column not in samples or "split" not in samples:
        return pd.DataFrame({column: [], "splits": [], "images": []})
    known = samples.dropna(subset=[column, "split"])
    found = (
        known.groupby(column)["split"]
        .agg(splits=lambda names: ", ".join(sorted(set(names))), count="nunique", images="size")
        .reset_index()
    )
    return found.loc[found["count"] > 1, [column, "splits", "images"]].reset_index(drop=True)


def torn(samples: pd.DataFrame) -> pd.DataFrame:
    """What stands in more than one split though it must stay together: patients, and lesions whose
    patient is not known (see ``splits.groups``).

    Returns:
        A row each: ``kind`` (patient or lesion), ``id``, ``splits`` and ``images`` as
        ``in_several_splits``.
    """
    found = in_several_splits(samples.assign(group=groups(samples)), "group")
    named = [group.partition("_id:") for group in found.pop("group")]
    found.insert(0, "kind", [kind for kind, _, _ in named])
    found.insert(1, "id", [id_ for _, _, id_ in named])
    return found


def duplicates(samples: pd.DataFrame) -> pd.DataFrame:
    """Images whose files (or, in an archive, whose pixels) are the same byte for byte.

    Only files of equal size are read.
    """
    sizes = samples["path"].map(_size)
    alike = sizes.notna() & sizes.duplicated(keep=False)
    content = samples["path"][alike].map(_content)
    content = content[content.notna() & content.duplicated(keep=False)]
    shown = [column for column in _SHOWN if column in samples]
    found = samples.loc[content.index, shown]
    found.insert(0, "group", pd.factorize(content)[0] + 1)
    return found.sort_values(["group", "sample_id"]).reset_index(drop=True)


def _size(path: str) -> int | None:
    try:
        return os.stat(container(path)).st_size  # noqa: PTH116
    except OSError:
        return None


def _content(path: str) -> bytes | None:
    try:
        if container(path) != path:
            return sha256(read_image(path).tobytes()).digest()
        with open(path, "rb") as file:  # noqa: PTH123
            return sha256(file.read()).digest()
    except (OSError, InputError):
        return None
