"""Near-duplicates within a run: by perceptual hash, and by what the network sees alike."""

import hashlib
from contextlib import suppress

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk, parquet, paths
from dermxai.data import picture_hash
from dermxai.models.feature_similarity import ALIKE, Floats, Space, nearest
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run

_VERSION = 3  # of what is looked for
_COLUMNS = ("first", "second", "splits", "kind", "bits", "cosine")


def find_near_duplicates(run: Run) -> pd.DataFrame:
    """`between_splits`, looked for once and kept with the run."""
    file = RunFiles(run.root).near_duplicates
    told = hashlib.sha256(
        repr(
            (_VERSION, run.picture_hashes is None, None if run.split is None else list(run.split))
        ).encode()
    ).hexdigest()
    with suppress(Exception):  # it is missing, or damaged in one of many ways
        parquet.check(file)
        kept = pd.read_parquet(paths.readable(file))
        if kept.attrs.get("of") == told and set(_COLUMNS) <= set(kept):
            return kept
    found = between_splits(run)
    found.attrs = {"of": told}
    with suppress(OSError), disk.replacing(file) as path:  # where it cannot be kept, it is not
        found.to_parquet(path, index=False)
    return found


def between_splits(run: Run) -> pd.DataFrame:
    """Near-duplicates that stand in different splits of a run.

    Returns:
        A row for each image of the smaller split that has one in the other: ``first`` and
        ``second`` (sample ids), ``splits`` ("test, train"), ``kind`` ("picture" by the hash, else
        "features"), ``bits`` (of the hash that differ) and ``cosine`` (of whitened features, NaN
        where there are too few images), the nearest first.
    """
    split = run.split
    names = [] if split is None else sorted(split.dropna().unique())
    space = Space.fitted([run.pooled]) if len(names) > 1 else None
    features = None if space is None else space.of(run.pooled)
    ids = run.samples["sample_id"].to_numpy(dtype=object)
    found = []
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            rows = [np.flatnonzero(split == name) for name in (one, other)]
            asked, known = sorted(rows, key=len)
            pairs = _near(run, asked, known, features)
            pairs["splits"] = f"{one}, {other}"
            pairs["first"], pairs["second"] = ids[pairs["first"]], ids[pairs["second"]]
            found.append(pairs)
    if not found:
        return pd.DataFrame(columns=list(_COLUMNS))
    table = pd.concat(found, ignore_index=True)
    return table.sort_values(["bits", "cosine"], ascending=[True, False], ignore_index=True)


def _near(
    run: Run, asked: NDArray[np.intp], known: NDArray[np.intp], features: Floats | None
) -> pd.DataFrame:
    """Positions of near-duplicates, `_COLUMNS` but the splits."""
    by_hash = by_features = np.zeros(len(asked), np.intp)
    bits, cosine = np.full(len(asked), picture_hash.BITS), np.full(len(asked), np.nan)
    if run.picture_hashes is not None:
        by_hash, bits = picture_hash.nearest(
            run.picture_hashes[asked], run.picture_hashes[known][:, 0]
        )
    if features is not None:
        by_features, cosine = nearest(features[asked], features[known])
    picture = bits <= picture_hash.NEAR
    match = np.where(picture, by_hash, by_features)
    if features is not None:
        cosine = (features[asked] * features[known[match]]).sum(axis=1)
    table = pd.DataFrame(
        {
            "first": asked,
            "second": known[match],
            "kind": np.where(picture, "picture", "features"),
            "bits": np.where(picture, bits, picture_hash.BITS),
            "cosine": cosine,
        }
    )
    alike = table["cosine"] >= ALIKE
    if run.picture_hashes is not None:
        alike &= picture_hash.telling(run.picture_hashes[asked])
    return table[picture | alike]
