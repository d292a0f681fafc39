"""A signed map laid over the image that it speaks of, and the outline of a mask.

Yellow speaks for the target, blue against it; the zero of the map is clear. The image beneath is
grey unless it is asked for in colour: then the two hues lie furthest from all that skin holds, and
from each other for colour-blind readers, too (``python -m benchmarks.overlay_contrast``).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from dermxai.data.transforms import resize

if TYPE_CHECKING:
    from dermxai.explain.attribution.method import Attribution

FOR = (255, 208, 0)
AGAINST = (32, 84, 255)
Colour = tuple[int, int, int]
_HUES = np.array([[AGAINST, FOR] + [FOR] * 254], np.uint8)  # (1, 256, 3), by whether it is for
_WHOLE = np.float32(4096)  # OpenCV adds 1e-5 to the sum of weights, which would tip roundings
_SEAM = (20, 20, 20)
_FULL = 0.99  # share of a map's values below full colour
LEVELS = (0.25, 0.5, 0.75)
"""Shares of full colour at which contour lines run."""


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
    """What the lower and the upper end of a map's colour bar speak for; nothing where the map is
    the same for every class."""
    if not made.class_specific:
        return "", ""
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
    if scale <= 0:
        return image.copy()
    opacity = np.abs(values, dtype=np.float32)
    opacity /= np.float32(scale)
    opacity *= np.float32(_WHOLE * strength)
    np.minimum(opacity, np.float32(_WHOLE * strength), out=opacity)
    hues = cv2.LUT(cv2.merge([(values > 0).view(np.uint8)] * 3), _HUES)
    blended = cv2.blendLinear(np.ascontiguousarray(image), hues, _WHOLE - opacity, opacity)
    return np.asarray(blended, dtype=np.uint8)


def over_grey(
    image: NDArray[np.uint8], values: NDArray[np.floating], strength: float, scale: float
) -> NDArray[np.uint8]:
    """As `blend`, over the image without its colours."""
    return blend(grey(image), values, strength, scale)


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


@dataclass(frozen=True, eq=False)
class Line:
    """The outline of a mask: (n,) its pixels, counted along the rows, and how much of each its dark
    seam and its colour cover, (n,) of 255."""

    places: NDArray[np.int32]
    seam: NDArray[np.uint8]
    colour: NDArray[np.uint8]

    def on(self, image: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
        """The image (h, w, 3) with the outline."""
        drawn = image.reshape(-1, 3).copy()
        under = drawn[self.places].astype(np.float32)
        for covered, paint in ((self.seam, _SEAM), (self.colour, colour)):
            share = np.asarray(covered / 255, np.float32)[:, None]
            under += share * (np.asarray(paint, np.float32) - under)
        drawn[self.places] = np.rint(under)
        return drawn.reshape(image.shape)


def line(mask: NDArray[np.bool_], width: int = 2) -> Line:
    """The outline of a mask (h, w), a line of ``width`` pixels with a dark seam.

    Where the mask ends with the image, nothing is known of its edge: there is no line, and none of
    a mask of the whole image.
    """
    height, wide = mask.shape
    beyond = width + 3  # pixels: a line at the end of what is continued does not reach the image
    continued = cv2.copyMakeBorder(
        mask.astype(np.uint8), beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE
    )
    edges, _ = cv2.findContours(continued, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    covered = []
    for thickness in (width + 2, width):
        drawn = np.zeros(continued.shape, np.uint8)
        cv2.drawContours(drawn, edges, -1, 255, thickness, cv2.LINE_AA)
        within = drawn[beyond : beyond + height, beyond : beyond + wide]
        covered.append(np.ascontiguousarray(within).ravel())
    places = np.flatnonzero(covered[0]).astype(np.int32)
    return Line(places, *(each[places] for each in covered))


def contours(
    image: NDArray[np.uint8], values: NDArray[np.floating], scale: float
) -> NDArray[np.uint8]:
    """The image (h, w, 3) with lines where a map (h, w) reaches each of `LEVELS` of the scale, for
    and against in their colours."""
    if scale <= 0:
        return image
    for colour, side in ((FOR, values), (AGAINST, -values)):
        for level in LEVELS:
            image = line(side >= level * scale, 1).on(image, colour)
    return image


def outline(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, width: int = 2
) -> NDArray[np.uint8]:
    """The image (h, w, 3) with the outline of a mask (h, w)."""
    return line(mask, width).on(image, colour)


def colour_bar(length: int = 512, height: int = 8, signed: bool = True) -> NDArray[np.uint8]:
    """From full against (from zero, if not signed) to full for, over white: (height, length, 3)
    RGB."""
    values = np.linspace(-1 if signed else 0, 1, length, dtype=np.float32)
    row = np.broadcast_to(values, (height, length))
    return blend(np.full((height, length, 3), 255, np.uint8), row, 1, 1)
