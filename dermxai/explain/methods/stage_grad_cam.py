"""Grad-CAM at an earlier stage (Selvaraju et al. 2017, arXiv:1610.02391), signed.

Channels are weighted by the mean of their gradient. On a head's own map that is exact, and
`grad_cam` has it in closed form; before, the mean hides that a channel may speak for the target
here and against it there, which `hires_cam` keeps. Both are offered so that they can be compared.
"""

from torch import Tensor

from dermxai.explain import stages
from dermxai.explain.method import DENSITY_UNIT, always_available

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
VERSION = 1
Settings = stages.StageSettings
unavailable = always_available
passes = stages.passes


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient.mean((1, 2), keepdim=True) * activation).sum(0)


attribute = stages.at_stage_by(cam)
