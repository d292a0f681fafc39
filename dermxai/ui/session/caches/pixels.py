"""Pixels of images and masks, and pictures as they are shown."""

from collections.abc import Callable, Hashable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from dermxai.data.images import image_shape, read_image, read_mask
from dermxai.data.transforms import fit_mask, fitted
from dermxai.figures.overlay import Line, line
from dermxai.ui.components.thumbnails import jpeg
from dermxai.ui.session.caches.memory import PIXELS, RESULTS, kept

LARGE_IMAGE = 2_000_000  # pixels


def image(path: str, changed: int, profiles: bool) -> NDArray[np.uint8]:
    """
    Args:
        profiles: as in `read_image`.

    Raises:
        InputError: it cannot be read.
    """
    height, width = _shape(path, changed)
    return (_large_image if height * width > LARGE_IMAGE else _image)(path, changed, profiles)


@kept()
def _shape(path: str, _changed: int) -> tuple[int, int]:
    return image_shape(path)


@kept(where=PIXELS)
def _image(path: str, _changed: int, profiles: bool) -> NDArray[np.uint8]:
    return read_image(path, profiles=profiles)


@kept()
def _large_image(path: str, _changed: int, profiles: bool) -> NDArray[np.uint8]:
    """In the cache of all results: it takes long to decode, and would fill that of pixels alone."""
    return read_image(path, profiles=profiles)


@kept(where=PIXELS)
def mask(path: str, _changed: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at the shape of its image as shown."""
    return fit_mask(read_mask(path), shape)


@kept(where=PIXELS)
def outline(path: str, changed: int, shape: tuple[int, int]) -> Line:
    """The outline of a mask at the shape of its image as shown."""
    return line(mask(path, changed, shape))


def picture(key: Hashable, draw: Callable[[], bytes]) -> bytes:
    """An image as it is shown, by all that it depends on; drawn where nobody has seen it so."""
    return cast(bytes, RESULTS.made(("picture", key), draw))


@kept()
def small_picture(path: str, changed: int, longest: int) -> bytes:
    """`small_image` as JPEG."""
    return jpeg(small_image(path, changed, longest))


@kept(where=PIXELS)
def small_image(path: str, _changed: int, longest: int) -> NDArray[np.uint8]:
    """An image whose longer side has so many pixels, for several beside each other.

    Raises:
        InputError: it cannot be read.
    """
    return fitted(read_image(path, at_least=longest, profiles=True), longest)
