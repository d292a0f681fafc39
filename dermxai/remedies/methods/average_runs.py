"""The average with other runs over the same images, of other networks."""

from collections.abc import Iterator

import numpy as np
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.settings import Settings, setting
from dermxai.remedies.images import TEST, VALIDATION, divided
from dermxai.remedies.outputs import Averaged, Floats
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError, named_sets
from dermxai.runs import Run

LOGITS, PROBABILITIES = "logits", "probabilities"
MOST_RUNS = 10


class AverageSettings(Settings):
    runs: str = setting("", "Ids or folders of runs over the same images, with commas")
    of: str = setting(PROBABILITIES, "What is averaged", choices=(PROBABILITIES, LOGITS))


class AverageRuns(Remedy[AverageSettings]):
    @override
    def runs(self, settings: AverageSettings) -> tuple[str, ...]:
        return tuple(named_sets(settings.runs))

    @override
    def fitted(self, bench: Bench, settings: AverageSettings) -> Fitted:
        names = self.runs(settings)
        if not names:
            raise SkippedError("No other run is named.")
        if len(names) > MOST_RUNS:
            raise InputError(f"{len(names)} runs came to average with; at most {MOST_RUNS}.")
        others = [_said(bench.others[name], bench) for name in names]
        notes = [note for name in names for note in _seen(bench.others[name], bench.run)]
        return Fitted(Averaged(tuple(others), settings.of == PROBABILITIES), notes=tuple(notes))


def _said(other: Run, bench: Bench) -> tuple[dict[str, int], Floats]:
    """Rows by sample id, and logits (n, k) in the order of this run's classes.

    Raises:
        InputError: it is of other classes.
    """
    classes = bench.training.outputs.classes
    if set(other.classes) != set(classes) or other.activation != bench.run.activation:
        raise InputError(
            f"Run {other.id} has the classes {', '.join(other.classes)}; expected those of this "
            f"one, {', '.join(classes)}."
        )
    order = [other.classes.index(code) for code in classes]
    ids = other.samples["sample_id"].astype(str)
    return {name: row for row, name in enumerate(ids)}, other.scores[:, order]


def _seen(other: Run, run: Run) -> Iterator[str]:
    """How many images that are measured here the other network has learnt from, as far as it
    tells."""
    if other.trained_on is None:
        return
    division = divided(run)
    ids = run.samples["sample_id"].to_numpy(dtype=object)
    learnt = other.samples.loc[other.trained_on, "sample_id"].to_numpy(dtype=object)
    for name, rows in ((VALIDATION, division.validation), (TEST, division.test)):
        if seen := int(np.isin(ids[rows], learnt).sum()):
            yield (
                f"The network of run {other.id} has learnt from {count(seen, f'{name} image')} "
                "(or near-duplicates): what the average brings there is none of new patients."
            )


AVERAGE_RUNS = AverageRuns(
    name="average_runs",
    title="Average of runs",
    note="Averages with what other networks said of the same images.",
    settings=AverageSettings,
)
