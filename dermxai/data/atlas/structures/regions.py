"""Where a lesion lies: regions with irregular borders, and the places of structures within them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.shapes import Points


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the canvas, by its depth: millimetres to the border, positive inside."""

    depth: Map

    def mask(self, edge_mm: float = 0.3, inset_mm: float = 0.0) -> Map:
        """1 inside, 0 outside, over an edge ``edge_mm`` wide; ``inset_mm`` shrinks the region."""
        return ramp(self.depth - inset_mm, -edge_mm / 2, edge_mm / 2)

    def rim(self, width_mm: float, edge_mm: float = 0.3) -> Map:
        """1 on a band of that width just inside the border."""
        band: Map = self.mask(edge_mm) * (1 - self.mask(edge_mm, width_mm))
        return band


def blob(
    canvas: Canvas,
    rng: Generator,
    radius_mm: float,
    centre: tuple[float, float] = (0.0, 0.0),
    irregular: float = 0.15,
    *,
    aspect: float = 1.0,
    ragged_mm: float = 0.12,
) -> Region:
    """A rounded region: lobes of relative size ``irregular`` and a ragged border.

    ``aspect`` is length over width, in a random direction; ``ragged_mm`` is the amplitude of the
    fine frays (0 for a sharp, cut-out border).
    """
    angle, wide = rng.uniform(0, math.pi), math.sqrt(aspect)
    cos, sin = math.cos(angle), math.sin(angle)
    dx, dy = canvas.x - float(centre[0]), canvas.y - float(centre[1])
    along = (dx * cos + dy * sin) / wide
    across = (dy * cos - dx * sin) * wide
    distance, theta = cv2.cartToPolar(along, across)
    around = np.linspace(0, 2 * np.pi, 256)
    wave = sum(
        rng.normal() / order * np.cos(order * around + rng.uniform(0, 2 * np.pi))
        for order in range(2, 6)
    )
    turn = np.minimum(theta * (255 / (2 * math.pi)), 255).astype(np.uint8)
    lobes = np.asarray(wave, np.float32)[turn]
    depth = float(radius_mm) * (1 + float(irregular) * lobes) - distance
    return Region(depth + ragged_mm * fractal(canvas, rng, 1.8, 5, 0.6))


def plaque(canvas: Canvas, rng: Generator, wave_mm: float = 0.8) -> Region:
    """A lesion wider than the field: at most one uneven border crosses the picture."""
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(2.5, 8.0)
    depth = reach - canvas.x * math.cos(angle) - canvas.y * math.sin(angle)
    return Region(depth + wave_mm * fractal(canvas, rng, 5, 5, 0.6))


def patches(
    canvas: Canvas, rng: Generator, scale_mm: float, share: float = 0.4, edge: float = 0.5
) -> Map:
    """Irregular patches that cover about ``share`` of the sheet, soft by ``edge`` (0 is hard)."""
    field = fractal(canvas, rng, scale_mm, 4)
    level = np.quantile(field[::4, ::4], 1 - share)
    return ramp(field, level - edge, level + edge)


def lattice(canvas: Canvas, rng: Generator, spacing_mm: float, jitter: float = 0.25) -> Points:
    """Points (n, 2) mm on a hexagonal lattice over the whole sheet, each moved at random.

    ``jitter`` is the standard deviation relative to the spacing: 0.1 is regular, 0.4 is random.
    """
    rise, reach = spacing_mm * np.sqrt(3) / 2, 0.75 * canvas.width_mm
    x, y = np.meshgrid(np.arange(-reach, reach, spacing_mm), np.arange(-reach, reach, rise))
    x[1::2] += spacing_mm / 2
    angle = rng.uniform(0, np.pi / 3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned: Points = np.stack([x.ravel(), y.ravel()], axis=1) @ turn.T
    turned += rng.normal(0, jitter * spacing_mm, turned.shape)
    reached: Points = turned[np.abs(turned).max(axis=1) < canvas.width_mm / 2 + spacing_mm]
    return reached


def keep(canvas: Canvas, rng: Generator, points: Points, chance: Map) -> Points:
    """The points that survive: each with the probability that ``chance`` has at its place."""
    return points[rng.random(len(points)) < canvas.at(chance, points)]
