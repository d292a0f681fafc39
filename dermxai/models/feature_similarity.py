"""A space in which images that a network sees alike lie close: near-duplicates that a perceptual
hash misses, such as crops and images turned by a few degrees.

Pooled features of all heads, each standardised, are whitened by their first principal components,
so that what all images share does not count; near-duplicates have a cosine close to 1. `ALIKE` was
chosen on images that are changed in known ways, see docs/data.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays
from dermxai.core.disk import replacing
from dermxai.core.entries import UnusableError

Floats = NDArray[np.float32]
ALIKE = 0.8
"""Cosine from which two images are taken for one."""
_COMPONENTS, _FEWEST, _IMAGES_A_COMPONENT, _FITTED = 128, 96, 3, 4096
FEWEST = _FEWEST * _IMAGES_A_COMPONENT
"""Images below which nothing is compared: of fewer components cosines are large by chance, and
those of few images are noise."""
_AT_ONCE = 1 << 23  # cosines held in memory


@dataclass(frozen=True, eq=False)
class Space:
    """
    Attributes:
        mean: (channel,) of pooled features.
        basis: (channel, component).
    """

    mean: Floats
    basis: Floats

    @classmethod
    def fitted(cls, parts: Sequence[NDArray[np.floating]]) -> Self | None:
        """
        Args:
            parts: pooled features (n, channel) of sets of images, by one network.

        Returns:
            None where there are too few images, or they do not differ enough.
        """
        from sklearn.utils.extmath import randomized_svd

        total = sum(map(len, parts))
        if total < FEWEST:
            return None
        step = -(-total // _FITTED)
        rows = np.concatenate([np.asarray(part[::step], np.float32) for part in parts])
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        varies = spread > 1e-6 * spread.max(initial=0)
        scale = np.where(varies, 1 / np.where(varies, spread, 1), 0).astype(np.float32)
        count = min(_COMPONENTS, len(rows) // _IMAGES_A_COMPONENT, int(varies.sum()))
        if count < _FEWEST:
            return None
        _, sizes, axes = randomized_svd((rows - mean) * scale, count, random_state=0)
        told = sizes > 1e-4 * sizes[0]
        if told.sum() < _FEWEST:
            return None
        return cls(mean, ((axes[told] / sizes[told, None]).T * scale[:, None]).astype(np.float32))

    def of(self, pooled: NDArray[np.floating]) -> Floats:
        """(n, component) of images (n, channel), each of length 1."""
        rows = (np.asarray(pooled, np.float32) - self.mean) @ self.basis
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


@dataclass(frozen=True, eq=False)
class TrainingFeatures:
    """What a checkpoint keeps of the images that it was trained on.

    Attributes:
        checkpoint: hash of the classifier.
        images: (n,) digests.
        features: (n, component) in ``space``.
    """

    checkpoint: str
    images: NDArray[np.str_]
    space: Space
    features: Floats

    def write(self, at: Path) -> None:
        """Features in 16 bits: 256 bytes an image."""
        with replacing(at) as path, path.open("wb") as file:
            np.savez(
                file,
                checkpoint=self.checkpoint,
                images=self.images,
                mean=self.space.mean,
                basis=self.space.basis,
                features=self.features.astype(np.float16),
            )

    @classmethod
    def read(cls, at: Path, checkpoint: str) -> Self | None:
        """None where there is none, or that of another checkpoint."""
        try:
            if str(arrays.load(at, "checkpoint")["checkpoint"]) != checkpoint:
                return None
            kept = arrays.load(at, "images", "mean", "basis", "features")
        except UnusableError:
            return None
        mean, basis = kept["mean"], kept["basis"]
        features = kept["features"].astype(np.float32)
        shapes = [mean.shape[:1], basis.shape[1:]] == [basis.shape[:1], features.shape[1:]]
        if not shapes or (features.ndim, basis.ndim) != (2, 2):
            return None
        if kept["images"].shape != features.shape[:1]:
            return None
        return cls(checkpoint, kept["images"], Space(mean, basis), features)


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
