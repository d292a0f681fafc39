"""Outlines and lines in millimetres, before they are drawn."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Points = NDArray[Any]
"""Places in millimetres, (n, 2)."""
Outlines = NDArray[Any]
"""Polygons in millimetres, (corners, 2), or (n, corners, 2) of as many corners each."""
Values = NDArray[Any]
"""One number a place, (n,)."""

_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_ORDERS = np.array([2, 3, 5])  # lobes around a spot
_SMOOTH = np.ones(5) / 2.2
_LEFT = np.array([-1.0, 1.0])  # with x and y swapped, a quarter turn


def branch(rng: Generator) -> Generator:
    """A generator of its own, for one number of this one.

    How many numbers a structure draws then moves nothing that is drawn after it.
    """
    return np.random.default_rng(int(rng.integers(2**63)))


def rounded(
    rng: Generator,
    centres: Points,
    radii_mm: Values,
    irregular: float = 0.12,
    aspect: Values | float = 1.0,
    *,
    stretch: tuple[float, float] | None = None,
) -> Outlines:
    """Outlines (n, 20, 2) of rounded, slightly irregular spots, each turned at random.

    ``aspect`` is length over width, of all or of each; ``stretch`` draws each one's within limits.
    """
    count = len(centres)
    aspects = np.broadcast_to(np.asarray(aspect, float), count).copy()
    waves, phases = np.empty((count, 3)), np.empty((count, 4))
    for spot in range(count):
        if stretch:
            aspects[spot] = rng.uniform(*stretch)
        waves[spot], phases[spot] = rng.standard_normal(3), rng.random(4)
    waves *= 1.4 * irregular / _ORDERS**1.3
    lobes = np.cos(np.multiply.outer(_TURN, _ORDERS) + 2 * np.pi * phases[:, None, :3])
    radius = radii_mm[:, None] * (1 + np.einsum("spo,so->sp", lobes, waves))
    along = radius * np.cos(_TURN) * np.sqrt(aspects)[:, None]
    across = radius * np.sin(_TURN) / np.sqrt(aspects)[:, None]
    angle = np.pi * phases[:, 3:]
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    outlines: Outlines = centres[:, None] + np.stack([x, y], axis=-1)
    return outlines


def meander(
    rng: Generator,
    start: Points,
    angle: float,
    length_mm: float,
    bend: float = 0.25,
    *,
    step_mm: float = 0.12,
) -> Points:
    """A line (n, 2) that wanders: ``bend`` is the change of direction per step, in radians."""
    steps = max(3, int(length_mm / step_mm))
    turns = np.convolve(rng.normal(0, bend, steps + 4), _SMOOTH, "valid")
    headings = angle + np.cumsum(turns)
    line = np.empty((steps + 1, 2))
    line[0] = start
    line[1:, 0] = step_mm * np.cos(headings)
    line[1:, 1] = step_mm * np.sin(headings)
    return np.cumsum(line, axis=0)


def ribbon(line: Points, start_mm: Values | float, end_mm: Values | float) -> Outlines:
    """The outline (2n, 2) of a line (n, 2) whose width runs from ``start_mm`` to ``end_mm``.

    Of many lines at once, too: (m, n, 2) and m widths give (m, 2n, 2).
    """
    along = np.empty_like(line)
    along[..., 1:-1, :] = line[..., 2:, :] - line[..., :-2, :]
    along[..., 0, :] = line[..., 1, :] - line[..., 0, :]
    along[..., -1, :] = line[..., -1, :] - line[..., -2, :]
    normal = along[..., ::-1] * _LEFT
    normal /= np.hypot(along[..., :1], along[..., 1:]) + 1e-9
    start, end = np.asarray(start_mm)[..., None], np.asarray(end_mm)[..., None]
    half = (start + (end - start) * np.linspace(0, 1, line.shape[-2]))[..., None] / 2
    side = half * normal
    return np.concatenate([line + side, (line - side)[..., ::-1, :]], axis=-2)
