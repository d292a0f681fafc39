"""Which images a checkpoint has learnt from and was validated on, kept with it.

Images are not named: names may be patients'. Each stands as a digest of its data set and its id.
"""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from dermxai.disk import replacing
from dermxai.paths import CheckpointFiles


def write_division(
    folder: Path, fingerprint: str, sample_ids: Iterable[str], split: Iterable[str]
) -> None:
    """
    Args:
        folder: of the checkpoint.
        fingerprint: of the data set.
        sample_ids, split: (n,) of each image.
    """
    table = pd.DataFrame({"image": _digests(fingerprint, sample_ids), "split": list(split)})
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(CheckpointFiles(folder).division) as path:
        table.to_parquet(path, index=False)


def read_division(
    folder: Path, fingerprint: str, sample_ids: Iterable[str]
) -> "pd.Series[str] | None":
    """(n,) the split of each image, missing where it had none; None where the checkpoint does not
    tell."""
    try:
        table = pd.read_parquet(CheckpointFiles(folder).division)
        known = table.drop_duplicates("image").set_index("image")["split"]
    except (OSError, ValueError, KeyError):
        return None
    return known.reindex(_digests(fingerprint, sample_ids)).reset_index(drop=True)


def _digests(fingerprint: str, sample_ids: Iterable[str]) -> list[str]:
    return [
        blake2b(f"{fingerprint} {name}".encode(), digest_size=8).hexdigest() for name in sample_ids
    ]
