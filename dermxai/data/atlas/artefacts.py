"""What lies between lens and lesion. Each works on any image, drawn by the atlas or not.

All functions take an RGB image (height, width, 3) uint8 and return a new one of the same shape;
``width_mm`` is the width of the photographed field.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dermxai.data.atlas.canvas import FIELD_MM
from dermxai.data.atlas.structures.shapes import Points, meander, ribbon

Picture = NDArray[Any]
_BITS = 4


def add_hair(
    image: Picture, rng: Generator, width_mm: float = FIELD_MM, count: int | None = None
) -> Picture:
    """Hairs: some thick and dark, most fine, roughly in one direction, curved, with a shadow."""
    count = int(rng.integers(4, 22)) if count is None else count
    reach, grain = width_mm * 0.75, rng.uniform(0, 2 * np.pi)
    thickness = rng.choice([0.025, 0.04, 0.065], p=[0.45, 0.4, 0.15])
    brown = np.array([0.20, 0.13, 0.09]) * rng.uniform(0.5, 1.8)
    shapes: list[Points] = []
    widths: list[float] = []
    for start in rng.uniform(-0.55, 0.55, (count, 2)) * width_mm:
        heading = grain + rng.normal(0, 0.35)
        length = rng.uniform(0.3, 1.6) * reach
        back = start - 0.5 * length * np.array([np.cos(heading), np.sin(heading)])
        line = _curled(meander(rng, back, heading, length, 0.01, step_mm=0.2), rng.normal(0, 0.008))
        widths.append(thickness * rng.lognormal(0, 0.35))
        shapes.append(ribbon(line, widths[-1], 0.2 * widths[-1]))
    # A line thinner than a pixel is drawn one pixel wide: it is paler instead.
    fine = np.minimum(1, np.array(widths) * image.shape[1] / width_mm / 1.6)
    cover = _drawn(image, shapes, fine * rng.uniform(0.55, 0.95, count), width_mm)
    shift = 0.06 * image.shape[1] / width_mm
    move = np.array([[1, 0, shift], [0, 1, shift]], np.float32)
    shadow = cv2.warpAffine(cv2.GaussianBlur(cover, (0, 0), shift + 0.3), move, cover.shape[::-1])
    lit = image * (1 - 0.22 * cv2.merge([shadow, shadow, shadow]))
    return _over(lit, cover, brown)


def add_ruler(image: Picture, rng: Generator, width_mm: float = FIELD_MM) -> Picture:
    """A millimetre scale printed on the plate, near one edge."""
    top, side = rng.uniform(0.36, 0.45) * width_mm, rng.integers(0, 4)
    turn = rng.normal(0, 0.05) + side * np.pi / 2
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    reach = int(width_mm / 2) + 1
    marks = []
    for tick in np.arange(-reach, reach + 0.1, 0.5):
        length = 0.9 if tick % 5 == 0 else 0.55 if tick % 1 == 0 else 0.3
        marks.append(np.array([[tick, top], [tick, top + length]]))
    marks.append(np.array([[-reach, top], [reach, top]]))
    shapes = [ribbon(np.linspace(mark[0], mark[1], 3) @ spin.T, 0.06, 0.06) for mark in marks]
    cover = _drawn(image, shapes, np.full(len(shapes), 0.85), width_mm)
    return _over(image, cover, np.array([0.08, 0.08, 0.10]))


def add_ink(image: Picture, rng: Generator, width_mm: float = FIELD_MM) -> Picture:
    """Surgical marker, violet or blue: strokes beside the lesion that the skin's lines break up."""
    angle = rng.uniform(0, 2 * np.pi)
    shapes = []
    for _ in range(rng.integers(1, 3)):
        place = rng.uniform(0.36, 0.46) * width_mm * np.array([np.cos(angle), np.sin(angle)])
        start = place - 1.5 * np.array([-np.sin(angle), np.cos(angle)])
        line = meander(rng, start, angle + np.pi / 2, rng.uniform(2, 4.5), 0.06)
        shapes.append(ribbon(line, rng.uniform(0.5, 1.1), rng.uniform(0.3, 1.0)))
        angle += rng.uniform(1.5, 4)
    cover = _drawn(image, shapes, np.ones(len(shapes)), width_mm)
    cover = cv2.GaussianBlur(cover, (0, 0), 0.1 * image.shape[1] / width_mm)
    cells = [cv2.resize(rng.random((n, n), np.float32), cover.shape[::-1]) for n in (24, 60, 140)]
    cover *= np.clip(0.15 + 0.55 * sum(cells), 0, 1)
    dye = np.array([0.55, 0.75, 0.12]) if rng.random() < 0.65 else np.array([0.85, 0.5, 0.1])
    absorbed = np.exp(-1.5 * cover[..., None] * dye)
    stained: Picture = np.clip(image * absorbed, 0, 255).astype(np.uint8)
    return stained


