"""Haemangioma: red to purple lacunae, well-defined and parted by pale septa.

Signs: Kittler et al. 2016, J Am Acad Dermatol 74:1093; Gao et al. 2021, Front Med 8:692060.
"""

from numpy.random import Generator

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.lacunae import lacunae
from dermxai.data.atlas.structures.noise import fractal, ramp
from dermxai.data.atlas.structures.regions import blob, keep, lattice


def draw(canvas: Canvas, lesion: Generator, view: Generator) -> None:
    """A red dome of 3 to 7 mm made of compartments, under a thin white veil in places."""
    centre = tuple(lesion.normal(0, 0.5, 2))
    radius = lesion.uniform(1.6, 3.5)
    region = blob(
        canvas, lesion, radius, centre, 0.2, aspect=lesion.uniform(1, 1.35), ragged_mm=0.2
    )
    body = region.mask(lesion.uniform(0.3, 0.7))
    purple = lesion.uniform(0, 1) ** 1.5
    mottle = fractal(canvas, lesion, 1.0, 5, 0.7)
    canvas.clear(0.5 * body, "melanin")
    press = view.uniform(0.85, 1.1)
    canvas.blood += press * lesion.uniform(0.7, 1.5) * body * (1 + 0.25 * mottle)
    canvas.blood += 0.25 * region.mask(1.2, -0.4)
    canvas.deep += 0.15 * purple * body

    size = lesion.uniform(0.55, 1.1)
    places = keep(canvas, lesion, lattice(canvas, lesion, 0.9 * size, 0.24), region.mask(0.1, 0.2))
    lakes = lacunae(
        canvas,
        lesion,
        places,
        size_mm=size,
        blood=press * lesion.uniform(1.0, 1.9),
        deep=0.1 + 0.75 * purple,
        septa=lesion.uniform(0.1, 0.4),
    )
    veil = ramp(fractal(canvas, lesion, 1.5, 4), 0.2, 2.2) * region.mask(0.8, 0.3)
    canvas.white += lesion.uniform(0.05, 0.4) * veil

    canvas.mark_lesion(body)
    canvas.mark_evidence(lakes)
