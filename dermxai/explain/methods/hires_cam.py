"""HiResCAM (Draelos and Carin 2020, arXiv:2011.08891): gradient times activation, position by
position.

On a head's own map it *is* Grad-CAM, since the head is linear after pooling and its gradient is the
same everywhere (tested). It says something of its own at an earlier stage, where the gradient of
the summed logits differs from place to place: there it keeps what Grad-CAM averages away.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import DENSITY_UNIT, Progress, Target, always_available
from dermxai.explain.stages import PASSES, StageSettings, at_stage

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "HiResCAM"
UNIT = "logit per position, to first order"
PER_AREA = f"{DENSITY_UNIT}, to first order"
NOTE = (
    "Gradient times activation at an earlier stage, which the votes of all later heads pass; on "
    "the head's own map it equals Grad-CAM."
)
SOURCE = "Draelos and Carin 2020, arXiv:2011.08891"
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
    cam = (stage.gradient * stage.activation).sum(0)
    values: NDArray[np.float32] = cam.float().cpu().numpy()
    return values, stage.notes
