"""Dermatofibroma: a central white scar-like patch within a delicate peripheral network.

Signs: Zaballos et al. 2008, Arch Dermatol 144:75 (the central white patch and the peripheral
network are the commonest pattern); Ferrari et al. 2013, J Eur Acad Dermatol Venereol 27:1375.
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.fibrosis import scar
from dermxai.data.atlas.structures.network import pigment_network, white_network
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice
from dermxai.data.atlas.structures.vessels import dotted


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A symmetric nodule of 5 to 9 mm, white in the middle, fading into the skin."""
    centre = tuple(lesion.normal(0, 0.4, 2))
    radius = lesion.uniform(2.5, 4.4)
    region = blob(canvas, lesion, radius, centre, 0.09, aspect=lesion.uniform(1, 1.3))
    body = region.mask(lesion.uniform(1.5, 2.6))
    heart = blob(
        canvas, lesion, radius * lesion.uniform(0.4, 0.6), centre, 0.3, aspect=1.3, ragged_mm=0.4
    )
    inner = heart.mask(lesion.uniform(0.9, 1.6))
    inner *= ramp(fractal(canvas, lesion, 1.0, 5, 0.7), -2.4, 0.6)
    inner = canvas.blur(inner, 0.07)
    ring = body * (1 - inner)

    dark = lesion.uniform(0.5, 0.95) * view.uniform(0.92, 1.08)
    canvas.melanin += dark * 0.24 * ring * (1 + 0.25 * fractal(canvas, lesion, 1.3, 5, 0.7))
    canvas.blood += lesion.uniform(0.05, 0.4) * body * (0.6 + 0.4 * inner)
    net = pigment_network(
        canvas,
        lesion,
        ring,
        mesh_mm=lesion.uniform(0.24, 0.34),
        line_mm=0.05,
        melanin=0.95 * dark,
        irregular=0.22,
    )
    patch = scar(
        canvas, lesion, inner, white=lesion.uniform(0.5, 0.72), strands=lesion.uniform(0.4, 0.9)
    )
    if lesion.random() < 0.5:
        white_network(
            canvas, lesion, canvas.blur(inner, 0.2), mesh_mm=0.55, line_mm=0.07, white=0.35
        )
    if lesion.random() < 0.4:
        spots = keep(canvas, lesion, lattice(canvas, lesion, 0.5, 0.3), 0.5 * inner)
        dotted(canvas, lesion, spots, size_mm=0.1, blood=0.7)

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(patch, net * ramp(ring, 0.2, 0.4)))
