"""Small pictures of images, made when first seen and kept in memory."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermxai.data.images import container, read_image
from dermxai.errors import InputError
from dermxai.paths import readable

SIDE = 240  # pixels; shown at about 170, or 120 on a screen of double density
_KEPT = 4096  # about 40 MB
_pool = ThreadPoolExecutor(4, thread_name_prefix="thumbnails")


def thumbnails(paths: Sequence[str]) -> list[bytes | None]:
    """A square JPEG of the middle of each image; None where the image cannot be read."""
    return list(_pool.map(_thumbnail, paths))


def forget() -> None:
    """Drops all that are kept."""
    _made.cache_clear()


def jpeg(image: NDArray[np.uint8], quality: int = 90) -> bytes:
    """An image (h, w, 3) RGB as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def stamp(path: str) -> int | None:
    """When the file was last changed, in ns; None where it is missing, or may not be read: nothing
    that was kept of it is found again."""
    try:
        return readable(container(path)).stat().st_mtime_ns
    except (OSError, ValueError):
        return None


def _thumbnail(path: str) -> bytes | None:
    changed = stamp(path)
    return None if changed is None else _made(path, changed)


@lru_cache(_KEPT)
def _made(path: str, changed: int) -> bytes | None:  # noqa: ARG001
    try:
        image = Image.fromarray(read_image(path, at_least=2 * SIDE))
    except InputError:
        return None
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box, reducing_gap=2)
    return jpeg(np.asarray(small), quality=82)
