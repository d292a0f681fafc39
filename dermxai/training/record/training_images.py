"""What a checkpoint says of the images that it was trained and validated on."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dermxai.core.formatting import count
from dermxai.data import Dataset, split_words
from dermxai.data.splits import owners
from dermxai.models import load_classifier
from dermxai.models.devices import usable_device
from dermxai.models.feature_similarity import FEWEST, Space, TrainingFeatures
from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import (
    OWNERS,
    TrainingImages,
    digests,
    open_training_images,
    write_training_images,
)
from dermxai.training.data.examples import Examples, chosen_images
from dermxai.training.data.prepared import Prepared
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.plan import Plan, TrainingData, usable
from dermxai.training.recipe import IMAGENET, PACKAGED, Recipe

_BATCH = 32


def data_of(
    dataset: Dataset, examples: Examples, prepared: Prepared, recipe: Recipe
) -> TrainingData:
    """What model.json says of the data that a network learns from."""
    training, validation = (
        examples.table.iloc[usable(examples.rows(split), prepared)]
        for split in ("train", "validation")
    )
    seen: TrainingData = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "training_images": len(training),
        "validation_images": len(validation),
        "training_images_by_class": _by_class(training["label"].value_counts()),
    }
    if "patient_id" in training:
        patients = training.groupby("label")["patient_id"].nunique()
        seen["training_patients"] = int(training["patient_id"].nunique())
        seen["training_patients_by_class"] = _by_class(patients)
    notes = [
        *split_words.notes(dataset.samples),
        *_left_out(examples),
        *_chosen(dataset, recipe),
        *_split_notes(training, validation, examples.classes),
    ]
    if notes:
        seen["notes"] = notes
    if prepared.problems:
        seen["unreadable_images"] = {p.item: p.reason for p in prepared.problems}
    return seen


def _by_class(counts: pd.Series) -> dict[str, int]:
    return {str(code): int(count_) for code, count_ in counts.items()}


def _left_out(examples: Examples) -> Iterator[str]:
    """How many images of known splits, or without one, are not learnt from."""
    split = examples.table["split"]
    if tests := int((split == "test").sum()):
        yield f"{count(tests, 'test image')} left out of training and validation."
    if silent := int(split.isna().sum()):
        yield (
            f"{count(silent, 'image')} without a split, or of patients who are held out: left out "
            "of training and validation."
        )


def _chosen(dataset: Dataset, recipe: Recipe) -> Iterator[str]:
    """By which selections images play a part, and how many of the labelled ones do."""
    if not recipe.only and not recipe.leave_out:
        return
    labelled = dataset.samples.loc[dataset.samples["label"].notna(), "sample_id"]
    chosen = int(chosen_images(labelled, recipe).sum())
    by = [f"only {recipe.only}"] if recipe.only else []
    by += [f"without {recipe.leave_out}"] if recipe.leave_out else []
    yield (
        f"{chosen:,} of {count(len(labelled), 'labelled image')} play a part, by selections "
        f"({', '.join(by)})."
    )


def _split_notes(
    training: pd.DataFrame, validation: pd.DataFrame, classes: tuple[str, ...]
) -> list[str]:
    """What a split lacks, as where one patient has most of the images."""
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


def record_training_images(plan: Plan, fingerprints: Mapping[str, str]) -> None:
    """Keeps with both checkpoints which images are learnt from and validated on.

    Args:
        fingerprints: of the images' files, by sample id.
    """
    known = plan.examples.table["sample_id"].isin(fingerprints).to_numpy(dtype=bool)
    rows = np.flatnonzero(known & plan.prepared.usable)
    table = plan.examples.table.iloc[rows]
    images = digests(table["path"], table["sample_id"].map(fingerprints))
    ids = owners(plan.examples.table)
    earlier, whole = _earlier(plan)
    for folder in (plan.output, TrainingFiles(plan.output).last):
        write_training_images(
            folder,
            images,
            table["split"],
            owners={column: ids[column].iloc[rows] for column in OWNERS if column in ids},
            pictures=plan.prepared.pictures[rows],
            earlier=earlier,
            whole=whole,
        )


def keep_features(plan: Plan, fingerprints: Mapping[str, str]) -> None:
    """Keeps with the checkpoint what its network sees of the images that it learnt from, so that
    near-duplicates are known again: one more pass over them. Too few images keep nothing.

    Args:
        fingerprints: of the images' files, by sample id.
    """
    files = CheckpointFiles(plan.output)
    if len(plan.training) < FEWEST:
        return
    classifier = load_classifier(plan.output).to(usable_device(plan.hardware.first))
    if TrainingFeatures.read(files.training_features, classifier.hash) is not None:
        return
    pictures, parts = plan.prepared.open(), []
    for rows in np.array_split(plan.training, -(-len(plan.training) // _BATCH)):
        batch = np.stack([plan.preprocessing.normalise(pictures[row]) for row in rows])
        parts.append(classifier.infer(torch.from_numpy(batch)).pooled.cpu().numpy())
    pooled = np.concatenate(parts)
    space = Space.fitted([pooled])
    if space is None:
        return
    table = plan.examples.table.iloc[plan.training]
    images = digests(table["path"], table["sample_id"].map(fingerprints))
    TrainingFeatures(classifier.hash, np.array(images), space, space.of(pooled)).write(
        files.training_features
    )


def _earlier(plan: Plan) -> tuple[TrainingImages | None, bool]:
    """Training images of the checkpoint that a training starts from, and whether all is told that
    its first weights were trained on; photographs of ImageNet are none of skin."""
    if start := plan.recipe.start_from:
        earlier = open_training_images(Path(start))
        return earlier, earlier is not None
    return None, plan.recipe.weights in ("", IMAGENET, PACKAGED)
