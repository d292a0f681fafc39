"""Layer-wise relevance propagation (Bach et al. 2015, doi:10.1371/journal.pone.0130140): listed,
with the reason why no network here has it.

Captum's rules belong to modules: convolutions, linear layers, batch normalisation, pooling, ReLU.
Where two branches meet in a sum, which is no module, both would receive the whole relevance
(ResNet); at a concatenation or a product it has no rule either (Inception, DenseNet, EfficientNet);
SiLU it refuses; and heads average their feature map by a function, where the relevance would be
spread evenly, whatever the activations. Its map would add up to something, but not explain the
logit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dermxai.errors import InputError
from dermxai.explain.method import DENSITY_UNIT, Progress, Target
from dermxai.explain.operations import CONCATENATION, SUM, listed, operations, relu_only

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "LRP"
UNIT = "logit per input pixel"
PER_AREA = DENSITY_UNIT
NOTE = "Hands the logit back from layer to layer."
SOURCE = "Bach et al. 2015, doi:10.1371/journal.pone.0130140"
SIGNED = True
COMPLETE = True
ONE_HEAD = False
VERSION = 1


@dataclass(frozen=True)
class Settings:
    """LRP has none."""


def unavailable(classifier: "Classifier") -> str:
    if reason := relu_only(classifier, "Captum's LRP"):
        return reason
    where = operations(classifier) & {SUM, CONCATENATION} or {"the heads' average pooling"}
    return f"Captum's LRP has rules for modules only, none for {listed(where)} in this network."


def passes(classifier: "Classifier", settings: Settings) -> int:  # noqa: ARG001
    return 3


def attribute(
    classifier: "Classifier",
    image: Tensor,  # noqa: ARG001
    target: Target,  # noqa: ARG001
    settings: Settings,  # noqa: ARG001
    progress: Progress | None,  # noqa: ARG001
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """
    Raises:
        InputError: always, with the reason.
    """
    raise InputError(f"{TITLE} is not available for this network: {unavailable(classifier)}")
