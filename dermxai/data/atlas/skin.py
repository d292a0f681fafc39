"""Healthy skin: tone, mottling, furrows, follicles and the faint vessels beneath."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.network import mesh
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import keep, lattice
from dermxai.data.atlas.structures.shapes import meander, ribbon, rounded

MELANIN = {"III": (0.28, 0.44), "IV": (0.44, 0.68)}
"""Melanin density by Fitzpatrick type (units of ``canvas.ABSORPTION``)."""


@dataclass(frozen=True)
class Skin:
    """What a patient's skin is like, whatever lies on it."""

    skin_type: str = "III"
    facial: bool = False


def draw_skin(canvas: Canvas, skin: Skin, rng: Generator) -> None:
    """Lay healthy skin on an empty canvas."""
    tone = rng.uniform(*MELANIN[skin.skin_type])
    cloud, mottle = fractal(canvas, rng, 4, 3), fractal(canvas, rng, 1.1, 5, 0.75)
    grain = fractal(canvas, rng, 0.22, 3, 0.7)
    canvas.melanin += tone * (1 + 0.1 * cloud + rng.uniform(0.06, 0.2) * mottle + 0.07 * grain)
    flush = rng.uniform(0.10, 0.24) + 0.06 * skin.facial
    canvas.blood += flush * (1 + rng.uniform(0.2, 0.5) * fractal(canvas, rng, 2.0, 6, 0.75))
    canvas.white += ramp(fractal(canvas, rng, 1.8, 4), -1, 2.5) * rng.uniform(0.04, 0.16)
    canvas.keratin += rng.uniform(0, 0.12)
    _furrows(canvas, rng, 0.5 if skin.facial else 1.0)
    _capillaries(canvas, rng, 26 if skin.facial else 12)
    _follicles(canvas, rng, 1.0 if skin.facial else 2.4, 0.7 if skin.facial else 0.25)


def _furrows(canvas: Canvas, rng: Generator, depth: float) -> None:
    """The fine polygons of the skin's surface, and rete ridges with a little more pigment."""
    lines = mesh(canvas, rng, rng.uniform(0.3, 0.45), 0.06, 0.35, wobble_mm=0.07)
    lines = canvas.blur(lines, 0.02) * ramp(fractal(canvas, rng, 2.5, 2), -0.8, 1.8)
    canvas.white += depth * rng.uniform(0.0, 0.07) * lines
    canvas.melanin += depth * rng.uniform(-0.05, 0.09) * lines


def _capillaries(canvas: Canvas, rng: Generator, count: int) -> None:
    half = canvas.width_mm / 2
    shapes = []
    for start in rng.uniform(-half, half, (count, 2)):
        line = meander(rng, start, rng.uniform(0, 6.3), rng.uniform(0.6, 2.5), 0.22)
        shapes.append(ribbon(line, 0.08, 0.03))
    layer = canvas.fill(shapes, rng.uniform(0.2, 1, count))
    canvas.blood += 0.22 * canvas.blur(layer, 0.05)


def _follicles(canvas: Canvas, rng: Generator, spacing_mm: float, chance: float) -> None:
    where = np.full_like(canvas.x, chance)
    points = keep(canvas, rng, lattice(canvas, rng, spacing_mm, 0.3), where)
    sizes = rng.uniform(0.05, 0.12, len(points))
    halo = canvas.fill(rounded(rng, points, 1.8 * sizes), rng.uniform(0.3, 1, len(points)))
    pit = canvas.fill(rounded(rng, points, 0.45 * sizes), rng.uniform(0.1, 0.9, len(points)))
    canvas.white += 0.16 * canvas.blur(halo, 0.06)
    canvas.melanin += 0.45 * canvas.blur(pit, 0.025)
