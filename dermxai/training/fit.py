"""The training loop: a data set and a recipe in, a checkpoint folder out.

Each epoch's order and augmentation follow from the seed and the epoch alone and its end state is
kept, so an interrupted training goes on as if nothing had happened.
"""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dermxai.data import Dataset
from dermxai.data.splits import split_by_patient
from dermxai.data.transforms import Preprocessing
from dermxai.errors import InputError
from dermxai.models.checkpoint import save_checkpoint
from dermxai.models.info import ModelInfo
from dermxai.paths import CheckpointFiles, replacing
from dermxai.taxonomy import ordered
from dermxai.training.card import model_card
from dermxai.training.learner import Learner, loss_of_votes
from dermxai.training.prepared import prepare_images
from dermxai.training.recipe import Recipe

Progress = Callable[[str, int, int, dict[str, float]], None]
"""Called with phase ("images" or "training"), done, total and the newest figures."""


def fit(
    dataset: Dataset,
    recipe: Recipe,
    output: str | Path,
    progress: Progress | None = None,
    device: str | None = None,
) -> Path:
    """Trains on the training patients; keeps the epoch with the lowest validation loss, to which
    every head contributes.

    Uses the ``split`` column (train, validation) where there is one, else splits 80 : 20 by
    patient. Called again with the same output folder, it continues an interrupted training.

    Returns:
        The checkpoint folder.

    Raises:
        InputError: fewer than two classes or no images to train or validate on; a loss that is not
            finite; an ``output`` whose interrupted training had another recipe or data set.
    """
    files = CheckpointFiles(Path(output))
    files.root.mkdir(parents=True, exist_ok=True)
    table, classes = labelled_rows(dataset)
    preprocessing = Preprocessing(size=recipe.size, colour_constancy=recipe.colour_constancy)
    images, usable = prepare_images(
        dataset,
        table["sample_id"].tolist(),
        preprocessing,
        files,
        lambda done, total: progress("images", done, total, {}) if progress else None,
    )
    labels = torch.tensor([classes.index(label) for label in table["label"]])
    training = np.flatnonzero(usable & (table["split"] == "train"))
    validation = np.flatnonzero(usable & (table["split"] == "validation"))
    if not len(training) or not len(validation):
        raise InputError(
            f"{dataset.name} has {len(training)} training and {len(validation)} validation images "
            "with labels; both are needed. Check its split column."
        )
    weights = sampling_weights(labels[training], recipe.balance)
    steps = max(1, len(training) // recipe.batch_size)
    learner = Learner(
        recipe,
        len(classes),
        steps * recipe.epochs,
        preprocessing,
        torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")),
    )
    asked = {"recipe": asdict(recipe), "data": dataset.fingerprint}
    history, best = _resume(learner, files, asked)
    started = monotonic()

    for epoch in range(len(history), recipe.epochs):
        generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
        torch.manual_seed(recipe.seed * 100_003 + epoch)
        drawn = torch.multinomial(weights, steps * recipe.batch_size, True, generator=generator)
        order = training[drawn.numpy()].reshape(steps, recipe.batch_size)
        size, losses = recipe.size_at(epoch), []
        for step, rows in enumerate(order, 1):
            losses.append(learner.step(images[rows], labels[rows], size, generator))
            if not math.isfinite(losses[-1]):
                raise InputError(
                    f"The loss became {losses[-1]} in epoch {epoch + 1}, step {step}; lower the "
                    f"learning rate (it is {recipe.learning_rate}). The best epoch is kept."
                )
            if progress:
                figures = {"epoch": epoch + 1.0, "loss": losses[-1]}
                progress("training", epoch * steps + step, recipe.epochs * steps, figures)
        logits = learner.logits(images, validation)
        reached = validation_figures(logits, labels[validation], recipe)
        history.append(
            {
                "epoch": epoch + 1,
                "size": size,
                "learning_rate": float(learner.schedule.get_last_lr()[0]),
                "loss": float(np.mean(losses)),
                **reached,
                "seconds": monotonic() - started,
            }
        )
        if progress:
            progress("training", (epoch + 1) * steps, recipe.epochs * steps, history[-1])
        if reached["validation_loss"] < best:
            best = reached["validation_loss"]
            info = ModelInfo(
                architecture=recipe.architecture,
                heads=learner.network.head_descriptions,
                classes=tuple(classes),
                preprocessing=preprocessing,
                name=files.root.name,
                recipe=asdict(recipe),
                metrics={"validation": {"epoch": epoch + 1, **reached}},
                data=_seen(dataset, table.iloc[training], table.iloc[validation]),
            )
            save_checkpoint(files.root, learner.averaged, info, model_card(info))
        with replacing(files.history) as path:
            pd.DataFrame(history).to_csv(path, index=False, float_format="%.6g")
        learner.save(files.training_state, {"asked": asked, "history": history, "best": best})
    for leftover in (files.training_state, files.prepared, files.prepared_mask):
        leftover.unlink(missing_ok=True)
    return files.root


def labelled_rows(dataset: Dataset) -> tuple[pd.DataFrame, list[str]]:
    """The rows with a label, with a split, and the classes in the taxonomy's order.

    Raises:
        InputError: fewer than two classes.
    """
    table = dataset.samples[dataset.samples["label"].notna()].reset_index(drop=True)
    classes = ordered(table["label"])
    if len(classes) < 2:
        raise InputError(
            f"{dataset.name} has {len(classes)} labelled classes; training needs at least two."
        )
    if "split" not in table or not {"train", "validation"} <= set(table["split"].dropna()):
        table = table.assign(split=split_by_patient(table, {"train": 0.8, "validation": 0.2}))
    return table, classes


def sampling_weights(labels: Tensor, balance: float) -> Tensor:
    """Weight of each image (n,) so that a class of n images is drawn in proportion to
    n ** (1 − balance)."""
    counts = torch.bincount(labels).double()
    return counts[labels] ** -balance


def validation_figures(logits: Tensor, labels: Tensor, recipe: Recipe) -> dict[str, float]:
    """Loss, top-1 accuracy and the mean sensitivity over the classes that occur.

    Args:
        logits: (n, head, class).
        labels: (n,) indices.
    """
    correct = (logits.sum(1).argmax(1) == labels).double()
    recalls = [correct[labels == index].mean() for index in torch.unique(labels)]
    return {
        "validation_loss": loss_of_votes(logits, labels, recipe).item(),
        "accuracy": correct.mean().item(),
        "balanced_accuracy": torch.stack(recalls).mean().item(),
    }


def _resume(
    learner: Learner, files: CheckpointFiles, asked: dict[str, Any]
) -> tuple[list[dict[str, float]], float]:
    """History and best figure of the epochs that an interrupted training had finished."""
    if not files.training_state.is_file():
        return [], math.inf
    progress = learner.restore(files.training_state)
    if progress["asked"] != asked:
        raise InputError(
            f"{files.root} holds an interrupted training with another recipe or data set; choose "
            "another output folder, or delete it to start anew."
        )
    return progress["history"], progress["best"]


def _seen(dataset: Dataset, training: pd.DataFrame, validation: pd.DataFrame) -> dict[str, object]:
    seen: dict[str, object] = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "training_images": len(training),
        "validation_images": len(validation),
        "training_images_by_class": training["label"].value_counts().to_dict(),
    }
    if "patient_id" in training:
        seen["training_patients"] = int(training["patient_id"].nunique())
    return seen
