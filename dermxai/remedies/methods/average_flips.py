"""The average with what the same network says of the images flipped: left to right, upside down,
and both (test-time augmentation)."""

import numpy as np
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.remedies.methods.average_runs import LOGITS, PROBABILITIES
from dermxai.remedies.outputs import Averaged
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError
from dermxai.runs.flips import open_flips


class FlipSettings(Settings):
    of: str = setting(PROBABILITIES, "What is averaged", choices=(PROBABILITIES, LOGITS))


class AverageFlips(Remedy[FlipSettings]):
    @override
    def fitted(self, bench: Bench, settings: FlipSettings) -> Fitted:
        said = open_flips(bench.run)
        if said is None:
            raise SkippedError("The images were not inferred flipped yet.")
        outputs = bench.validation.outputs
        ids = bench.run.samples["sample_id"].astype(str)
        rows = {name: row for row, name in enumerate(ids)}
        own = np.asarray(bench.run.logits[[rows[name] for name in outputs.sample_ids]], np.float64)
        if outputs.classes != bench.run.classes or not np.array_equal(own, outputs.parts):
            raise InputError(
                "Flips are averaged before remedies that change predictions; put them first."
            )
        flips = tuple((rows, said[:, place].astype(np.float64)) for place in range(said.shape[1]))
        return Fitted(Averaged(flips, settings.of == PROBABILITIES))


AVERAGE_FLIPS = AverageFlips(
    name="average_flips",
    title="Average of flips",
    note="Averages with what the network says of the images flipped, three passes an image.",
    settings=FlipSettings,
)
