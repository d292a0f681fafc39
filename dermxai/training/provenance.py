"""What a checkpoint says of the images that it learnt from and was validated on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dermxai.data import Dataset
from dermxai.models.division import digests, write_division
from dermxai.paths import TrainingFiles
from dermxai.training.examples import Examples
from dermxai.training.plan import Plan, usable
from dermxai.training.prepared import Prepared


def data_of(dataset: Dataset, examples: Examples, prepared: Prepared) -> dict[str, Any]:
    """What model.json says of the data that a network learns from."""
    training, validation = (
        examples.table.iloc[usable(examples.rows(split), prepared)]
        for split in ("train", "validation")
    )
    seen: dict[str, Any] = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "training_images": len(training),
        "validation_images": len(validation),
        "training_images_by_class": training["label"].value_counts().to_dict(),
    }
    if "patient_id" in training:
        patients = training.groupby("label")["patient_id"].nunique()
        seen["training_patients"] = int(training["patient_id"].nunique())
        seen["training_patients_by_class"] = patients.to_dict()
    if notes := _division_notes(training, validation, examples.classes):
        seen["notes"] = notes
    if prepared.problems:
        seen["unreadable_images"] = {p.item: p.reason for p in prepared.problems}
    return seen


def _division_notes(
    training: pd.DataFrame, validation: pd.DataFrame, classes: tuple[str, ...]
) -> list[str]:
    """What a division lacks, as where one patient has most of the images."""
    unlearnt = [code for code in classes if code not in set(training["label"])]
    unseen = [code for code in classes if code not in set(validation["label"])]
    notes = []
    if len(validation) > len(training):
        notes.append(
            f"More images are validated on ({len(validation)}) than learnt from ({len(training)})."
        )
    if unlearnt:
        notes.append(f"No training image of {', '.join(unlearnt)}: never learnt.")
    if unseen:
        notes.append(f"No validation image of {', '.join(unseen)}: never measured.")
    return notes


def note_division(plan: Plan, fingerprints: Mapping[str, str]) -> None:
    """Keeps with both checkpoints which images are learnt from and validated on.

    Args:
        fingerprints: of the images' files, by sample id.
    """
    table = plan.examples.table.iloc[usable(np.arange(len(plan.examples.table)), plan.prepared)]
    table = table[table["sample_id"].isin(fingerprints)]
    images = digests(table["path"], table["sample_id"].map(fingerprints))
    for folder in (plan.output, TrainingFiles(plan.output).last):
        write_division(folder, images, table["split"])
