"""A signed map laid over the image that it speaks of, and the outline of a mask.

Yellow speaks for the target, blue against it; the zero of the map is clear. The two hues stay apart
for colour-blind readers and differ from skin in lightness, too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from dermxai.data.transforms import resize

if TYPE_CHECKING:
    from dermxai.explain.method import Attribution

FOR = (255, 208, 0)
AGAINST = (32, 84, 255)
Colour = tuple[int, int, int]
_FULL = 0.99  # share of a map's values below full colour


@dataclass(frozen=True, eq=False)
class Picture:
    """An image under its map, as it is seen.

    Attributes:
        title: what is seen.
        image: (h, w, 3) RGB, under its map.
        attribution: the map that is seen, None for an image alone.
        scale: the value of full colour.
        low, high: what the ends of the colour bar mean.
        name: of the image.
        missing: why the map that is meant to be seen is not there; "" where it is, or where none is
            meant.
    """

    title: str
    image: NDArray[np.uint8]
    attribution: "Attribution | None" = None
    scale: float = 1.0
    low: str = ""
    high: str = ""
    name: str = ""
    missing: str = ""


def ends(made: "Attribution") -> tuple[str, str]:
    """What the lower and the upper end of a map's colour bar speak for."""
    low = f"against {made.target}" if made.against is None else f"for {made.against}"
    return low, f"for {made.target}"


def blend(
    image: NDArray[np.uint8], values: NDArray[np.floating], strength: float, scale: float
) -> NDArray[np.uint8]:
    """The image under its map.

    Args:
        image: (h, w, 3) RGB.
        values: (h, w) signed.
        strength: opacity, 0 to 1, where a value reaches the scale.
        scale: the absolute value that gets the full colour; larger ones do, too.

    Returns:
        (h, w, 3) RGB.
    """
    share = values / scale if scale > 0 else np.zeros_like(values)
    opacity = (strength * np.clip(np.abs(share), 0, 1)).astype(np.float32)
    speaks_for = share > 0
    blended = np.empty_like(image)
    for channel in range(3):  # a plane fits the cache, all three do not
        plane = image[..., channel].astype(np.float32)
        hue = np.where(speaks_for, np.float32(FOR[channel]), np.float32(AGAINST[channel]))
        blended[..., channel] = np.rint(plane + opacity * (hue - plane))
    return blended


def two_sided(made: "Attribution") -> bool:
    """Whether a map's colour bar needs both sides: also that of an unsigned method, where the
    contrast of two classes has values below zero."""
    return made.signed or bool((made.map < 0).any())


def full_colour(*maps: NDArray[np.floating]) -> float:
    """The scale that shows maps well together: 99 % of the absolute values of each lie below it."""
    return max((float(np.quantile(np.abs(each), _FULL)) for each in maps), default=0.0)


def blocks(values: NDArray[np.floating], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A coarse map (rows, columns) at another (height, width), its positions to be seen as
    blocks. Positions finer than a pixel are averaged."""
    height, width = shape
    rows, columns = values.shape
    averaged = resize(values.astype(np.float32), (min(rows, height), min(columns, width)))
    laid_out = cv2.resize(averaged, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(laid_out, dtype=np.float32)


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image (h, w, 3) RGB without its colours, so that only a map's are seen."""
    return np.asarray(
        cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8
    )


def outline(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, width: int = 2
) -> NDArray[np.uint8]:
    """The image with the outline of a mask (h, w), a line of ``width`` pixels with a dark seam."""
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = image.copy()
    cv2.drawContours(drawn, edges, -1, (20, 20, 20), width + 2, cv2.LINE_AA)
    cv2.drawContours(drawn, edges, -1, colour, width, cv2.LINE_AA)
    return drawn


def colour_bar(length: int = 512, height: int = 8, signed: bool = True) -> NDArray[np.uint8]:
    """From full against (from zero, if not signed) to full for, over white: (height, length, 3)
    RGB."""
    values = np.linspace(-1 if signed else 0, 1, length, dtype=np.float32)
    row = np.broadcast_to(values, (height, length))
    return blend(np.full((height, length, 3), 255, np.uint8), row, 1, 1)
