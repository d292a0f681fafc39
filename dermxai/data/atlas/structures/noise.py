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
    broad = np.zeros((-(-fine // 2), -(-fine // 2)), np.float32)
    for octave in range(octaves):
        # What has at least seven samples a feature loses nothing on a grid half as fine.
        layer = broad if octave < octaves - 2 else total
        layer += gain**octave * _octave(canvas, rng, scale_mm / 2**octave, len(layer), stretch)
    if octaves > 2:
        total += cv2.resize(broad, (fine, fine), interpolation=cv2.INTER_LINEAR)
    total /= 0.75 * math.sqrt(sum(gain ** (2 * octave) for octave in range(octaves)))
    how = cv2.INTER_AREA if fine > canvas.size else cv2.INTER_CUBIC
    return cv2.resize(total, (canvas.size, canvas.size), interpolation=how)


def _octave(canvas: Canvas, rng: Generator, scale_mm: float, side: int, stretch: float) -> Map:
    """Random values on a turned grid of cells ``scale_mm`` wide, on ``side`` samples square."""
    step = canvas.width_mm / scale_mm / side  # cells a sample
    cells = int(1.5 * step * side) + 4
    grid = rng.standard_normal((cells, cells), np.float32)
    angle = rng.uniform(0, 2 * np.pi) if stretch == 1 else 0.0
    turn = step * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn[0] /= stretch
    offset = cells / 2 - turn @ [side / 2, side / 2]
    return cv2.warpAffine(
        grid,
        np.column_stack([turn, offset]),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


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
