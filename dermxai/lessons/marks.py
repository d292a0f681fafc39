"""Where a student looked, compared with a map and with drawn signs."""

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

NEAR = 0.05
"""Of the image's diagonal: as near as a finger points."""


@dataclass(frozen=True)
class MarkedPlace:
    """
    Attributes:
        stronger: share of the image, 0 to 1, on which the map is higher than at the point; None
            without a map.
        distance: from the nearest drawn sign, as a share of the image's diagonal, 0 within one;
            None where none is known.
    """

    stronger: float | None
    distance: float | None

    @property
    def on_signs(self) -> bool | None:
        """Whether it lies within a drawn sign, or as near as `NEAR`."""
        return None if self.distance is None else self.distance <= NEAR


def compared(
    point: tuple[float, float],
    map_: NDArray[np.floating] | None,
    signs: NDArray[np.bool_] | None,
) -> MarkedPlace:
    """
    Args:
        point: (x, y) as shares of the image's width and height.
        map_: (h, w), positive where the image speaks for the class; None: there is none.
        signs: (h, w) of any size with the image's proportions; None: unknown.
    """
    return MarkedPlace(
        None if map_ is None else stronger_share(point, map_),
        None if signs is None or not signs.any() else distance(point, signs),
    )


def stronger_share(point: tuple[float, float], map_: NDArray[np.floating]) -> float:
    """Share of pixels (h, w) whose value is above that at a point."""
    row, column = _pixel(point, map_.shape)
    return float((map_ > map_[row, column]).mean())


def distance(point: tuple[float, float], mask: NDArray[np.bool_]) -> float:
    """From a point to the centre of the nearest true pixel of (h, w), as a share of the diagonal;
    0 within one."""
    row, column = _pixel(point, mask.shape)
    if mask[row, column]:
        return 0.0
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    across, down = columns + 0.5 - point[0] * width, rows + 0.5 - point[1] * height
    return float(np.hypot(across, down).min() / hypot(height, width))


def _pixel(point: tuple[float, float], shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape
    return min(int(point[1] * height), height - 1), min(int(point[0] * width), width - 1)
