"""Small pictures of images, made when first seen and kept in memory."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermxai.core.bounded import Bounded
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.data.images import container, read_image
from dermxai.figures import overlay

SIDE = 240  # pixels; shown at about 170, or 120 on a screen of double density
_LIMIT = 48 * 2**20  # bytes, some 4,000 of them
_kept: Bounded[bytes] = Bounded(_LIMIT, lambda content: len(content) + 200)
_pool = ThreadPoolExecutor(4, thread_name_prefix="thumbnails")


def thumbnails(paths: Sequence[str]) -> list[bytes | None]:
    """A square JPEG of the middle of each image; None where the image cannot be read."""
    return list(_pool.map(_thumbnail, paths))


def forget() -> None:
    """Drops all that are kept."""
    _kept.forget()


def jpeg(image: NDArray[np.uint8], quality: int = 90) -> bytes:
    """An image (h, w, 3) RGB as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@cache
def colour_bar(signed: bool) -> bytes:
    """See `dermxai.figures.overlay.colour_bar`; as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(overlay.colour_bar(signed=signed)).save(buffer, "PNG")
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
    if changed is None:
        return None
    return _kept.made((path, changed), lambda: _made(path)) or None


def _made(path: str) -> bytes:
    """Nothing where the image cannot be read."""
    try:
        image = Image.fromarray(read_image(path, at_least=2 * SIDE, profiles=True))
    except InputError:
        return b""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box, reducing_gap=2)
    return jpeg(np.asarray(small), quality=82)
