"""Which images of a run its checkpoint was trained on."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.data.splits import split_by_patient
from dermxai.errors import InputError
from dermxai.numbers import count

if TYPE_CHECKING:
    from dermxai.runs.run import Run

_SHARES = {"train": 0.8, "validation": 0.2}
"""Of a data set without splits, as training divides it."""
LENIENT = "there errors are too few and label errors hide."


def training_split(run: "Run") -> "pd.Series[Any] | None":
    """(n,) the split of each image in the training of the run's checkpoint, missing where it has no
    label; None where it was trained on other data, or where that is not known.

    A checkpoint names its data set and counts its training images by class. Of that data set, the
    splits are those of the split column, or of the division that training makes where there is
    none: whichever has exactly these counts.
    """
    info = run.info
    if info is None or not _same_data(run):
        return None
    samples, expected = run.samples, info.data.get("training_images_by_class")
    labelled = samples[samples["label"].notna()]
    for split in _divisions(labelled, info.recipe) if expected else ():
        if labelled["label"][split == "train"].value_counts().to_dict() == expected:
            return split.reindex(samples.index)
    return None


def trained_on(run: "Run") -> NDArray[np.bool_] | None:
    """(n,) whether each image of the run was trained on; None where that is not known."""
    if run.info is None or "fingerprint" not in run.info.data:
        return None
    if not _same_data(run):
        return np.zeros(len(run), dtype=bool)
    split = run.training_split
    return None if split is None else np.asarray(split == "train", dtype=bool)


def words(rows: NDArray[np.intp], trained: NDArray[np.bool_] | None) -> str:
    """What the model has seen of the images at ``rows``, in a sentence."""
    if trained is None:
        return (
            "Whether the model was trained on these images is not known; where it was, errors are "
            "too few and label errors hide."
        )
    seen = int(trained[rows].sum())
    if not seen:
        return "The model was trained on none of these images."
    return f"The model was trained on {seen:,} of these {count(rows.size, 'image')}: {LENIENT}"


def _same_data(run: "Run") -> bool:
    data = run.info.data if run.info else {}
    known = data.get("fingerprint")
    return known is not None and known == run.manifest["dataset"].get("fingerprint")


def _divisions(labelled: pd.DataFrame, recipe: Mapping[str, Any]) -> "Iterator[pd.Series[Any]]":
    if "split" in labelled:
        yield labelled["split"]
    for seed in dict.fromkeys((0, recipe.get("seed", 0))):
        try:
            yield split_by_patient(labelled, _SHARES, seed)
        except InputError:  # too few patients to divide
            return
