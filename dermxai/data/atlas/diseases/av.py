"""Acne vulgaris: open and closed comedones, pustules and papules in a red halo.

Signs: those of the clinical lesion, as textbooks of dermatology describe them, ten times larger.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.follicles import comedones, plugs, pustules
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import keep, lattice
from dermxai.data.atlas.structures.shapes import Points


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """Oily facial skin with one to five inflamed follicles and comedones about them."""
    flush = lesion.uniform(0.05, 0.25) * view.uniform(0.7, 1.3)
    canvas.blood += flush * ramp(fractal(canvas, lesion, 3.5, 4), -1, 1.5)
    middle = ramp(-np.hypot(canvas.x, canvas.y), -5.2, -3.0)
    sites = keep(canvas, lesion, lattice(canvas, lesion, 3.2, 0.24), 0.95 * middle)
    first = lesion.normal(0, 1.2, (1, 2))
    sites = lesion.permutation(sites[np.linalg.norm(sites - first, axis=1) > 2])
    sites = np.concatenate([first, sites])[: int(lesion.integers(1, 6))]
    size = lesion.uniform(0.5, 1.1)
    red = _papules(canvas, lesion, sites, size)
    ripe = sites[: 1 + int(lesion.integers(len(sites)))]
    heads = np.repeat(ripe, 2, axis=0) + lesion.normal(0, 0.17 * size, (2 * len(ripe), 2))
    colour = (0.92, lesion.uniform(0.8, 0.88), lesion.uniform(0.55, 0.72))
    pus = pustules(
        canvas, lesion, heads, size_mm=0.8 * size, halo_mm=0.25, blood=0.4, colour=colour
    )
    inflamed = np.maximum(red, pus)

    free = middle * (1 - inflamed)
    share = lesion.uniform(0.1, 0.28)
    dark = keep(canvas, lesion, lattice(canvas, lesion, 1.15, 0.3), share * free)
    tiny = keep(canvas, lesion, lattice(canvas, lesion, 0.8, 0.35), 0.6 * share * free)
    pale = keep(canvas, lesion, lattice(canvas, lesion, 1.3, 0.3), 0.6 * share * free)
    tone = lesion.uniform(0.9, 2.0)
    colour = (0.25 * tone, 0.16 * tone, 0.1 * tone)
    wide = lesion.uniform(0.3, 0.45)
    black = np.maximum(
        comedones(canvas, lesion, dark, size_mm=wide, colour=colour),
        comedones(canvas, lesion, tiny, size_mm=0.5 * wide, colour=colour),
    )
    white = plugs(canvas, lesion, pale, size_mm=lesion.uniform(0.4, 0.6), opacity=0.32)

    signs = np.maximum(inflamed, np.maximum(black, white))
    canvas.mark_lesion(np.maximum(signs, ramp(canvas.blur(signs, 0.35), 0.05, 0.2)))
    canvas.mark_evidence(signs)


def _papules(canvas: Canvas, lesion: Generator, sites: Points, size_mm: float) -> Map:
    """Red swellings, deepest in their middle, that fade into the skin."""
    depth = np.full_like(canvas.x, -canvas.width_mm)
    for x, y in sites.tolist():
        radius = 0.5 * size_mm + lesion.uniform(0.45, 0.9)
        stretch = lesion.uniform(0.8, 1.25)
        away = np.sqrt(((canvas.x - x) * stretch) ** 2 + ((canvas.y - y) / stretch) ** 2)
        np.maximum(depth, radius - away, out=depth)
    depth += 0.18 * fractal(canvas, lesion, 1.4, 4, 0.6)
    halo, core = ramp(depth, -0.8, 0.7), ramp(depth, 0.1, 0.9)
    mottle = 1 + 0.25 * fractal(canvas, lesion, 1.8, 2)
    canvas.blood += lesion.uniform(0.65, 1.0) * (0.7 * halo + 0.5 * core) * mottle
    return ramp(halo, 0.25, 0.6)
