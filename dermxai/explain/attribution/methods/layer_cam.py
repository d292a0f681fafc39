"""LayerCAM (Jiang et al. 2021, doi:10.1109/TIP.2021.3089943, eq. 5): positive gradient times
activation, position by position.

The ReLU on the gradient belongs to the method, so the map is not signed; without it LayerCAM would
be HiResCAM. The ReLU on the finished map is left to the reader.
"""

from torch import Tensor

from dermxai.explain.attribution.method import DENSITY_UNIT, STAGES
from dermxai.explain.attribution.stages import StageMethod, StageSettings


def cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """(h, w) of a stage, whose activation and gradient are (channels, h, w)."""
    return (gradient.clamp(min=0) * activation).sum(0)


LAYER_CAM = StageMethod(
    name="layer_cam",
    title="LayerCAM",
    unit="logit per position, to first order, of what raises the target",
    per_area=f"{DENSITY_UNIT}, to first order, of what raises the target",
    note=(
        "As HiResCAM, of positive gradients only; what speaks against the target is left out by "
        "the method."
    ),
    source="Jiang et al. 2021, doi:10.1109/TIP.2021.3089943",
    signed=False,
    complete=False,
    needs=STAGES,
    settings=StageSettings,
    formula=cam,
)
