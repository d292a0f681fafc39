"""Grad-CAM at an earlier stage (Selvaraju et al. 2017, arXiv:1610.02391), signed.

Channels are weighted by the mean of their gradient. On a head's own map that is exact, and
`grad_cam` has it in closed form; before, the mean hides that a channel may speak for the target
here and against it there, which `hires_cam` keeps. Both are offered so that they can be compared.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import DENSITY_UNIT, Progress, Target, always_available
from dermxai.explain.stages import PASSES, StageSettings, at_stage

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Grad-CAM at an earlier stage"
UNIT = "logit per position, to first order"
PER_AREA = f"{DENSITY_UNIT}, to first order"
NOTE = (
    "Channels weighted by their mean gradient at an earlier stage, which the votes of all later "
    "heads pass."
)
SOURCE = "Selvaraju et al. 2017, arXiv:1610.02391"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
Settings = StageSettings
unavailable = always_available


def passes(classifier: "Classifier", settings: StageSettings) -> int:  # noqa: ARG001
    return PASSES


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: StageSettings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (h, w) of the chosen stage for an image (1, 3, size, size)."""
    stage = at_stage(classifier, image, target, settings.stages_back, progress)
    weights = stage.gradient.mean((1, 2), keepdim=True)
    cam = (weights * stage.activation).sum(0)
    values: NDArray[np.float32] = cam.float().cpu().numpy()
    return values, stage.notes
