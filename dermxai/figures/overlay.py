"""A signed map laid over the image that it speaks of, and the outline of a mask.

Yellow speaks for the target, blue against it; the zero of the map is clear. The two hues stay apart
for colour-blind readers and differ from skin in lightness, too.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

FOR = (255, 208, 0)
AGAINST = (32, 84, 255)
Colour = tuple[int, int, int]


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
    opacity = (strength * np.clip(np.abs(share), 0, 1)).astype(np.float32)[..., None]
    hues = np.array([AGAINST, FOR], dtype=np.float32)
    colour = hues[(share > 0).astype(np.intp)]
    return np.rint(image + opacity * (colour - image)).astype(np.uint8)


def outline(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, width: int = 2
) -> NDArray[np.uint8]:
    """The image with the outline of a mask (h, w), a line of ``width`` pixels with a dark seam."""
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = image.copy()
    cv2.drawContours(drawn, edges, -1, (20, 20, 20), width + 2, cv2.LINE_AA)
    cv2.drawContours(drawn, edges, -1, colour, width, cv2.LINE_AA)
    return drawn


def colour_bar(length: int = 512, height: int = 8) -> NDArray[np.uint8]:
    """From full against to full for, over white: (height, length, 3) RGB."""
    row = np.broadcast_to(np.linspace(-1, 1, length, dtype=np.float32), (height, length))
    return blend(np.full((height, length, 3), 255, np.uint8), row, 1, 1)
