"""Infidelity (Yeh et al. 2019, arXiv:1901.09392, equation 1) with squares that are blurred away.

A map is taken at its word: the sum over a square says how much the target falls when the square
goes. The mean squared error of that, after the best factor for the whole map, since methods speak
in different units: ``captum.metrics.infidelity(normalize=True)``, whose values it gives; here the
squares pass through the network once for all maps of an image.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.faithfulness.removal import blurred, remaining
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Infidelity"
SOURCE = "Yeh et al. 2019, arXiv:1901.09392"
NOTE = "How far the target's fall without a square differs from the map's sum over the square."
UNIT = "logit²"
HIGHER = False
SHARE = False
COMPARED = True
LIMIT = None
NEEDS = None
VERSION = 1

_SMALLEST, _LARGEST = 0.1, 0.5  # sides of squares as shares of the image's


@dataclass(frozen=True)
class Settings:
    squares: int = field(default=32, metadata={"help": "Squares to try", "low": 4, "high": 512})


def passes(classifier: "Classifier", map_passes: int, settings: Settings) -> int:  # noqa: ARG001
    return settings.squares


def measure(
    case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
) -> Score:
    key = ("infidelity", settings.squares)
    if key not in case.shared:
        masks = squares(case.size, settings.squares, case.seed)
        falls = case.intact - remaining(case, masks, blurred, progress)
        case.shared[key] = masks, falls
    masks, falls = case.shared[key]
    sums = masks.reshape(len(masks), -1) @ candidate.values.ravel().astype(np.float64)
    return Score(infidelity(sums, falls))


def infidelity(expected: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """The mean squared error of n expected falls against those found, after the best factor."""
    square = float((expected**2).mean())
    factor = float((expected * found).mean()) / square if square else 1.0
    return float(((factor * expected - found) ** 2).mean())


def squares(size: int, count: int, seed: int) -> NDArray[np.bool_]:
    """Random squares inside the image, masks (count, size, size)."""
    generator = np.random.default_rng(seed)
    masks = np.zeros((count, size, size), dtype=bool)
    for mask in masks:
        side = max(1, round(size * generator.uniform(_SMALLEST, _LARGEST)))
        top, left = generator.integers(0, size - side + 1, 2)
        mask[top : top + side, left : left + side] = True
    return masks
