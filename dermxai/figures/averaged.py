"""Averaged contrast maps of two classes, laid over the average image of each cell."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermxai.data.transforms import resize
from dermxai.explain.confusion.pair_maps import FRAMES, PairMaps
from dermxai.figures.overlay import over_grey

SIDE = 384  # pixels
_STRENGTH = 0.75


class Averaged(NamedTuple):
    """A cell's picture.

    Attributes:
        true, predicted: the cell.
        images, in_cell: averaged here, and in the cell.
        picture: (SIDE, SIDE, 3) RGB; None where no image could be averaged.
    """

    true: str
    predicted: str
    images: int
    in_cell: int
    picture: NDArray[np.uint8] | None


def averaged(maps: PairMaps, frame: str) -> list[Averaged]:
    """The pictures of the four cells on one scale: yellow speaks for the first class, blue for the
    second, full colour at the largest average of all cells.

    Args:
        maps: the averages.
        frame: one of `FRAMES`.
    """
    at = FRAMES.index(frame)
    scale, shape = maps.scale(frame), (SIDE, SIDE)
    made = []
    for index, (true, predicted) in enumerate(maps.cells):
        picture = None
        images = int(maps.images[at, index])
        if images:
            values = resize(np.nan_to_num(maps.maps[at, index]), shape)
            picture = over_grey(resize(maps.pictures[at, index], shape), values, _STRENGTH, scale)
        made.append(Averaged(true, predicted, images, int(maps.in_cell[index]), picture))
    return made


def frames(maps: PairMaps) -> list[str]:
    """The frames that have an image."""
    return [name for name, images in zip(FRAMES, maps.images, strict=True) if images.any()]
