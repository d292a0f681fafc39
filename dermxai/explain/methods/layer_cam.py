"""LayerCAM (Jiang et al. 2021, doi:10.1109/TIP.2021.3089943, eq. 5): positive gradient times
activation, position by position.

The ReLU on the gradient belongs to the method, so the map is not signed; without it LayerCAM would
be HiResCAM. The ReLU on the finished map is left to the reader.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.method import DENSITY_UNIT, Progress, Target, always_available
from dermxai.explain.stages import PASSES, StageSettings, at_stage

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "LayerCAM"
UNIT = "logit per position, to first order, of what raises the target"
PER_AREA = f"{DENSITY_UNIT}, to first order, of what raises the target"
NOTE = (
    "As HiResCAM, of positive gradients only; what speaks against the target is left out by the "
    "method."
)
SOURCE = "Jiang et al. 2021, doi:10.1109/TIP.2021.3089943"
SIGNED = False
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
    cam = (stage.gradient.clamp(min=0) * stage.activation).sum(0)
    values: NDArray[np.float32] = cam.float().cpu().numpy()
    return values, stage.notes
