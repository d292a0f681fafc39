"""Which images of a run its checkpoint was trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.models.division import digests, read_division
from dermxai.numbers import count

if TYPE_CHECKING:
    from dermxai.runs.run import Run


def training_split(run: "Run") -> "pd.Series[Any] | None":
    """(n,) the split of each image in the training of the run's checkpoint, missing where it took
    no part; None where the checkpoint, or the run, does not tell its images apart."""
    if run.fingerprints is None or run.info is None:
        return None
    files = [str(file, "ascii") for file in run.fingerprints]
    folder = Path(run.manifest["checkpoint"]["path"])
    return read_division(folder, digests(run.samples["path"], files))


def trained_on(run: "Run") -> NDArray[np.bool_] | None:
    """(n,) whether each image of the run was trained on; None where that is not known."""
    if run.training_split is not None:
        return np.asarray(run.training_split == "train", dtype=bool)
    if run.info is None or "fingerprint" not in run.info.data or same_data(run):
        return None
    return np.zeros(len(run), dtype=bool)


def words(run: "Run", rows: NDArray[np.intp]) -> str:
    """What the model has seen of the images at ``rows``, in a sentence."""
    trained = run.trained_on
    if trained is None:
        known = (
            "The model was trained on images of this dataset, on which is not known"
            if same_data(run)
            else "Whether the model was trained on these images is not known"
        )
        return f"{known}; where it was, errors are too few and label errors hide."
    if seen := int(trained[rows].sum()):
        return (
            f"The model was trained on {seen:,} of these {count(rows.size, 'image')}: there errors "
            "are too few and label errors hide."
        )
    if run.training_split is None:
        return "The model was trained on another dataset."
    return "The model was trained on none of these images."


def same_data(run: "Run") -> bool:
    """Whether the run's checkpoint was trained on the run's data set."""
    known = run.info.data.get("fingerprint") if run.info else None
    return known is not None and known == run.manifest["dataset"].get("fingerprint")
