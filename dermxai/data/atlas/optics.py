"""From the sheet of skin to a photograph: angle, light, lens, sensor."""

from dataclasses import dataclass
from math import cos, sin
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[Any]


@dataclass(frozen=True)
class Device:
    """A dermoscope and its camera, by how it renders the same skin."""

    name: str
    gains: tuple[float, float, float]  # white balance in R, G, B
    contrast: float  # exponent on linear light before the sRGB curve
    exposure: float
    vignette: float  # light lost in the corners
    round_field: float  # chance that the tube's black edge is seen
    shine: float  # surface reflection left by polariser or gel


DEVICES: tuple[Device, ...] = (
    Device("contact, polarised", (1.00, 0.97, 0.95), 1.05, 1.08, 0.18, 0.08, 0.00),
    Device("contact, polarised, cool", (0.95, 0.93, 1.20), 0.95, 1.05, 0.25, 0.05, 0.00),
    Device("immersion, gel", (1.10, 0.92, 0.82), 1.15, 1.02, 0.30, 0.20, 0.02),
    Device("immersion, oil, rose", (1.08, 0.86, 0.97), 1.00, 1.08, 0.22, 0.10, 0.01),
    Device("non-contact, polarised", (1.00, 1.00, 0.90), 1.00, 1.10, 0.12, 0.02, 0.03),
)


@dataclass(frozen=True)
class Pose:
    """How the tube is held: millimetres, degrees, and magnification relative to nominal."""

    shift_mm: tuple[float, float]
    degrees: float
    zoom: float
    squeeze: float  # skin stretched by the plate: length over width


def pose(view: Generator) -> Pose:
    """A pose as in practice: lesion near the middle, any small turn, distance by ±12 %."""
    dx, dy = np.clip(view.normal(0, 0.45, 2), -0.9, 0.9)
    turn = float(np.clip(view.normal(0, 14), -35, 35))
    return Pose((dx, dy), turn, view.uniform(0.95, 1.2), view.uniform(0.96, 1.04))


def frame(sheet: NDArray[Any], size: int, px_per_mm: float, held: Pose) -> NDArray[Any]:
    """The part of a sheet that a tube in this pose sees, on ``size`` pixels square."""
    middle = sheet.shape[0] / 2
    turn: NDArray[Any] = np.array(
        cv2.getRotationMatrix2D((middle, middle), held.degrees, held.zoom)
    )
    turn[0, :2] *= held.squeeze
    turn[:, 2] = size / 2 - turn[:, :2] @ np.array([middle, middle])
    turn[:, 2] += np.array(held.shift_mm) * px_per_mm
    return cv2.warpAffine(
        sheet, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def photograph(light: NDArray[Any], device: Device, view: Generator) -> Picture:
    """sRGB photograph (size, size, 3) of linear light: lamp, lens, white balance, noise."""
    size = light.shape[0]
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    tilt = view.uniform(0, 2 * np.pi)
    lamp = 1 + view.uniform(0, 0.12) * (x * cos(tilt) + y * sin(tilt))
    square = x * x + y * y
    lamp *= 1 - device.vignette * view.uniform(0.5, 1.3) / 2 * cv2.pow(square, 1.25)
    if view.random() < device.round_field:
        edge = view.uniform(1.02, 1.25)
        lamp *= np.clip((edge - np.sqrt(square)) / 0.02, 0.01, 1)
    gains = np.array(device.gains) * view.normal(1, 0.05, 3)
    lamp *= device.exposure * view.normal(1, 0.08) * (1 - device.shine)
    lit: Picture = cv2.multiply(light, cv2.merge([lamp * gain for gain in gains.tolist()]))
    lit += device.shine
    defocus = abs(view.normal(0, 0.0012)) * size
    if defocus > 0.33:
        lit = cv2.GaussianBlur(lit, (0, 0), defocus)
    curve: Picture = cv2.pow(np.clip(lit, 0, 1, out=lit), device.contrast / 2.2)
    noise = 0.008 * view.standard_normal((size, size), np.float32)
    chroma = 0.006 * view.standard_normal((size // 2, size // 2, 3), np.float32)
    curve += cv2.merge([noise, noise, noise])
    curve += cv2.resize(chroma, (size, size))
    picture: Picture = cv2.convertScaleAbs(np.clip(curve, 0, 1, out=curve), alpha=255)
    return picture
