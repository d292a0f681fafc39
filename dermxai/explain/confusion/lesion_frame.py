"""The frame of a lesion: the box around its mask with a margin, squashed to a square, so that
centres and borders of lesions lie on each other."""

import cv2
import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data.images import read_mask
from dermxai.data.transforms import resize
from dermxai.explain.confusion.pair_maps import SIDE

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in shares of the image; may reach beyond it."""
SHAPE = (SIDE, SIDE)
_MARGIN = 0.25  # of the box's sides


def box_of(mask_path: object) -> Box | None:
    """The lesion's box with its margin; None without a mask that can be read and outlines
    something."""
    if not isinstance(mask_path, str):
        return None
    try:
        mask = read_mask(mask_path)
    except InputError:
        return None
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    height, width = mask.shape
    left, right = columns[0] / width, (columns[-1] + 1) / width
    top, bottom = rows[0] / height, (rows[-1] + 1) / height
    across, down = _MARGIN * (right - left), _MARGIN * (bottom - top)
    return left - across, top - down, right + across, bottom + down


def framed(values: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """What of an array (h, w) or (h, w, c) over the image lies in a box, (SIDE, SIDE) or
    (SIDE, SIDE, c); NaN outside the image."""
    left, top, right, bottom = box
    height, width = values.shape[:2]
    centres = (np.arange(SIDE) + 0.5) / SIDE
    across, down = left + (right - left) * centres, top + (bottom - top) * centres  # shares
    x, y = (across * width - 0.5).astype(np.float32), (down * height - 0.5).astype(np.float32)
    grid = np.broadcast_to(x, SHAPE), np.broadcast_to(y[:, None], SHAPE)
    drawn = cv2.remap(
        values, np.ascontiguousarray(grid[0]), np.ascontiguousarray(grid[1]),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    outside = ((across < 0) | (across > 1))[None] | ((down < 0) | (down > 1))[:, None]
    drawn[outside] = np.nan
    return np.asarray(drawn, dtype=np.float32)


def small(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An image at four times the grid, so that the box of a small lesion still has its pixels."""
    height, width = picture.shape[:2]
    shape = (min(height, 4 * SIDE), min(width, 4 * SIDE))
    return resize(picture, shape).astype(np.float32)
