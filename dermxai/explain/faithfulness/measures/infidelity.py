"""Infidelity (Yeh et al. 2019, arXiv:1901.09392, equation 1) with squares that are blurred away.

A map is taken at its word: the sum over a square says how much the target falls when the square
goes. The mean squared error of that, after the best factor for the whole map, since methods speak
in different units: ``captum.metrics.infidelity(normalize=True)``, whose values it gives; here the
squares pass through the network once for all maps of an image.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score
from dermxai.explain.faithfulness.removal import blurred, remaining

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


_SMALLEST, _LARGEST = 0.1, 0.5  # sides of squares as shares of the image's


class InfidelitySettings(Settings):
    squares: int = setting(32, "Squares to try", 4, 512)


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


class _Falls(NamedTuple):
    """Of the target's value without each of n squares.

    Attributes:
        masks: (n, size, size).
        falls: (n,).
    """

    masks: NDArray[np.bool_]
    falls: NDArray[np.float64]


class Infidelity(Measure[InfidelitySettings]):
    @override
    def passes(
        self, classifier: "Classifier", map_passes: int, settings: InfidelitySettings
    ) -> int:
        return settings.squares

    @override
    def measure(
        self,
        case: Case,
        candidate: Candidate,
        settings: InfidelitySettings,
        progress: Progress | None,
    ) -> Score:
        key = ("infidelity", settings.squares)
        found = case.shared.get(key)
        if not isinstance(found, _Falls):
            masks = squares(case.size, settings.squares, case.seed)
            falls = case.intact - remaining(case, masks, blurred, progress)
            case.shared[key] = found = _Falls(masks, falls)
        values = candidate.values.ravel().astype(np.float64)
        sums = found.masks.reshape(len(found.masks), -1) @ values
        return Score(infidelity(sums, found.falls))


INFIDELITY = Infidelity(
    name="infidelity",
    title="Infidelity",
    source="Yeh et al. 2019, arXiv:1901.09392",
    note="How far the target's fall without a square differs from the map's sum over the square.",
    unit="logit²",
    higher=False,
    settings=InfidelitySettings,
)
