"""A run measured against its labels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermxai.data.splits import owners
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.runs import Run
from dermxai.runs.seen import same_data, words


def evaluated(run: Run, split: str | None = None) -> Evaluation:
    """What a run is worth on a split of its images, or on all of them. The first notes tell what
    the checkpoint has seen of them. Intervals take as independent what
    `dermxai.data.splits.groups` keeps together.

    Raises:
        InputError: the run has no such split.
    """
    rows = run.in_split(split)
    samples = run.samples.iloc[rows]
    owner = {column: ids.iloc[rows] for column, ids in owners(run.samples).items()}
    measured = evaluate(
        samples["label"],
        run.classes,
        run.scores[rows],
        samples["sample_id"],
        owner.get("patient_id"),
        lesion_ids=owner.get("lesion_id"),
    )
    return replace(measured, on_images=(*_seen(run, rows, split), *measured.on_images))


def _seen(run: Run, rows: NDArray[np.intp], split: str | None) -> Iterator[str]:
    trained = run.trained_on
    if same_data(run) if trained is None else trained[rows].any():
        yield words(run, rows)
    of_training = run.training_split
    if split == "validation" and of_training is not None and (of_training[rows] == split).any():
        yield "The kept epoch of the model's training was chosen on these images."
