"""The images of cases, as readers see them: pixels alone, and those of which the study was made."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermxai.core import paths
from dermxai.core.bounded import Bounded
from dermxai.core.errors import InputError
from dermxai.data.images import container, read_image

LONGEST_SIDE = 1600
"""Pixels; larger images are made smaller."""
LONGEST_OF_MAP = 256
"""Pixels that are kept of a map."""
_QUALITY = 92
_MADE: Bounded[bytes] = Bounded(64_000_000)


@dataclass(frozen=True)
class Picture:
    """An image of a case.

    Attributes:
        digest: what it is to be, see `digest_of`.
    """

    path: str
    digest: str


def digest_of(pixels: NDArray[np.uint8]) -> str:
    """Tells what is seen of an image from any other; SHA-256.

    Args:
        pixels: (h, w, 3) RGB.
    """
    told = sha256(repr(pixels.shape).encode())
    told.update(np.ascontiguousarray(pixels).data)
    return told.hexdigest()


def digest_now(path: str) -> str:
    """`digest_of` what lies at a path; an image whose file is as it was is not read again.

    Raises:
        InputError: it cannot be read.
    """
    return _digest(path, _stamp(path))


def jpeg(picture: Picture) -> bytes:
    """The image without whatever its file says beside its pixels.

    Raises:
        InputError: it cannot be read, or is another one now.
    """
    key = (picture, _stamp(picture.path))
    if (made := _MADE.get(key)) is not None:
        return made
    return _MADE.put(key, encoded(checked_pixels(picture)))


def checked_pixels(picture: Picture) -> NDArray[np.uint8]:
    """(h, w, 3) RGB.

    Raises:
        InputError: as `jpeg`.
    """
    pixels = read_image(picture.path, profiles=True)
    if digest_of(pixels) != picture.digest:
        raise InputError("The image has changed since the study began.")
    return pixels


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """JPEG of (h, w, 3) RGB, made smaller where it is large."""
    image, written = Image.fromarray(pixels), BytesIO()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    image.save(written, "JPEG", quality=_QUALITY, subsampling=0)
    return written.getvalue()


def packed(values: NDArray[np.floating]) -> bytes:
    """A map (h, w), made smaller where it is large."""
    height, width = values.shape
    share = min(1.0, LONGEST_OF_MAP / max(height, width))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    small = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    written = BytesIO()
    np.save(written, np.asarray(small, np.float32), allow_pickle=False)
    return written.getvalue()


def unpacked(content: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The map at an image's (height, width)."""
    size = (shape[1], shape[0])
    laid_out = cv2.resize(kept_values(content), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(laid_out, dtype=np.float32)


def kept_values(content: bytes) -> NDArray[np.float32]:
    """The map (h, w) as it is kept."""
    return np.asarray(np.load(BytesIO(content), allow_pickle=False), dtype=np.float32)


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = paths.readable(container(path)).stat()
    except OSError as error:
        raise InputError("The image cannot be read any more.") from error
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(4096)
def _digest(path: str, _file: tuple[int, ...]) -> str:
    return digest_of(read_image(path, profiles=True))
