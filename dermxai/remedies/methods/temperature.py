"""Temperature: logits divided by one number, so that probabilities are right as often as they say.
Predictions stay (Guo et al. 2017, arXiv:1706.04599)."""

import numpy as np
from typing_extensions import override

from dermxai.core.activation import SOFTMAX
from dermxai.core.formatting import count, fixed
from dermxai.core.settings import Settings
from dermxai.metrics.calibration import fitted_temperature
from dermxai.remedies.outputs import Scaled
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError


class Temperature(Remedy[Settings]):
    @override
    def fitted(self, bench: Bench, settings: Settings) -> Fitted:
        images = bench.validation.labelled
        if not len(images):
            raise SkippedError("No validation image has a label that the model knows.")
        if images.outputs.activation != SOFTMAX:
            raise SkippedError("One temperature is for probabilities that add up to 1 only.")
        units = int(np.unique(images.patients).size)
        found = fitted_temperature(images.true, images.outputs.probabilities, units=units)
        outputs = images.outputs
        scales = np.full(outputs.parts.shape[1], 1 / found.value)
        change = Scaled(scales, np.zeros(len(outputs.classes)))
        beyond = " The best lies beyond the bounds." if found.at_bound else ""
        told = (
            f"Temperature {fixed(found.value, 3)}: log loss of "
            f"{count(found.images, 'validation image')} {fixed(found.before, 3)} before, "
            f"{fixed(found.after, 3)} after.{beyond}"
        )
        return Fitted(change, notes=(told,))


TEMPERATURE = Temperature(
    name="temperature",
    title="Temperature",
    note="Divides all logits by one number, fitted on validation patients; predictions stay.",
    settings=Settings,
)
