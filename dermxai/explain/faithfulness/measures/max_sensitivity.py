"""Max-sensitivity (Yeh et al. 2019, arXiv:1901.09392, equation 3) by Captum, which divides the
change's norm by that of the map, max ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖.

Captum takes the maps as a tuple, one tensor an input; a bare tensor it would take apart by rows."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from captum.metrics import sensitivity_max
from torch import Tensor

from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Max-sensitivity"
SOURCE = "Yeh et al. 2019, arXiv:1901.09392"
NOTE = "The largest change of the map, relative to its size, under noise that nobody sees."
UNIT = "relative change"
HIGHER = False
SHARE = False
COMPARED = False
LIMIT = None
NEEDS = None
VERSION = 2


@dataclass(frozen=True)
class Settings:
    samples: int = field(default=3, metadata={"help": "Noisy images", "low": 1, "high": 50})
    radius: float = field(
        default=0.02,
        metadata={"help": "Largest change of a normalised colour", "low": 0.001, "high": 0.5},
    )


def passes(classifier: "Classifier", map_passes: int, settings: Settings) -> int:  # noqa: ARG001
    return (settings.samples + 1) * map_passes


def measure(
    case: Case, candidate: Candidate, settings: Settings, progress: Progress | None
) -> Score:
    if not candidate.values.any():
        return Score.undefined("The map is zero everywhere.")
    generator = torch.Generator().manual_seed(case.seed)
    done = 0

    def disturbed(images: Tensor, radius: float) -> Tensor:
        return images + radius * (2 * torch.rand(images.shape, generator=generator) - 1)

    def explained(images: Tensor | tuple[Tensor, ...]) -> tuple[Tensor]:
        nonlocal done
        if progress:
            progress(min(done, settings.samples), settings.samples + 1)
        done += 1
        image = images if isinstance(images, Tensor) else images[0]
        with torch.enable_grad():  # Captum computes measures without
            return (torch.from_numpy(candidate.again(image=image))[None],)

    value = sensitivity_max(
        explained,
        case.image,
        disturbed,
        settings.radius,
        settings.samples,
        max_examples_per_batch=1,
    )
    return Score(float(value))
