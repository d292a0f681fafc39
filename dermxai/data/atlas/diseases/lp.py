"""Lichen planus: Wickham striae on a violet-red plaque, dotted and linear vessels at its edge.

Signs: Lallas et al. 2012, Br J Dermatol 166:1198 (striae in lichen planus alone); Zalaudek &
Argenziano 2006, Arch Dermatol 142:808 (a network of whitish striae, red globules at the edge).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.fibrosis import striae
from dermxai.data.atlas.structures.globules import globules
from dermxai.data.atlas.structures.network import mesh
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice
from dermxai.data.atlas.structures.vessels import dotted, linear


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A flat-topped polygonal papule or small plaque."""
    radius = lesion.uniform(2.6, 5.4)
    centre = tuple(lesion.normal(0, 0.5, 2))
    region = blob(
        canvas, lesion, radius, centre, 0.14, aspect=lesion.uniform(1, 1.4), ragged_mm=0.25
    )
    body = region.mask(lesion.uniform(0.5, 1.0))
    mottle = fractal(canvas, lesion, 1.4, 5, 0.65)
    canvas.blood += lesion.uniform(0.35, 0.6) * body * (1 + 0.18 * mottle)
    canvas.deep += lesion.uniform(0.1, 0.26) * body * (1 + 0.2 * mottle)
    canvas.melanin += lesion.uniform(0, 0.25) * body * (1 + 0.3 * mottle)
    canvas.blood += lesion.uniform(0.05, 0.2) * region.mask(2.5, -0.6)

    margin = region.mask(0.3, 0.15) * (1 - region.mask(0.3, lesion.uniform(0.6, 1.0)))
    heads = keep(canvas, lesion, lattice(canvas, lesion, 0.26, 0.32), 0.55 * margin)
    dots = dotted(canvas, lesion, heads, size_mm=lesion.uniform(0.08, 0.12), blood=1.1)
    stems = keep(canvas, lesion, lattice(canvas, lesion, 0.42, 0.35), 0.55 * margin)
    lines = linear(canvas, lesion, stems, length_mm=0.42, width_mm=0.065, blood=1.1)

    inner = region.mask(0.6, 0.5)
    spacing = lesion.uniform(1.1, 1.9)
    wide = lesion.uniform(0.11, 0.18)
    white = lesion.uniform(0.5, 0.8) * view.uniform(0.9, 1.1)
    strength = ramp(fractal(canvas, lesion, 1.8, 4, 0.65), -1.4, 0.4)
    net = mesh(canvas, lesion, spacing, wide, 0.4, wobble_mm=0.3, within=inner)
    net = canvas.blur(net, 0.05) * strength * inner
    canvas.white += white * np.clip(net + 0.35 * canvas.blur(net, 0.25), 0, 1)
    hubs = keep(
        canvas, lesion, lattice(canvas, lesion, spacing, 0.35), 0.6 * strength * region.mask(0.5, 1)
    )
    rays = striae(
        canvas,
        lesion,
        hubs,
        reach_mm=0.42 * spacing,
        width_mm=0.75 * wide,
        white=0.75 * white,
        arms=int(lesion.integers(4, 8)),
    )
    web = np.maximum(ramp(net, 0.15, 0.45), rays)
    grey = keep(canvas, lesion, lattice(canvas, lesion, 0.4, 0.4), lesion.uniform(0, 0.3) * inner)
    globules(canvas, lesion, grey, size_mm=0.09, amount=0.5, pigment="deep")

    canvas.mark_lesion(body)
    canvas.mark_evidence(np.maximum(web, np.maximum(dots, lines)))
