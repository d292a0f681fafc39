"""Images that a network sees alike: near-duplicates that a perceptual hash misses, such as crops
and images turned by a few degrees.

Pooled features of all heads, each standardised, are whitened by their first principal components,
so that what all images share does not count; near-duplicates have a cosine close to 1. `ALIKE` was
chosen on images that are changed in known ways, see docs/data.md.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import disk, paths
from dermxai.data import picture_hash
from dermxai.runs.run import Run

Floats = NDArray[np.float32]
ALIKE = 0.8
"""Cosine from which two images are taken for one."""
_VERSION = 1  # of what is looked for
_COMPONENTS, _FEWEST, _IMAGES_A_COMPONENT, _FITTED = 128, 96, 3, 4096
FEWEST = _FEWEST * _IMAGES_A_COMPONENT
"""Images below which nothing is compared: of fewer components cosines are large by chance, and
those of few images are noise."""
_AT_ONCE = 1 << 23  # cosines held in memory
_COLUMNS = ("first", "second", "splits", "kind", "bits", "cosine")


def whitened(parts: Sequence[Floats]) -> list[Floats] | None:
    """Features of several sets of images in one space.

    Args:
        parts: each (n, channels) pooled features of one network.

    Returns:
        Each (n, component), of length 1; None where there are too few images, or they do not
        differ.
    """
    from sklearn.utils.extmath import randomized_svd

    total = sum(map(len, parts))
    if total < FEWEST:
        return None
    step = max(1, -(-total // _FITTED))
    fitted = np.concatenate([np.asarray(part[::step], np.float32) for part in parts])
    mean, spread = fitted.mean(axis=0), fitted.std(axis=0)
    varies = spread > 1e-6 * max(float(spread.max(initial=0)), 1e-30)
    scale = np.where(varies, 1 / np.where(varies, spread, 1), 0).astype(np.float32)
    count = min(_COMPONENTS, len(fitted) // _IMAGES_A_COMPONENT, int(varies.sum()))
    if count < _FEWEST:
        return None
    _, sizes, axes = randomized_svd((fitted - mean) * scale, count, random_state=0)
    told = sizes > 1e-4 * sizes[0]
    if told.sum() < _FEWEST:
        return None
    basis = (axes[told] / sizes[told, None]).T * scale[:, None]
    return [_unit((np.asarray(part, np.float32) - mean) @ basis) for part in parts]


def nearest(asked: Floats, known: Floats) -> tuple[NDArray[np.intp], Floats]:
    """For each row (n, component) the most alike of ``known`` (m, component), and their cosine."""
    found, cosine = np.zeros(len(asked), np.intp), np.full(len(asked), -1, np.float32)
    if not len(known):
        return found, cosine
    step = max(1, _AT_ONCE // len(known))
    for start in range(0, len(asked), step):
        near = asked[start : start + step] @ known.T
        found[start : start + step] = near.argmax(axis=1)
        cosine[start : start + step] = near.max(axis=1)
    return found, cosine


def near_duplicates(run: Run) -> pd.DataFrame:
    """`between_splits`, looked for once and kept with the run."""
    file = paths.RunFiles(run.root).near_duplicates
    told = hashlib.sha256(
        repr(
            (_VERSION, run.pictures is None, None if run.split is None else list(run.split))
        ).encode()
    ).hexdigest()
    with suppress(OSError, ValueError, KeyError):
        kept = pd.read_parquet(file)
        if kept.attrs.get("of") == told:
            return kept
    found = between_splits(run)
    found.attrs = {"of": told}
    with disk.replacing(file) as path:
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
    features = whitened([run.pooled]) if len(names) > 1 else None
    ids = run.samples["sample_id"].to_numpy(dtype=object)
    found = []
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            rows = [np.flatnonzero(split == name) for name in (one, other)]
            asked, known = sorted(rows, key=len)
            pairs = _near(run, asked, known, features[0] if features else None)
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
    if run.pictures is not None:
        by_hash, bits = picture_hash.nearest(run.pictures[asked], run.pictures[known][:, 0])
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
    return table[picture | (table["cosine"] >= ALIKE)]


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1), np.float32)
