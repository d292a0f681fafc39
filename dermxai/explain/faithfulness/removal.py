"""Taking pixels away from an image, and what remains of the target's value.

Pixels go in the order of a map, whole pixels at a time (all three colours). What stands in their
place must not itself look like something: a strong blur of the image (Fong & Vedaldi 2017,
arXiv:1704.03296), or what their surroundings suggest (inpainting: Telea 2004,
doi:10.1080/10867651.2004.10487596).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Mask = NDArray[np.bool_]
Fill = Callable[[Case, Mask], Tensor]
"""The image (3, size, size), normalised, without the pixels of the mask (size, size)."""

BLUR = 0.1  # standard deviation as a share of the image's side
_RADIUS = 3  # pixels that inpainting looks at


class CurveSettings(Settings):
    steps: int = setting(8, "Parts in which the pixels go", 2, 100)


def blurred(case: Case, removed: Mask) -> Tensor:
    """In place of removed pixels the image under a strong blur."""
    whole = case.shared.get("blurred")
    if not isinstance(whole, Tensor):
        deviation = BLUR * case.size
        soft = cv2.GaussianBlur(case.pixels, (0, 0), deviation, borderType=cv2.BORDER_REFLECT)
        case.shared["blurred"] = whole = _normalised(case, np.asarray(soft, np.uint8))
    return torch.where(torch.from_numpy(removed), whole, case.image[0])


def inpainted(case: Case, removed: Mask) -> Tensor:
    """In place of removed pixels what those around them suggest; the mean colour if none is."""
    if removed.all():
        mean = case.pixels.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
        return _normalised(case, np.broadcast_to(mean, case.pixels.shape))
    filled = cv2.inpaint(case.pixels, removed.astype(np.uint8), _RADIUS, cv2.INPAINT_TELEA)
    return torch.where(
        torch.from_numpy(removed), _normalised(case, np.asarray(filled, np.uint8)), case.image[0]
    )


def _normalised(case: Case, pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(case.classifier.info.preprocessing.normalise(pixels))


def shares(steps: int) -> NDArray[np.float64]:
    """(steps + 1,) from 0 to 1."""
    return np.linspace(0, 1, steps + 1)


def top(values: NDArray[np.floating], share: float) -> Mask:
    """The share of a map's pixels (size, size) with the highest values; of equal ones the first."""
    count = round(share * values.size)
    order = np.argsort(-values, axis=None, kind="stable")
    chosen = np.zeros(values.size, dtype=bool)
    chosen[order[:count]] = True
    return chosen.reshape(values.shape)


def remaining(
    case: Case, removals: Iterable[Mask], fill: Fill, progress: Progress | None = None
) -> NDArray[np.float64]:
    """The target's value (n,) after each of n removals."""
    return case.values(torch.stack([fill(case, removed) for removed in removals]), progress)


def area(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Under a curve, by the trapezoidal rule."""
    return float(np.trapezoid(y, x))


@dataclass(frozen=True, kw_only=True)
class CurveMeasure(Measure[CurveSettings]):
    """The area under the curve of the target's value over the share of the image.

    Attributes:
        given_back: the highest values' pixels return to an image without any (insertion), rather
            than leave one with all (deletion).
        fill: what stands in the place of those that are missing.
    """

    given_back: bool
    fill: Fill

    @override
    def passes(self, classifier: "Classifier", map_passes: int, settings: CurveSettings) -> int:
        return settings.steps + 1

    @override
    def measure(
        self, case: Case, candidate: Candidate, settings: CurveSettings, progress: Progress | None
    ) -> Score:
        x = shares(settings.steps)
        removed = (top(candidate.values, share) ^ self.given_back for share in x)
        y = remaining(case, removed, self.fill, progress)
        return Score(area(x, y), curves={"x": x.tolist(), "target": y.tolist()})
