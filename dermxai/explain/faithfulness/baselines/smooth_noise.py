"""A random map: noise in as many cells as wanted, smooth between them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import Progress, Target, always_available

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Random map"
UNIT = "standard deviations"
PER_AREA = ""
NOTE = "Control map: noise as fine as the map that is evaluated."
SOURCE = "Baseline"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
unavailable = always_available


@dataclass(frozen=True)
class Settings:
    cells: int = field(
        default=8, metadata={"help": "Cells across the image", "low": 2, "high": 2048}
    )
    seed: int = field(default=0, metadata={"help": "Of the draw", "low": 0, "high": 2**31})


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 0


def attribute(
    classifier: "Classifier",  # noqa: ARG001
    image: Tensor,  # noqa: ARG001
    target: Target,  # noqa: ARG001
    settings: Settings,
    progress: Progress | None,  # noqa: ARG001
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(cells, cells), independent standard normal values."""
    generator = np.random.default_rng(settings.seed)
    shape = (settings.cells, settings.cells)
    return generator.standard_normal(shape, dtype=np.float32), ()
