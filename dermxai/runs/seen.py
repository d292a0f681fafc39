"""Which images of a run its checkpoint was trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.models.division import read_division
from dermxai.numbers import count

if TYPE_CHECKING:
    from dermxai.runs.run import Run


def training_split(run: "Run") -> "pd.Series[Any] | None":
    """(n,) the split of each image in the training of the run's checkpoint, missing where it had
    none; None where it was trained on other data, or where that is not known."""
    if not same_data(run):
        return None
    folder = Path(run.manifest["checkpoint"]["path"])
    fingerprint = run.manifest["dataset"]["fingerprint"]
    return read_division(folder, fingerprint, run.samples["sample_id"])


def trained_on(run: "Run") -> NDArray[np.bool_] | None:
    """(n,) whether each image of the run was trained on; None where that is not known."""
    if run.info is None or "fingerprint" not in run.info.data:
        return None
    if not same_data(run):
        return np.zeros(len(run), dtype=bool)
    split = run.training_split
    return None if split is None else np.asarray(split == "train", dtype=bool)


def words(run: "Run", rows: NDArray[np.intp]) -> str:
    """What the model has seen of the images at ``rows``, in a sentence."""
    trained = run.trained_on
    if trained is None:
        return (
            "The model was trained on images of this dataset, on which is not known; where it was, "
            if same_data(run)
            else "Whether the model was trained on these images is not known; where it was, "
        ) + "errors are too few and label errors hide."
    seen = int(trained[rows].sum())
    if not seen:
        return "The model was trained on none of these images."
    return (
        f"The model was trained on {seen:,} of these {count(rows.size, 'image')}: there errors are "
        "too few and label errors hide."
    )


def same_data(run: "Run") -> bool:
    """Whether the run's checkpoint was trained on the run's data set."""
    known = run.info.data.get("fingerprint") if run.info else None
    return known is not None and known == run.manifest["dataset"].get("fingerprint")
