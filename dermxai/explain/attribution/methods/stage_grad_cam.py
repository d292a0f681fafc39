"""Grad-CAM at an earlier stage (Selvaraju et al. 2017, arXiv:1610.02391), signed.

Channels are weighted by the mean of their gradient. On a head's own map that is exact, and
`grad_cam` has it in closed form; before, the mean hides that a channel may speak for the target
here and against it there, which `hires_cam` keeps. Both are offered so that they can be compared.
"""

from torch import Tensor

from dermxai.explain.attribution.method import DENSITY_UNIT, STAGES
from dermxai.explain.attribution.stages import StageMethod, StageSettings


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient.mean((1, 2), keepdim=True) * activation).sum(0)


STAGE_GRAD_CAM = StageMethod(
    name="stage_grad_cam",
    title="Grad-CAM at an earlier stage",
    unit="logit per position, to first order",
    per_area=f"{DENSITY_UNIT}, to first order",
    note=(
        "Channels weighted by their mean gradient at an earlier stage, which the votes of all "
        "later heads pass."
    ),
    source="Selvaraju et al. 2017, arXiv:1610.02391",
    signed=True,
    complete=False,
    needs=STAGES,
    settings=StageSettings,
    formula=cam,
)
