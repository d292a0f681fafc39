"""Papillae: densely packed knobs of horn about a vessel, the frogspawn of viral warts."""

import cv2
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, wobble
from dermxai.data.atlas.structures.regions import keep, lattice
from dermxai.data.atlas.structures.shapes import Points


def papillae(
    canvas: Canvas, rng: Generator, within: Map, size_mm: float = 0.55, white: float = 0.55
) -> tuple[Map, Points]:
    """Packed pale knobs parted by darker clefts; also their centres (n, 2) inside ``within``."""
    centres = lattice(canvas, rng, size_mm, 0.2)
    grid = 192
    axis = (np.arange(grid) + 0.5) / grid * canvas.width_mm - canvas.width_mm / 2
    places = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    near = cKDTree(centres).query(places, k=2)[0]
    cleft = ((near[:, 1] - near[:, 0]) / size_mm).reshape(grid, grid).astype(np.float32)
    cleft = cv2.resize(cleft, (canvas.size, canvas.size), interpolation=cv2.INTER_CUBIC)
    shade = 0.75 + 0.25 * fractal(canvas, rng, 1.2, 4)
    knob = np.sqrt(ramp(wobble(canvas, rng, cleft, 0.13 * size_mm, size_mm), 0.0, 0.9)) * within
    knob = canvas.blur(knob, 0.07 * size_mm)
    canvas.white += white * knob * np.clip(shade, 0.2, 1)
    canvas.blood += 0.12 * (within - knob)
    canvas.melanin += 0.2 * (within - knob)
    return knob, keep(canvas, rng, centres, ramp(within, 0.4, 0.6))
