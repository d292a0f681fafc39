"""Blood vessels by shape, in the terms of Kittler et al. 2016, J Am Acad Dermatol 74:1093."""

import numpy as np
from numpy.random import Generator
from scipy.spatial import Voronoi

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import ramp, wobble
from dermxai.data.atlas.structures.regions import lattice
from dermxai.data.atlas.structures.shapes import Points, branch, meander, ribbon, rounded


def dotted(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    size_mm: float = 0.11,
    blood: float = 0.9,
    variation: float = 0.2,
) -> Map:
    """Dots: capillary loops of the papillae seen end-on, one at each of the points (n, 2)."""
    rng = branch(rng)
    radii = 0.5 * size_mm * np.exp(rng.normal(0, variation, len(points)))
    aspects = rng.uniform(1, 1.5, len(points))
    spots = rounded(rng, points, radii, 0.12, aspects)
    return _fill(canvas, canvas.fill(spots, rng.uniform(0.45, 1, len(spots))), blood, 0.022)


def linear(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    length_mm: float = 1.0,
    width_mm: float = 0.05,
    blood: float = 0.7,
    bend: float = 0.2,
    blur_mm: float = 0.03,
    angle: float | None = None,
) -> Map:
    """Fine linear curved vessels, one from each point, tapering; blurred ones lie deeper.

    ``angle`` (radians) gives them a common direction; without it each has its own.
    """
    rng = branch(rng)
    shapes = []
    for point in points:
        heading = rng.uniform(0, 2 * np.pi) if angle is None else rng.normal(angle, 0.3)
        line = meander(rng, point, heading, length_mm * rng.lognormal(0, 0.4), bend)
        width = width_mm * rng.lognormal(0, 0.25)
        shapes.append(ribbon(line, width, 0.4 * width))
    return _fill(canvas, canvas.fill(shapes, rng.uniform(0.4, 1, len(shapes))), blood, blur_mm)


def arborizing(
    canvas: Canvas,
    rng: Generator,
    roots: Points,
    angles: Map,
    *,
    length_mm: float = 3.0,
    width_mm: float = 0.16,
    blood: float = 1.6,
    generations: int = 4,
    bend: float = 0.16,
    blur_mm: float = 0.015,
) -> Map:
    """Branched vessels: stems that divide again and again into ever finer ones, in focus.

    One tree from each root (n, 2), heading along its angle (radians).
    """
    rng = branch(rng)
    shapes: list[Points] = []
    levels: list[float] = []

    def grow(start: Points, angle: float, length: float, width: float, left: int) -> None:
        line = meander(rng, start, angle, length, bend, step_mm=0.08)
        rise = len(line) // 3 if left == generations else 0  # a stem surfaces from the depth
        shapes.append(ribbon(line[rise:], width, 0.62 * width))
        levels.append(0.45 + 0.55 * left / generations)
        if rise > 1:
            shapes.append(ribbon(line[: rise + 1], 0.2 * width, width))
            levels.append(levels[-1])
        if left == 1:
            return
        for _ in range(rng.integers(2, 5)):
            where = int(rng.uniform(0.25, 0.98) * (len(line) - 1))
            heading = np.arctan2(*(line[where] - line[max(where - 2, 0)])[::-1])
            side = rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
            finer = width * rng.uniform(0.45, 0.65)
            grow(line[where], heading + side, length * rng.uniform(0.4, 0.7), finer, left - 1)

    for root, angle in zip(roots, angles, strict=True):
        grow(root, float(angle), length_mm, width_mm, generations)
    order = np.argsort(levels)
    layer = canvas.fill([shapes[i] for i in order], [levels[i] for i in order])
    return _fill(canvas, layer, blood, blur_mm)


def looped(
    canvas: Canvas,
    rng: Generator,
    points: Points,
    *,
    length_mm: float = 0.3,
    width_mm: float = 0.045,
    blood: float = 1.0,
) -> Map:
    """Hairpin vessels: two limbs and a bend, one at each point."""
    rng = branch(rng)
    t = np.linspace(-1, 1, 15)
    shapes = []
    for point in points:
        angle, length = rng.uniform(0, 2 * np.pi), length_mm * rng.lognormal(0, 0.2)
        limbs = np.stack([(1 - t**4 - 0.5) * length, t * length * rng.uniform(0.18, 0.3)], axis=1)
        limbs[:, 1] += 0.1 * length * np.sin(3 * limbs[:, 0] / length + rng.uniform(0, 6))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shapes.append(ribbon(point + limbs @ turn.T, width_mm, width_mm))
    return _fill(canvas, canvas.fill(shapes, rng.uniform(0.6, 1, len(shapes))), blood, 0.018)


def polygonal(
    canvas: Canvas,
    rng: Generator,
    within: Map,
    *,
    mesh_mm: float = 1.0,
    width_mm: float = 0.09,
    blood: float = 0.9,
    gaps: float = 0.25,
) -> Map:
    """Vessels joined to polygons about the follicles; a share of ``gaps`` edges is missing."""
    rng = branch(rng)
    cells = Voronoi(lattice(canvas, rng, mesh_mm, 0.22))
    ends = np.array(cells.ridge_vertices)
    ends = ends[(ends >= 0).all(axis=1)]
    edges = cells.vertices[ends][rng.random(len(ends)) > gaps]
    edges = edges[np.abs(edges).max(axis=(1, 2)) < canvas.width_mm]
    widths = width_mm * rng.lognormal(0, 0.3, len(edges))
    lines = np.linspace(edges[:, 0], edges[:, 1], 4, axis=1)
    shapes = ribbon(lines, widths, widths * rng.uniform(0.5, 1, len(edges)))
    layer = canvas.fill(shapes, rng.uniform(0.35, 1, len(shapes)))
    layer = wobble(canvas, rng, layer, 0.09, 0.8) * within
    return _fill(canvas, layer, blood, 0.02)


def _fill(canvas: Canvas, layer: Map, blood: float, blur_mm: float) -> Map:
    """Let blood into the drawn lumen; a faint halo is what scatters about it."""
    lumen = canvas.blur(layer, blur_mm)
    canvas.blood += blood * (0.85 * lumen + 0.3 * canvas.blur(lumen, 0.1))
    return ramp(lumen, 0.05, 0.4)
