"""HiResCAM (Draelos and Carin 2020, arXiv:2011.08891): gradient times activation, position by
position.

On a head's own map it *is* Grad-CAM, since the head is linear after pooling and its gradient is the
same everywhere (tested). It says something of its own at an earlier stage, where the gradient of
the summed logits differs from place to place: there it keeps what Grad-CAM averages away.
"""

from torch import Tensor

from dermxai.explain import stages
from dermxai.explain.method import DENSITY_UNIT, always_available

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
VERSION = 1
Settings = stages.StageSettings
unavailable = always_available
passes = stages.passes


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient * activation).sum(0)


attribute = stages.at_stage_by(cam)
