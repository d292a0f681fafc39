"""Which images of a run its checkpoint was trained on."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.data.splits import split_by_patient
from dermxai.errors import InputError
from dermxai.models import ModelInfo
from dermxai.numbers import count
from dermxai.runs import Run

_SHARES = {"train": 0.8, "validation": 0.2}
"""Of a data set without splits, as training divides it."""


def trained_on(run: Run, info: ModelInfo | None) -> NDArray[np.bool_] | None:
    """(n,) whether each image of the run was trained on; None where that is not known.

    A checkpoint names its data set and counts its training images by class. Of that data set, the
    training images are those of the split column, or of the division that training makes where
    there is none: whichever has exactly these counts.
    """
    data: Mapping[str, Any] = info.data if info else {}
    if "fingerprint" not in data:
        return None
    if data["fingerprint"] != run.manifest["dataset"].get("fingerprint"):
        return np.zeros(len(run), dtype=bool)
    labelled = run.samples[run.samples["label"].notna()]
    for split in _divisions(labelled, dict(info.recipe) if info else {}):
        training = labelled.index[split == "train"]
        counts = labelled.loc[training, "label"].value_counts().to_dict()
        if counts == data.get("training_images_by_class"):
            return np.asarray(run.samples.index.isin(training))
    return None


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
    return (
        f"The model was trained on {seen:,} of these {count(rows.size, 'image')}: there errors are "
        "too few and label errors hide."
    )


def _divisions(labelled: pd.DataFrame, recipe: Mapping[str, Any]) -> Iterator["pd.Series[Any]"]:
    if "split" in labelled:
        yield labelled["split"]
    for seed in dict.fromkeys((0, recipe.get("seed", 0))):
        try:
            yield split_by_patient(labelled, _SHARES, seed)
        except InputError:  # too few patients to divide
            return
