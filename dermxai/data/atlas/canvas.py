"""The sheet that a lesion is drawn on: maps of what the skin holds, in millimetres.

Skin is described by *chromophores*, not by colours: how much melanin, blood, deep pigment and
keratin lie at each place, and how much collagen scatters white. Light passes them by the
Beer-Lambert law, so a vessel darkens pigment instead of painting over it. Scale, crust and hair lie
on top and are composited as opaque matter with a shadow.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Map = NDArray[Any]
"""One float32 value a pixel, (size, size)."""
Shapes = Sequence[NDArray[Any]] | NDArray[Any]
"""Polygons or lines, (points, 2) mm each."""

FIELD_MM = 12.0
"""Width of the photographed field; a hand-held dermoscope shows 10 to 15 mm."""

# Optical density of one unit of each chromophore in R, G, B, tuned by eye: melanin absorbs more
# the shorter the wave, blood green and blue. 0.5 melanin and 0.15 blood give Fitzpatrick III skin.
# Deep pigment is melanin of the dermis, seen blue because the short waves are scattered back
# before they reach it (the Tyndall effect).
ABSORPTION: dict[str, tuple[float, float, float]] = {
    "melanin": (0.70, 1.22, 1.62),
    "blood": (0.20, 1.25, 0.98),
    "deep": (1.45, 1.05, 0.62),
    "keratin": (0.06, 0.28, 1.10),
}
_DERMIS = (0.88, 0.69, 0.60)  # linear reflectance in R, G, B, bare
_COLLAGEN = (0.92, 0.80, 0.79)
_SUBPIXEL_BITS = 4


def _map(canvas_size: int) -> Map:
    return np.zeros((canvas_size, canvas_size), np.float32)


@dataclass(eq=False)
class Canvas:
    """A square of skin ``width_mm`` wide on ``size`` pixels; (0, 0) mm is its centre, y down.

    The maps are added to in place: ``canvas.melanin += 0.8 * mask``. Densities are not negative;
    ``white``, ``lesion`` and ``evidence`` lie in [0, 1].
    """

    size: int
    width_mm: float = FIELD_MM
    melanin: Map = field(init=False)
    blood: Map = field(init=False)
    deep: Map = field(init=False)
    keratin: Map = field(init=False)
    white: Map = field(init=False)
    lesion: Map = field(init=False)
    evidence: Map = field(init=False)
    x: Map = field(init=False)
    y: Map = field(init=False)
    _matter: Map = field(init=False)  # (3, size, size), premultiplied linear light
    _clear: Map = field(init=False)  # what of the skin still shows through matter and shadow

    def __post_init__(self) -> None:
        for name in ("melanin", "blood", "deep", "keratin", "white", "lesion", "evidence"):
            setattr(self, name, _map(self.size))
        axis = ((np.arange(self.size) + 0.5) / self.px_per_mm - self.width_mm / 2).astype(
            np.float32
        )
        self.x, self.y = np.meshgrid(axis, axis)
        self._matter = np.zeros((3, self.size, self.size), np.float32)
        self._clear = np.ones((self.size, self.size), np.float32)

    @property
    def px_per_mm(self) -> float:
        return self.size / self.width_mm

    def copy(self) -> "Canvas":
        """The same skin on a sheet of its own."""
        twin = copy.copy(self)
        for name, layer in vars(self).items():
            if isinstance(layer, np.ndarray) and name not in ("x", "y"):
                setattr(twin, name, layer.copy())
        return twin

    def fill(self, polygons: Shapes, levels: ArrayLike) -> Map:
        """Coverage of filled polygons, (corners, 2) mm each, at a level in [0, 1] each."""
        layer = np.zeros((self.size, self.size), np.uint8)
        tones = (255 * np.asarray(levels)).astype(int).tolist()
        for polygon, tone in zip(self._fixed(polygons), tones, strict=True):
            cv2.fillPoly(layer, [polygon], tone, cv2.LINE_AA, _SUBPIXEL_BITS)
        return layer.astype(np.float32) / 255

    def stroke(self, lines: Shapes, width_mm: float, level: float = 1) -> Map:
        """Coverage of open lines, (points, 2) mm each, of one width.

        Widths between whole pixels are kept by weighting, so that every size draws the same line.
        """
        layer = np.zeros((self.size, self.size), np.uint8)
        pixels = width_mm * self.px_per_mm
        thick = max(1, round(pixels))
        weight = 255 * level * min(1.0, pixels / thick)
        cv2.polylines(
            layer, self._fixed(lines), False, int(weight), thick, cv2.LINE_AA, _SUBPIXEL_BITS
        )
        return layer.astype(np.float32) / 255

    def blur(self, layer: Map, sigma_mm: float) -> Map:
        """Gaussian blur; below a third of a pixel the layer is returned as it is."""
        sigma = sigma_mm * self.px_per_mm
        return layer if sigma < 0.33 else cv2.GaussianBlur(layer, (0, 0), sigma)

    def at(self, layer: Map, points: NDArray[Any]) -> Map:
        """Values of a map at points (n, 2) mm; outside the sheet, those of its edge."""
        index = ((points + self.width_mm / 2) * self.px_per_mm).astype(int)
        column, row = np.clip(index, 0, self.size - 1).T
        values: Map = layer[row, column]
        return values

    def mark_lesion(self, mask: Map) -> None:
        """Add to the lesion mask."""
        np.maximum(self.lesion, mask, out=self.lesion)

    def mark_evidence(self, mask: Map) -> None:
        """Add the footprint of a sign that defines the class; it belongs to the lesion, too."""
        np.maximum(self.evidence, mask, out=self.evidence)

    def cover(
        self,
        alpha: Map,
        colour: tuple[float, float, float],
        texture: Map | float = 0.0,
        height_mm: float = 0.05,
    ) -> None:
        """Lay opaque matter on the skin: scale, crust, keratin, pus.

        ``colour`` is sRGB in [0, 1]; ``texture`` brightens or darkens it by that relative amount.
        Matter of some height catches light on its upper left and casts a soft shadow opposite.
        """
        shift = max(height_mm * self.px_per_mm, 0.5)
        lit = self.blur(alpha, 0.6 * height_mm)
        relief = _shift(lit, shift) - _shift(lit, -shift)
        light = np.power(np.asarray(colour, np.float32), 2.2)
        value = np.clip(1 + texture - 0.35 * relief, 0.2, 1.6)
        shadow = np.clip(_shift(lit, 1.5 * shift) - alpha, 0, 1) * 0.25
        keep = 1 - alpha
        laid = alpha * value
        self._matter *= keep
        for channel, tone in enumerate(light.tolist()):
            self._matter[channel] += tone * laid
        self._clear *= keep * (1 - shadow)

    def clear(self, amount: Map, *names: str) -> None:
        """Take chromophores away where ``amount`` is 1: ``canvas.clear(mask, "melanin")``."""
        for name in names:
            getattr(self, name)[...] *= 1 - amount

    def render(self) -> Map:
        """The sheet in linear light, (size, size, 3) RGB in [0, 1]."""
        amounts = cv2.merge([np.maximum(getattr(self, name), 0) for name in ABSORPTION])
        light = _through(amounts, _DERMIS, 1.0)
        # Collagen lies among the pigment: it is itself tinted by a third of what lies above.
        tinted = _through(amounts, _COLLAGEN, 0.3)
        tinted -= light
        tinted *= _three(np.clip(self.white, 0, 1))
        light += tinted
        light *= _three(self._clear)
        light += cv2.merge(list(self._matter))
        return np.clip(light, 0, 1, out=light)

    def _fixed(self, shapes: Shapes) -> list[NDArray[np.int32]]:
        """Shapes in fixed-point pixels, converted all at once."""
        if isinstance(shapes, np.ndarray):
            return list(self._fixed_points(shapes))
        if not shapes:
            return []
        fixed = self._fixed_points(np.concatenate(shapes))
        ends = np.cumsum([0, *map(len, shapes)]).tolist()
        return [fixed[start:end] for start, end in pairwise(ends)]

    def _fixed_points(self, points: NDArray[Any]) -> NDArray[np.int32]:
        pixels = (points + self.width_mm / 2) * self.px_per_mm - 0.5
        return np.round(pixels * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _through(amounts: Map, reflected: tuple[float, float, float], share: float) -> Map:
    """Light (size, size, 3) that a layer sends back through a share of what absorbs above it.

    ``amounts`` is (size, size, chromophore) in the order of ``ABSORPTION``. Beer-Lambert as one
    affine map: log light = log reflected − share · Σ amount · absorption.
    """
    absorbed = np.array(list(ABSORPTION.values()), np.float32).T
    density = np.column_stack([-share * absorbed, np.log(np.array(reflected, np.float32))])
    return cv2.exp(cv2.transform(amounts, density))


def _three(layer: Map) -> Map:
    return cv2.merge([layer, layer, layer])


def _shift(layer: Map, pixels: float) -> Map:
    move = np.array([[1, 0, pixels], [0, 1, pixels]], np.float32)
    return cv2.warpAffine(layer, move, layer.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
