"""What is wrong with a dataset as a whole: patients, lesions and copies of an image in two
splits."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.formatting import count, shortened
from dermxai.data.images import container
from dermxai.data.splits import groups


def torn(samples: pd.DataFrame, files: NDArray[np.bytes_] | None = None) -> pd.DataFrame:
    """What stands in more than one split though it must stay together: patients, lesions whose
    patient is not known (see ``splits.groups``), and images whose files are alike, unless the first
    two tell it all. Reads no file.

    Args:
        samples: the sample table, n rows.
        files: (n,) the ``inventory.file_fingerprint`` of each image; None where they are not known.

    Returns:
        A row each: ``kind`` (patient, lesion or image), ``id`` (of an image those of all copies),
        ``splits`` (names joined by commas) and ``images`` (how many).
    """
    grouped = samples.assign(group=groups(samples))
    found = _in_several_splits(grouped, "group")
    named = [group.partition("_id:") for group in found.pop("group")]
    found.insert(0, "kind", [kind for kind, _, _ in named])
    found.insert(1, "id", [id_ for _, _, id_ in named])
    if files is None:
        return found
    return pd.concat([found, _copies(grouped, files)], ignore_index=True)


def contradictions(samples: pd.DataFrame, files: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence on images whose files are alike and whose labels are not; none where there are
    none.

    Args:
        files: by sample id the ``inventory.file_fingerprint`` of its image.
    """
    rows = samples[["sample_id", "path", "label"]].assign(
        file=[files.get(each, each) for each in samples["sample_id"]]
    )
    rows = rows[rows["file"].duplicated(keep=False) & rows["label"].notna()]
    rows = rows[rows.groupby("file")["label"].transform("nunique") > 1]
    rows = rows[rows["path"].map(container) == rows["path"]]  # an archive is one file for all
    if rows.empty:
        return ()
    first = rows[rows["file"] == rows["file"].iloc[0]]
    shown = ", ".join(
        f"{id_} ({label})" for id_, label in zip(first["sample_id"], first["label"], strict=True)
    )
    return (
        f"{count(len(rows), 'image')} under several labels: the same file as another, such as "
        f"{shortened(shown, _MOST_SHOWN)}.",
    )


_MOST_SHOWN = 200  # characters


def _copies(grouped: pd.DataFrame, files: NDArray[np.bytes_]) -> pd.DataFrame:
    alone = grouped["path"].map(container) == grouped["path"]  # an archive is one file for all
    copies = grouped.assign(file=files)[alone]
    copies = copies[copies["file"].duplicated(keep=False)]
    copies = copies[copies.groupby("file")["group"].transform("nunique") > 1]
    found = _in_several_splits(copies, "file")
    names = copies.groupby("file")["sample_id"].agg(lambda ids: ", ".join(sorted(ids)))
    found.insert(0, "kind", "image")
    found.insert(1, "id", found.pop("file").map(names))
    return found


def _in_several_splits(samples: pd.DataFrame, column: str) -> pd.DataFrame:
    """``column``, ``splits`` and ``images`` of the values that stand in several splits."""
    if "split" not in samples:
        return pd.DataFrame({column: [], "splits": [], "images": []})
    found = (
        samples.dropna(subset=["split"])
        .groupby(column)["split"]
        .agg(splits=lambda names: ", ".join(sorted(set(names))), count="nunique", images="size")
        .reset_index()
    )
    return found.loc[found["count"] > 1, [column, "splits", "images"]].reset_index(drop=True)
