"""Classes taken as one: its probability is the sum of theirs, and decides."""

from typing_extensions import override

from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.metrics.regrouping import Regrouping
from dermxai.remedies.outputs import Merged
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError, named_sets


class MergeSettings(Settings):
    classes: str = setting("", "Codes to take as one, as EAD+SD; several with commas")


class MergeClasses(Remedy[MergeSettings]):
    @override
    def fitted(self, bench: Bench, settings: MergeSettings) -> Fitted:
        outputs = bench.training.outputs
        asked = tuple(tuple(part.split("+")) for part in named_sets(settings.classes))
        asked = tuple(tuple(code.strip() for code in each) for each in asked)
        if not asked:
            raise SkippedError("No classes are named.")
        if outputs.activation != SOFTMAX:
            raise SkippedError("Only probabilities that add up to 1 can be summed.")
        for code in (code for each in asked for code in each):
            if code not in outputs.classes:
                raise InputError(
                    f"The model has no class {code!r}; merge some of {', '.join(outputs.classes)}."
                )
        return Fitted(Merged(Regrouping(asked).merges))


MERGE_CLASSES = MergeClasses(
    name="merge_classes",
    title="Merge classes",
    note="Takes classes as one; the sum of their probabilities decides.",
    settings=MergeSettings,
)
