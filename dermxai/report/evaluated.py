"""A run measured against its labels."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermxai.core.formatting import count, jsonable
from dermxai.data import split_words
from dermxai.data.splits import owners
from dermxai.metrics.basis import basis
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.leakage import Premium, leakage_premium
from dermxai.runs import Run
from dermxai.runs.seen import words


def evaluated(run: Run, split: str | None = None, *, leaks: bool = True) -> Evaluation:
    """What a run is worth on a split of its images, or on all of them. The first notes tell what
    the checkpoint has seen of them. Intervals take as independent what
    `dermxai.data.splits.groups` keeps together.

    Args:
        leaks: with the images that leak from training (`dermxai.runs.seen`), as far as these are
            known.

    Raises:
        InputError: the run has no such split.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> found = dermxai.evaluate(run)
        >>> found.counts.evaluated, found.confusion.shape  # by true and predicted class
        (12, (14, 14))
        >>> {"measure", "value", "low", "high"} <= set(found.overall)  # 95 % intervals
        True
    """
    rows = run.in_split(split)
    asked = rows
    if not leaks and run.leaks is not None:
        rows = rows[~run.leaks.any[rows]]
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
    return replace(measured, on_images=(*_seen(run, asked, rows, split), *measured.on_images))


def premium(run: Run, split: str | None, whole: Evaluation) -> Premium | None:
    """What images that leak from training add to the measures of a split; None where none leaks,
    or it is not known.

    Args:
        whole: of the split, as `evaluated` gives it.
    """
    if run.leaks is None or not run.leaks.any[run.in_split(split)].any():
        return None
    return leakage_premium(whole, evaluated(run, split, leaks=False))


def leaks_json(run: Run, split: str | None, added: Premium | None, independent: str) -> Any:
    """What leaks from training into a split, for programs: how each kind was counted, the images,
    and the premium; None where it is not known.

    Args:
        independent: what the premium's intervals take as independent.
    """
    if run.leaks is None:
        return None
    rows = run.in_split(split)
    found = run.leaks.table.assign(
        sample_id=run.samples["sample_id"].to_numpy(), kind=run.leaks.kind
    ).iloc[rows]
    found = found[found["kind"] != ""]
    return jsonable(
        {
            "compared": list(run.leaks.compared),
            "not_compared": list(run.leaks.notes),
            "all_training_known": run.leaks.whole,
            "counts": run.leaks.counts(rows),
            "images": found[["sample_id", "kind", "of", "bits", "cosine"]].to_dict("records"),
            "premium": _with_basis(added, independent) if added else None,
        }
    )


def _with_basis(added: Premium, independent: str) -> Any:
    return added.as_json() | {"intervals": basis(independent, added.level)}


def _seen(
    run: Run, asked: NDArray[np.intp], rows: NDArray[np.intp], split: str | None
) -> Iterator[str]:
    yield words(run, asked)
    if left := len(asked) - len(rows):
        yield f"{count(left, 'image')} that leak from training: left out."
    yield from split_words.notes(run.samples)
    of_training = run.training_split
    if split == "validation" and of_training is not None and (of_training[rows] == split).any():
        yield "The kept epoch of the model's training was chosen on these images."
