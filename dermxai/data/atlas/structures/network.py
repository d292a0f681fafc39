"""Nets of lines: the pigment network and its white counterpart."""

import numpy as np
from numpy.random import Generator
from scipy.spatial import Delaunay

from dermxai.data.atlas.canvas import Canvas, Map
from dermxai.data.atlas.structures.noise import fractal, ramp, wobble
from dermxai.data.atlas.structures.regions import lattice
from dermxai.data.atlas.structures.shapes import Points


def mesh(
    canvas: Canvas,
    rng: Generator,
    mesh_mm: float,
    line_mm: float,
    irregular: float = 0.2,
    *,
    wobble_mm: float = 0.05,
    within: Map | None = None,
) -> Map:
    """A honeycomb of cords, 1 on a cord and 0 in a hole, softly joined.

    It covers the sheet, or only where ``within`` is above 0.
    """
    points = lattice(canvas, rng, mesh_mm, irregular)
    if within is not None:
        points = points[canvas.at(within, points) > 0]
    edges = _edges(points)
    edges = edges[np.abs(edges).max(axis=(1, 2)) < canvas.width_mm]
    edges = edges[np.linalg.norm(edges[:, 0] - edges[:, 1], axis=1) < 2 * mesh_mm]
    thick = canvas.stroke(edges[::3], 1.6 * line_mm)
    layer = np.maximum(canvas.stroke(edges, line_mm, 0.8), thick)
    return canvas.blur(wobble(canvas, rng, layer, wobble_mm, 1.5 * mesh_mm), 0.3 * line_mm)


def pigment_network(
    canvas: Canvas,
    rng: Generator,
    within: Map,
    *,
    mesh_mm: float = 0.26,
    line_mm: float = 0.09,
    melanin: float = 0.8,
    irregular: float = 0.2,
) -> Map:
    """Brown cords (pigmented rete ridges) about paler holes (papillae), fading in places."""
    cords = mesh(canvas, rng, mesh_mm, line_mm, irregular, wobble_mm=0.2 * mesh_mm, within=within)
    strength = ramp(fractal(canvas, rng, 1.6, 3), -2.6, 0.6) * within
    canvas.melanin += melanin * strength * (cords + 0.12)
    return ramp(cords * strength, 0.12, 0.4)


def white_network(
    canvas: Canvas,
    rng: Generator,
    within: Map,
    *,
    mesh_mm: float = 0.45,
    line_mm: float = 0.12,
    white: float = 0.5,
) -> Map:
    """White cords about darker holes (also called negative network, or reticular white lines)."""
    cords = (
        mesh(canvas, rng, mesh_mm, line_mm, 0.25, wobble_mm=0.2 * mesh_mm, within=within) * within
    )
    canvas.white += white * cords
    return ramp(cords, 0.12, 0.4)


def _edges(points: Points) -> Map:
    """Borders (n, 2 ends, 2) mm of the Voronoi cells: they join neighbouring circumcentres."""
    net = Delaunay(points)
    corners = points[net.simplices]  # (triangle, corner, xy)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    cross = 2 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    squares = np.stack([(a * a).sum(axis=1), (b * b).sum(axis=1)], axis=1)
    x = (b[:, 1] * squares[:, 0] - a[:, 1] * squares[:, 1]) / cross
    y = (a[:, 0] * squares[:, 1] - b[:, 0] * squares[:, 0]) / cross
    centres = corners[:, 0] + np.stack([x, y], axis=1)
    first = np.repeat(np.arange(len(centres)), 3)
    second = net.neighbors.ravel()
    once = first < second  # also drops the outer border, whose neighbour is -1
    return np.stack([centres[first[once]], centres[second[once]]], axis=1)
