"""A bell in the middle of the image: dermoscopic lesions lie there, so this is a strong guess."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import Progress, Target, always_available

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Centred Gaussian"
UNIT = "share of the peak"
PER_AREA = ""
NOTE = "Control map: highest in the centre of the image."
SOURCE = "Baseline"
SIGNED = False
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available

_CELLS = 64


@dataclass(frozen=True)
class Settings:
    deviation: float = field(
        default=0.2,
        metadata={"help": "Standard deviation as a share of the side", "low": 0.05, "high": 1.0},
    )


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 0


def attribute(
    classifier: "Classifier",  # noqa: ARG001
    image: Tensor,  # noqa: ARG001
    target: Target,  # noqa: ARG001
    settings: Settings,
    progress: Progress | None,  # noqa: ARG001
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(64, 64), 1 in the middle."""
    centres = (np.arange(_CELLS) + 0.5) / _CELLS - 0.5
    bell = np.exp(-((centres / settings.deviation) ** 2) / 2)
    return np.outer(bell, bell).astype(np.float32), ()
