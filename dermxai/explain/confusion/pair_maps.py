"""Contrast maps of two classes averaged over the images of each confusion cell, read from disk.

The map of an image is the vote map of one class against the other: the Grad-CAMs of all heads added
up, exact but for the biases, signed. Two frames are averaged: the whole image, squashed to a square
as the network sees it, and the lesion, the box around its mask with a quarter of its sides as
margin, squashed to a square, so that centres and borders of lesions lie on each other. Where boxes
reach beyond their images, those that do reach there are averaged, if they are half of the cell.
`average_maps` in `dermxai.explain.confusion.averaging` computes them.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, disk, entries
from dermxai.core.entries import UnusableError
from dermxai.explain.attribution.method import DENSITY_UNIT
from dermxai.explain.confusion.files import PairFiles
from dermxai.metrics.pair import check_pair
from dermxai.runs import Run

FRAMES = ("image", "lesion")
SIDE = 96
"""Rows and columns of an averaged map."""
MOST = 200
"""Images of a cell that are averaged."""
_VERSION = 1
_MOST_BYTES = 64_000_000
_SHAPES = {
    "maps": ((2, 4, SIDE, SIDE), "f"),
    "pictures": ((2, 4, SIDE, SIDE, 3), "u"),
    "images": ((2, 4), "i"),
    "in_cell": ((4,), "i"),
}
"""Shape and kind of the arrays that are kept."""


@dataclass(frozen=True, eq=False)
class PairMaps:
    """Averages over the four cells (true, predicted) of two classes.

    Attributes:
        first, second: positive values speak for ``first``, negative ones for ``second``.
        cells: (true, predicted) of each of the c cells: first as first, first as second, second as
            first, second as second.
        maps: (frame, c, SIDE, SIDE) mean, in ``unit``; NaN where too few images reach.
        pictures: (frame, c, SIDE, SIDE, 3) the mean of the images themselves, RGB.
        images: (frame, c) images averaged.
        in_cell: (c,) images that the cell has.
        problems: images that were left out, and why.
    """

    first: str
    second: str
    cells: tuple[tuple[str, str], ...]
    maps: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    images: NDArray[np.int64]
    in_cell: NDArray[np.int64]
    problems: tuple[str, ...]
    unit: str = DENSITY_UNIT

    def scale(self, frame: str) -> float:
        """The largest absolute value of a frame's maps, common to all cells; 0 without any."""
        return float(np.nanmax(np.abs(self.maps[FRAMES.index(frame)]), initial=0.0))

    def swapped(self) -> "PairMaps":
        """The same seen from the other class: signs turned, cells in reverse."""
        return PairMaps(
            first=self.second,
            second=self.first,
            cells=self.cells[::-1],
            maps=-self.maps[:, ::-1],
            pictures=self.pictures[:, ::-1],
            images=self.images[:, ::-1],
            in_cell=self.in_cell[::-1],
            problems=self.problems,
        )


def cells_of(first: str, second: str) -> tuple[tuple[str, str], ...]:
    return ((first, first), (first, second), (second, first), (second, second))


def canonical(run: Run, first: str, second: str) -> tuple[str, str]:
    """The two classes in the model's order: both orders are one file.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    check_pair(run.classes, first, second)
    one, other = sorted((first, second), key=run.classes.index)
    return one, other


def name_of(run: Run, first: str, second: str, split: str | None, most: int) -> str:
    """Name of the averages in the run's folder, from all that they depend on."""
    identity = json.dumps([*canonical(run, first, second), split, most, SIDE, _VERSION])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def open_maps(
    run: Run, first: str, second: str, split: str | None = None, most: int = MOST
) -> PairMaps | None:
    """The stored averages; None where there are none yet.

    Args:
        run: of the classifier over the images.
        first, second: two of its classes; positive values speak for ``first``.
        split: of the images that are averaged, all for None.
        most: images of a cell that are averaged.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    one, other = canonical(run, first, second)
    path = PairFiles.of(run.root).maps(name_of(run, one, other, split, most))
    try:
        held = arrays.load(path, *_SHAPES, "problems", most=_MOST_BYTES)
        problems = entries.parse_json(str(held["problems"]).encode("utf-8", "replace"), list[str])
    except UnusableError:
        return None
    if any((held[name].shape, held[name].dtype.kind) != of for name, of in _SHAPES.items()):
        return None
    made = PairMaps(
        first=one,
        second=other,
        cells=cells_of(one, other),
        maps=held["maps"],
        pictures=held["pictures"],
        images=held["images"],
        in_cell=held["in_cell"],
        problems=tuple(problems),
    )
    return made if first == one else made.swapped()


def write_maps(maps: PairMaps, path: Path) -> None:
    with disk.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            maps=maps.maps,
            pictures=maps.pictures,
            images=maps.images,
            in_cell=maps.in_cell,
            problems=json.dumps(maps.problems),
        )
