"""Operating points: each class by itself, above a threshold chosen on validation patients."""

import numpy as np
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.metrics.decision import MOST_COST, TARGETS, Criterion, OperatingPoint
from dermxai.metrics.decision import at_operating_point as rule_at
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError


class PointSettings(Settings):
    criterion: str = setting(
        Criterion.YOUDEN.value,
        "What chooses the threshold of each class",
        choices=tuple(each.value for each in Criterion),
    )
    target: float = setting(
        0.0,
        "Sensitivity or specificity to reach, or the cost of a missed image in false alarms; 0: "
        "the usual one",
        0.0,
        MOST_COST,
    )


class AtOperatingPoint(Remedy[PointSettings]):
    @override
    def fitted(self, bench: Bench, settings: PointSettings) -> Fitted:
        images = bench.validation.labelled
        if not len(images):
            raise SkippedError("No validation image has a label that the model knows.")
        criterion = Criterion(settings.criterion)
        target = (settings.target or TARGETS[criterion]) if criterion in TARGETS else None
        units = int(np.unique(images.patients).size)
        rule = rule_at(
            OperatingPoint(criterion, target),
            images.true,
            images.outputs.probabilities,
            units=units,
        )
        lacking = ", ".join(
            code
            for code, each in zip(images.outputs.classes, rule.thresholds, strict=True)
            if each.reason is not None
        )
        notes = (f"Without a threshold, since validation images lack: {lacking}.",)
        return Fitted(rule=rule, notes=notes if lacking else ())


OPERATING_POINT = AtOperatingPoint(
    name="operating_point",
    title="Operating point",
    note="Decides each class by itself, at a threshold that validation patients choose.",
    settings=PointSettings,
)
