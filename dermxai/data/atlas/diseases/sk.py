"""Seborrhoeic keratosis: milia-like cysts, comedo-like openings, a sharp border.

Signs: Braun et al. 2002, Arch Dermatol 138:1556; Minagawa 2017, J Dermatol 44:518 (fissures and
ridges, the stuck-on look).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.follicles import comedones, milia
from dermxai.data.atlas.structures.globules import globules
from dermxai.data.atlas.structures.noise import fractal, ramp, turned
from dermxai.data.atlas.structures.regions import blob, keep, lattice


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A stuck-on brown plaque of 6 to 11 mm that ends at once, waxy and furrowed."""
    centre = tuple(lesion.normal(0, 0.4, 2))
    radius = lesion.uniform(2.8, 4.8)
    region = blob(
        canvas, lesion, radius, centre, 0.2, aspect=lesion.uniform(1, 1.5), ragged_mm=0.17
    )
    body = region.mask(0.14)
    dark = lesion.uniform(0.5, 1.35) * view.uniform(0.92, 1.08)
    clods = fractal(canvas, lesion, 0.9, 5, 0.75)
    broad = fractal(canvas, lesion, 2.6, 3)
    canvas.melanin += dark * body * np.clip(0.6 + 0.24 * clods + 0.2 * broad, 0.1, 2)
    canvas.keratin += lesion.uniform(0.2, 0.9) * body * (1 + 0.3 * broad)
    canvas.white += lesion.uniform(0.0, 0.2) * body * ramp(clods, 0.0, 2.5)
    canvas.melanin += 0.25 * dark * region.rim(0.25, 0.14)
    dabs = keep(
        canvas, lesion, lattice(canvas, lesion, 0.45, 0.35), 0.5 * body * ramp(broad, -1, 1)
    )
    globules(canvas, lesion, dabs, size_mm=0.4, amount=0.35 * dark, variation=0.4, blur_mm=0.07)

    ridges = turned(fractal(canvas, lesion, 0.7, 4, 0.6, stretch=2.2), lesion.uniform(0, 180))
    furrows = np.exp(-((ridges / 0.16) ** 2)) * ramp(broad, -0.6, 1.0) * region.mask(0.3, 0.3)
    canvas.melanin += lesion.uniform(0.4, 1.2) * canvas.blur(furrows, 0.02)

    inside = region.mask(0.5, 0.35)
    pits = keep(
        canvas, lesion, lattice(canvas, lesion, 0.95, 0.4), lesion.uniform(0.15, 0.4) * inside
    )
    openings = comedones(
        canvas, lesion, pits, size_mm=lesion.uniform(0.22, 0.42), colour=(0.22, 0.13, 0.07)
    )
    beads = keep(
        canvas, lesion, lattice(canvas, lesion, 0.8, 0.4), lesion.uniform(0.2, 0.5) * inside
    )
    large = lesion.random(len(beads)) < 0.35
    cysts = np.maximum(
        milia(canvas, lesion, beads[large], size_mm=lesion.uniform(0.28, 0.42), opacity=0.5),
        milia(canvas, lesion, beads[~large], size_mm=lesion.uniform(0.14, 0.22), opacity=0.62),
    )

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(openings, cysts))
