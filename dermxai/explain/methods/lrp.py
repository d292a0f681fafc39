"""Layer-wise relevance propagation (Bach et al. 2015, doi:10.1371/journal.pone.0130140): listed,
with the reason why no network here has it.

Captum's rules belong to modules: convolutions, linear layers, batch normalisation, pooling, ReLU.
Where two branches meet in a sum, which is no module, both would receive the whole relevance
(ResNet); at a concatenation or a product it has no rule either (Inception, DenseNet, EfficientNet);
SiLU it refuses; and heads average their feature map by a function, where the relevance would be
spread evenly, whatever the activations. Its map would add up to something, but not explain the
logit.
"""

from typing import TYPE_CHECKING

from torch import Tensor
from typing_extensions import override

from dermxai.errors import InputError
from dermxai.explain.method import DENSITY_UNIT, AttributionMethod, Made, Progress, Target
from dermxai.explain.operations import CONCATENATION, SUM, listed, operations, relu_only
from dermxai.settings import Settings

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class Lrp(AttributionMethod[Settings]):
    @override
    def unavailable(self, classifier: "Classifier") -> str:
        if reason := relu_only(classifier, "Captum's LRP"):
            return reason
        where = operations(classifier) & {SUM, CONCATENATION} or {"the heads' average pooling"}
        return f"Captum's LRP has rules for modules only, none for {listed(where)} in this network."

    @override
    def passes(self, classifier: "Classifier", settings: Settings) -> int:
        return 3

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: Settings,
        progress: Progress | None,
    ) -> Made:
        """
        Raises:
            InputError: always, with the reason.
        """
        raise InputError(
            f"{self.title} is not available for this network: {self.unavailable(classifier)}"
        )


LRP = Lrp(
    name="lrp",
    title="LRP",
    unit="logit per input pixel",
    per_area=DENSITY_UNIT,
    note="Hands the logit back from layer to layer.",
    source="Bach et al. 2015, doi:10.1371/journal.pone.0130140",
    signed=True,
    complete=True,
    settings=Settings,
)
