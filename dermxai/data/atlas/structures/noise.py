"""Random fields: the mottling of everything that is alive."""

import math

import cv2
import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map


def fractal(
    canvas: Canvas,
    rng: Generator,
    scale_mm: float,
    octaves: int = 3,
    gain: float = 0.55,
    *,
    stretch: float = 1.0,
) -> Map:
    """Noise with mean about 0 and standard deviation about 1, largest features ``scale_mm`` wide.

    ``stretch`` makes features that many times longer along x. Each octave lies at its own angle, so
    that no weave shows, and on a grid that does not depend on the canvas's size, so that every size
    shows the same field.
    """
    fine = int(np.clip(1.7 * canvas.width_mm * 2 ** (octaves - 1) / scale_mm, 8, 320))
    total = np.zeros((fine, fine), np.float32)
    for octave in range(octaves):
        step = canvas.width_mm * 2**octave / scale_mm / fine  # cells of this octave per fine cell
        side = int(1.5 * step * fine) + 4
        grid = rng.standard_normal((side, side), np.float32)
        angle = rng.uniform(0, 2 * np.pi) if stretch == 1 else 0.0
        turn = step * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn[0] /= stretch
        offset = side / 2 - turn @ [fine / 2, fine / 2]
        total += gain**octave * cv2.warpAffine(
            grid,
            np.column_stack([turn, offset]),
            (fine, fine),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    total /= 0.75 * math.sqrt(sum(gain ** (2 * octave) for octave in range(octaves)))
    how = cv2.INTER_AREA if fine > canvas.size else cv2.INTER_CUBIC
    return cv2.resize(total, (canvas.size, canvas.size), interpolation=how)


def turned(layer: Map, degrees: float) -> Map:
    """The field turned about its centre, mirrored at the edges."""
    half = layer.shape[0] / 2
    turn = cv2.getRotationMatrix2D((half, half), degrees, 1.0)
    return cv2.warpAffine(layer, turn, layer.shape[::-1], borderMode=cv2.BORDER_REFLECT_101)


def wobble(canvas: Canvas, rng: Generator, layer: Map, amount_mm: float, scale_mm: float) -> Map:
    """The layer with every place moved a little: straight lines become organic ones."""
    pixels = np.float32(amount_mm * canvas.px_per_mm)
    place = np.arange(canvas.size, dtype=np.float32)
    row = place[:, None] + pixels * fractal(canvas, rng, scale_mm, 2)
    column = place + pixels * fractal(canvas, rng, scale_mm, 2)
    return cv2.remap(layer, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def ramp(values: Map, low: float, high: float) -> Map:
    """Smooth step: 0 below ``low``, 1 above ``high``."""
    low, high = float(low), float(high)  # a numpy number would widen the map to 64 bits
    t = values - low
    t /= high - low
    np.clip(t, 0, 1, out=t)
    slope = 3 - 2 * t
    t *= t
    t *= slope
    return t
