"""How many images and patients of each class a run's checkpoint was trained on."""

from enum import StrEnum

import pandas as pd

from dermxai.data import overview
from dermxai.runs.run import Run


class Source(StrEnum):
    """Where the counts come from."""

    CHECKPOINT = "checkpoint"
    DATASET = "dataset"
    """The checkpoint does not say; they are those of the run's training images."""
    UNKNOWN = "unknown"


def training_counts(run: Run) -> tuple[pd.DataFrame, Source]:
    """``images`` and, where known, ``patients`` of each class (index); empty where not known."""
    data = run.info.data if run.info else {}
    by_class = data.get("training_images_by_class")
    if by_class:
        patients = data.get("training_patients_by_class", {})
        counts = {"images": by_class, "patients": patients}
        table = pd.DataFrame({name: pd.Series(of, dtype="float64") for name, of in counts.items()})
        return table, Source.CHECKPOINT
    split = run.samples.get("split")
    if split is not None and (split == "train").any():
        return overview.by_class(run.samples[split == "train"]), Source.DATASET
    return pd.DataFrame(), Source.UNKNOWN
