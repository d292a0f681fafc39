"""What eczema and seborrheic dermatitis share: one picture that may belong to either.

Seborrheic dermatitis is itself a dermatitis: dotted vessels and yellow scale or crust are
described in both (Lallas et al. 2012, Br J Dermatol 166:1198; Lallas et al. 2014, J Eur Acad
Dermatol Venereol 28:609; Errichetti & Stinco 2016, Dermatol Ther (Heidelb) 6:471).
"""

import numpy as np
from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal
from dermxai.data.atlas.structures.regions import Region, keep, lattice, patches, plaque
from dermxai.data.atlas.structures.scale import CRUST, YELLOW, flakes, scale
from dermxai.data.atlas.structures.vessels import arborizing, dotted


def draw_overlap(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """Patchy dotted and blurred linear vessels under yellow scale and a few crusts."""
    region = inflamed(canvas, lesion, lesion.uniform(0.25, 0.5))
    vessels = np.maximum(
        patchy_dots(canvas, lesion, region, share=0.3),
        blurred_branches(canvas, lesion, region, share=0.45, spacing_mm=1.3),
    )
    amount = float(np.clip(lesion.uniform(0.12, 0.3) + view.normal(0, 0.04), 0.08, 0.34))
    cover = scale(
        canvas,
        lesion,
        region.mask(0.8, 0.1),
        share=amount,
        flake_mm=lesion.uniform(0.6, 1.1),
        colour=YELLOW,
        opacity=0.45,
    )
    crusts = serocrusts(canvas, lesion, region, size_mm=0.4, chance=0.12)
    canvas.mark_evidence(np.maximum(vessels, np.maximum(cover, crusts)))


def inflamed(canvas: Canvas, lesion: Generator, red: float) -> Region:
    """Unevenly reddened skin with a border that is hard to tell; returns where it lies."""
    region = plaque(canvas, lesion, 1.2)
    body = region.mask(lesion.uniform(1.4, 2.6))
    canvas.blood += red * body * (1 + 0.35 * fractal(canvas, lesion, 2.2, 5, 0.7))
    canvas.clear(0.15 * body, "melanin")
    canvas.mark_lesion(body)
    return region


def patchy_dots(canvas: Canvas, lesion: Generator, region: Region, share: float) -> Map:
    """Dotted vessels in groups that cover about ``share`` of the lesion."""
    crowd = patches(canvas, lesion, 2.6, share, 0.25) * region.mask(0.6, 0.2)
    canvas.blood += 0.12 * crowd
    places = lattice(canvas, lesion, lesion.uniform(0.26, 0.36), 0.34)
    size = lesion.uniform(0.08, 0.125)
    return dotted(
        canvas,
        lesion,
        keep(canvas, lesion, places, 0.85 * crowd),
        size_mm=size,
        blood=1.3,
        variation=0.3,
    )


def blurred_branches(
    canvas: Canvas, lesion: Generator, region: Region, *, share: float, spacing_mm: float
) -> Map:
    """Thin, blurred, branching linear vessels in patches over about ``share`` of the lesion."""
    crowd = patches(canvas, lesion, 3.0, share, 0.4) * region.mask(0.6, 0.2)
    roots = keep(canvas, lesion, lattice(canvas, lesion, spacing_mm, 0.35), crowd)
    return arborizing(
        canvas,
        lesion,
        roots,
        lesion.uniform(0, 2 * np.pi, len(roots)),
        length_mm=lesion.uniform(1.1, 1.7),
        width_mm=lesion.uniform(0.065, 0.09),
        blood=lesion.uniform(0.7, 1.0),
        generations=2,
        blur_mm=0.04,
    )


def serocrusts(
    canvas: Canvas, lesion: Generator, region: Region, *, size_mm: float, chance: float
) -> Map:
    """Dried serum: yellow-orange crusts in groups."""
    groups = patches(canvas, lesion, 2.2, 0.3, 0.4) * region.mask(0.5, 0.5)
    opacity = lesion.uniform(0.55, 0.8)
    footprint = np.zeros_like(groups)
    for colour, size in ((CRUST, size_mm), (YELLOW, 0.55 * size_mm)):
        likely = 2.5 * chance * groups * (size / size_mm)
        places = keep(canvas, lesion, lattice(canvas, lesion, 0.9 * size_mm, 0.4), likely)
        crusts = flakes(
            canvas, lesion, places, size_mm=size, colour=colour, opacity=opacity * size / size_mm
        )
        footprint = np.maximum(footprint, crusts)
    return footprint
