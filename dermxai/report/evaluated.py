"""A run measured against its labels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermxai.data.splits import owners
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.runs import Run
from dermxai.runs.seen import words


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
    if run.trained_on is not None and run.trained_on[rows].any():
        yield words(rows, run.trained_on)
    of_training = run.training_split
    if split == "validation" and of_training is not None and (of_training[rows] == split).any():
        yield "The best epoch of the model's training was chosen on these images."
