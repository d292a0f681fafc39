"""Which images a checkpoint has learnt from and was validated on, kept with it.

Images are not named, since names may be patients': each stands as a digest of its file, so that it
is known again in other data sets and under other names.
"""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from dermxai.data.images import container
from dermxai.disk import replacing
from dermxai.paths import CheckpointFiles


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
    return [blake2b(each.encode(), digest_size=8).hexdigest() for each in told]


def write_division(folder: Path, images: Iterable[str], split: Iterable[str]) -> None:
    """
    Args:
        folder: of the checkpoint.
        images: (n,) ``digests``.
        split: (n,) of each image.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"image": list(images), "split": list(split)})
    with replacing(CheckpointFiles(folder).division) as path:
        table.to_parquet(path, index=False)


def read_division(folder: Path, images: Iterable[str]) -> "pd.Series[str] | None":
    """(n,) the split of each image, missing where it took no part; None where the checkpoint does
    not tell.

    Args:
        images: (n,) ``digests``.
    """
    try:
        table = pd.read_parquet(CheckpointFiles(folder).division)
        known = table.drop_duplicates("image").set_index("image")["split"]
    except (OSError, ValueError, KeyError):
        return None
    return known.reindex(list(images)).reset_index(drop=True)
