"""HiResCAM (Draelos and Carin 2020, arXiv:2011.08891): gradient times activation, position by
position.

On a head's own map it *is* Grad-CAM, since the head is linear after pooling and its gradient is the
same everywhere (tested). It says something of its own at an earlier stage, where the gradient of
the summed logits differs from place to place: there it keeps what Grad-CAM averages away.
"""

from torch import Tensor

from dermxai.explain.attribution.method import DENSITY_UNIT, STAGES
from dermxai.explain.attribution.stages import StageMethod, StageSettings


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient * activation).sum(0)


HIRES_CAM = StageMethod(
    name="hires_cam",
    title="HiResCAM",
    unit="logit per position, to first order",
    per_area=f"{DENSITY_UNIT}, to first order",
    note=(
        "Gradient times activation at an earlier stage, which the votes of all later heads pass; "
        "on the head's own map it equals Grad-CAM."
    ),
    source="Draelos and Carin 2020, arXiv:2011.08891",
    signed=True,
    complete=False,
    needs=STAGES,
    settings=StageSettings,
    formula=cam,
    cancels=True,
)
