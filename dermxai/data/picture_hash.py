"""Perceptual hashes: images that are the same picture, saved, sized or coloured otherwise.

The hash of Zauner 2010 (imagehash.phash) with 16 × 16 bits: which of the lowest frequencies of the
grey image lie above their median. An image is hashed in its eight positions, turned by right angles
and mirrored, so that one of them meets the other image however that one lies. `NEAR` was chosen on
images that are changed in known ways, see docs/data.md and ``benchmarks/near_duplicates.py``.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from dermxai.data.transforms import resize

POSITIONS = 8
BITS = 256
HASHES = (POSITIONS, BITS // 8)
"""Shape of the hashes of one image, in bytes."""
NEAR = 40
"""Bits, of 256, by which two hashes of one picture may differ."""
_SIDE = 64  # pixels whose frequencies are looked at
_PLAIN = 1.5  # deviation of grey values below which there is no picture to tell
_DARK = 0.25  # of the middle's grey value, below which a border is a frame
_LEAST_FRAME = 0.1  # share of an image
_BLUR = 1  # pixels beside a frame that its edge darkens
_INWARDS = np.array([1, -1, 1, -1])
_MIDDLE = slice(_SIDE // 4, -_SIDE // 4)
_AT_ONCE = 1 << 21  # distances held in memory

Hashes = NDArray[np.uint8]


def picture_hashes(image: NDArray[np.uint8]) -> Hashes:
    """Of an image (height, width, 3) RGB: (8, 32) bytes, the image as it lies first; all 0 where it
    is of one shade, which tells nothing."""
    from imagehash import phash
    from PIL import Image

    grey = cv2.cvtColor(resize(without_frame(image), (_SIDE, _SIDE)), cv2.COLOR_RGB2GRAY)
    if grey.std() < _PLAIN:
        return np.zeros(HASHES, np.uint8)
    side = round(BITS**0.5)
    found = [
        phash(Image.fromarray(each), hash_size=side, highfreq_factor=_SIDE // side).hash
        for each in _positions(np.asarray(grey, dtype=np.uint8))
    ]
    return np.packbits(np.array(found).reshape(POSITIONS, BITS), axis=1)


def telling(pictures: Hashes) -> NDArray[np.bool_]:
    """(n,) whether there is a picture to tell in each image, of its hashes (n, 8, 32): those of one
    shade are alike to every measure, and are no near-duplicates."""
    return np.asarray(pictures.any(axis=(1, 2)), dtype=bool)


def nearest(asked: Hashes, known: Hashes) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """For each picture the one of ``known`` whose hash is nearest, in any position.

    Args:
        asked: (n, 8, 32) `picture_hashes`.
        known: (m, 32) of each picture as it lies.

    Returns:
        (n,) positions in ``known``, and (n,) the bits that differ; `BITS` where either image tells
        nothing, or nothing is known.
    """
    found = np.zeros(len(asked), np.intp)
    away = np.full(len(asked), BITS, np.int64)
    told = np.flatnonzero(known.any(axis=1))
    if not told.size:
        return found, away
    words = np.ascontiguousarray(known[told]).view(np.uint64)  # (m, 4)
    step = max(1, _AT_ONCE // (POSITIONS * told.size))
    for start in range(0, len(asked), step):
        rows = slice(start, start + step)
        queries = np.ascontiguousarray(asked[rows]).view(np.uint64)  # (row, 8, 4)
        differ = np.zeros((*queries.shape[:2], told.size), np.uint16)
        for word in range(words.shape[1]):
            differ += np.bitwise_count(queries[:, :, word, None] ^ words[:, word])
        closest = differ.min(axis=1)  # (row, m)
        found[rows] = told[closest.argmin(axis=1)]
        away[rows] = closest.min(axis=1)
    away[~telling(asked)] = BITS
    return found, away


def without_frame(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest rectangle inside a dark frame, as a dermatoscope's round field leaves one: its
    outline is alike in all its images, and says nothing of the picture. An image without a frame
    stays whole."""
    small = cv2.cvtColor(resize(image, (_SIDE, _SIDE)), cv2.COLOR_RGB2GRAY)
    dark = (small < _DARK * np.median(small[_MIDDLE, _MIDDLE])).astype(np.uint8)
    _, parts = cv2.connectedComponents(np.pad(dark, 1, constant_values=1))
    frame = (parts == parts[0, 0])[1:-1, 1:-1]
    if frame.mean() < _LEAST_FRAME:
        return image
    ends = np.array([0, _SIDE, 0, _SIDE])  # top, bottom, left, right
    while ends[1] - ends[0] > _SIDE // 4 and ends[3] - ends[2] > _SIDE // 4:
        inner = frame[ends[0] : ends[1], ends[2] : ends[3]]
        shares = np.array(
            [side.mean() for side in (inner[0], inner[-1], inner[:, 0], inner[:, -1])]
        )
        if not shares.any():
            break
        ends += np.where(shares == shares.max(), _INWARDS, 0)  # as well if the image is turned
    else:
        return image
    top, bottom, left, right = ends + _INWARDS * _BLUR * (ends % _SIDE != 0)
    height, width = image.shape[:2]
    top, bottom = top + _BLUR * (top > 0), bottom - _BLUR * (bottom < _SIDE)
    left, right = left + _BLUR * (left > 0), right - _BLUR * (right < _SIDE)
    rows, columns = (
        slice(round(first * long / _SIDE), round(last * long / _SIDE))
        for first, last, long in ((top, bottom, height), (left, right, width))
    )
    inside = image[rows, columns]
    return inside if inside.size else image


def _positions(grey: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for each in (grey, grey[:, ::-1]):
        for turns in range(4):
            yield np.ascontiguousarray(np.rot90(each, turns))