def add_bubbles(image: Picture, rng: Generator, width_mm: float = FIELD_MM) -> Picture:
    """Air in the immersion gel: rings, dark on one side and bright on the other, with a glint."""
    out = image.astype(np.float32)
    scale = image.shape[1] / width_mm
    height, width = image.shape[:2]
    centre = rng.uniform(0.1, 0.9, 2) * (width, height)
    for _ in range(rng.integers(3, 14)):
        spot = centre + rng.normal(0, 0.16, 2) * (width, height)
        radius = rng.uniform(0.08, 0.5) * scale * rng.uniform(0.4, 1)
        left, top = np.maximum(spot - 1.5 * radius - 3, 0).astype(int)
        right, bottom = np.maximum(spot + 1.5 * radius + 3, 0).astype(int)
        near = out[top:bottom, left:right]
        y, x = np.ogrid[top : top + near.shape[0], left : left + near.shape[1]]
        x, y = x - spot[0], y - spot[1]
        distance = np.hypot(x, y)
        ring = np.exp(-(((distance - radius) / (0.10 * radius + 0.5)) ** 2))
        light = -(x + y) / (1.4 * radius)
        aside = np.hypot(x + 0.4 * radius, y + 0.4 * radius)
        glint = np.exp(-((aside / (0.14 * radius + 0.4)) ** 2))
        near *= (1 - ring * np.clip(0.1 - 0.28 * light, -0.25, 0.4))[..., None]
        near += (95 * glint + 8 * (distance < radius))[..., None]
    return np.clip(out, 0, 255).astype(np.uint8)


ARTEFACTS: dict[str, Callable[[Picture, Generator, float], Picture]] = {
    "hair": add_hair,
    "ruler": add_ruler,
    "ink": add_ink,
    "bubbles": add_bubbles,
}


def _curled(line: Points, curl: float) -> Points:
    """The line bent evenly by ``curl`` radians a step."""
    steps = np.diff(line, axis=0)
    angles = curl * np.arange(len(steps))
    turned = np.stack(
        [
            steps[:, 0] * np.cos(angles) - steps[:, 1] * np.sin(angles),
            steps[:, 0] * np.sin(angles) + steps[:, 1] * np.cos(angles),
        ],
        axis=1,
    )
    return np.concatenate([line[:1], line[0] + np.cumsum(turned, axis=0)])


def _drawn(
    image: Picture, shapes: list[Points], levels: NDArray[Any], width_mm: float
) -> NDArray[Any]:
    """Coverage of polygons in mm about the image's centre."""
    height, width = image.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    middle = np.array([width, height]) / 2
    for shape, level in zip(shapes, levels, strict=True):
        pixels = np.round((shape * width / width_mm + middle) * (1 << _BITS)).astype(np.int32)
        cv2.fillPoly(layer, [pixels], int(255 * level), cv2.LINE_AA, _BITS)
    return layer.astype(np.float32) / 255


def _over(image: NDArray[Any], cover: NDArray[Any], colour: NDArray[Any]) -> Picture:
    alpha = cv2.merge([cover, cover, cover])
    paint = 255 * colour.astype(np.float32)
    mixed: Picture = np.clip(image * (1 - alpha) + paint * alpha, 0, 255).astype(np.uint8)
    return mixed
