"""Melanocytic nevus: regular pigment network, globules, a symmetric pattern that fades outwards.

Signs: Kittler et al. 2016, J Am Acad Dermatol 74:1093; Hofmann-Wellenhof et al. 2001, Arch Dermatol
137:1575 (reticular, globular and homogeneous patterns and their combinations).
"""

from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.globules import globules
from dermxai.data.atlas.structures.network import pigment_network
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A nevus of 3 to 8 mm: network outside, globules and plain brown towards the middle."""
    centre = tuple(lesion.normal(0, 0.5, 2))
    radius = lesion.uniform(1.7, 3.8)
    region = blob(
        canvas, lesion, radius, centre, 0.07, aspect=lesion.uniform(1, 1.5), ragged_mm=0.14
    )
    body = region.mask(lesion.uniform(0.8, 1.6))
    core = region.mask(0.9 * radius, lesion.uniform(0.4, 0.7) * radius)
    dark = lesion.uniform(0.55, 1.25) * view.uniform(0.92, 1.08)

    mottle = fractal(canvas, lesion, 0.9, 5, 0.7)
    canvas.melanin += dark * body * (0.36 + 0.07 * mottle)
    canvas.melanin += dark * lesion.uniform(0.05, 0.6) * core * (1 + 0.15 * mottle)
    canvas.blood += lesion.uniform(0, 0.3) * body

    globular = lesion.uniform(0, 1)
    ring = body * (1 - (0.35 + 0.55 * globular) * core)
    net = pigment_network(
        canvas,
        lesion,
        ring,
        mesh_mm=lesion.uniform(0.25, 0.4),
        line_mm=lesion.uniform(0.06, 0.085),
        melanin=dark * (1.5 - 0.9 * globular),
    )
    chance = (0.15 + 0.75 * globular) * ramp(fractal(canvas, lesion, 1.4, 2), -1.2, 0.8)
    spots = keep(
        canvas, lesion, lattice(canvas, lesion, 0.28, 0.25), chance * region.mask(0.4, 0.3)
    )
    clumps = globules(canvas, lesion, spots, size_mm=lesion.uniform(0.13, 0.2), amount=0.95 * dark)

    canvas.mark_lesion(body)
    canvas.mark_evidence(net * ramp(ring, 0.2, 0.4))
    canvas.mark_evidence(clumps)
