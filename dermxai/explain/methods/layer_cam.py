"""LayerCAM (Jiang et al. 2021, doi:10.1109/TIP.2021.3089943, eq. 5): positive gradient times
activation, position by position.

The ReLU on the gradient belongs to the method, so the map is not signed; without it LayerCAM would
be HiResCAM. The ReLU on the finished map is left to the reader.
"""

from torch import Tensor

from dermxai.explain import stages
from dermxai.explain.method import DENSITY_UNIT, always_available

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
VERSION = 1
Settings = stages.StageSettings
unavailable = always_available
passes = stages.passes


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient.clamp(min=0) * activation).sum(0)


attribute = stages.at_stage_by(cam)
