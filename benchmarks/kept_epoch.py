"""Which measure should choose the epoch that a training keeps, where few patients validate?

    python -m benchmarks.kept_epoch DATASET --work FOLDER [--seeds 8] [--images 400]
        [--set epochs=5 …] [--first N] [--draws 200] [--json FILE]

Trains the recipe ``quick`` (or what ``--set`` makes of it) once a seed on as many images, by
patient (or lesion, where patients are unknown), and notes the logits of all other images after each
epoch.
Then, many times: a few of the other patients validate, each rule chooses an epoch by them, and the
images of the patients that are left say what that epoch is worth. Nothing is drawn from a model:
epochs, scores and the resemblance of a patient's images are those of real trainings.

A rule's cost is what the best epoch for the remaining images reaches less what the chosen one does,
mean over draws and seeds. What was trained before is read from the folder.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai.core.parsing import typed
from dermxai.data import Dataset, load_dataset
from dermxai.data.splits import groups
from dermxai.metrics import balanced_accuracy, confusion_matrix, macro_auc
from dermxai.training.fit import fit
from dermxai.training.loop import module
from dermxai.training.loop.losses import loss_of_votes
from dermxai.training.recipe import Recipe, chosen

PATIENTS = (8, 20, 50, 100)
"""That validate."""
NEAR_CHANCE = 0.6
"""A macro AUC below it on the remaining images counts as near chance."""
RULES = ("loss", "macro_auc", "balanced_accuracy", "last", "random")


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training said of the images that it did not learn from.

    Attributes:
        logits: (epoch, n, head, class).
        labels: (n,) class indices.
        units: (n,) the patient of each image, as a number.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    units: NDArray[np.int64]


def divided(dataset: Dataset, images: int, seed: int) -> Dataset:
    """Whole patients in random order learn until there are enough images; the others validate."""
    samples = dataset.samples[dataset.samples["label"].notna()].reset_index(drop=True)
    codes = pd.factorize(groups(samples))[0]
    order = np.random.default_rng(seed).permutation(codes.max() + 1)
    sizes = np.bincount(codes)[order]
    learning = order[np.cumsum(sizes) <= images]
    split = np.where(np.isin(codes, learning), "train", "validation")
    return replace(dataset, samples=samples.assign(split=split, unit=codes))


def trained(dataset: Dataset, recipe: Recipe, images: int, folder: Path) -> Trained:
    """A training's logits, from disk where it was trained before."""
    kept = folder / f"seed-{recipe.seed}.npz"
    if not kept.is_file():
        own = divided(dataset, images, recipe.seed)
        noted: list[NDArray[np.float32]] = []
        real = module.loss_of_votes

        def noting(logits: Any, labels: Any, *args: Any, **more: Any) -> Any:
            if not more:  # as after an epoch
                noted.append(logits.numpy())
            return real(logits, labels, *args, **more)

        with mock.patch.object(module, "loss_of_votes", noting):
            output = fit(own, recipe, folder / f"training-{recipe.seed}", images=folder / "images")
        classes = json.loads((output / "model.json").read_text("utf-8"))["classes"]
        rest = own.samples[own.samples["split"] == "validation"]
        labels = np.array([classes.index(label) for label in rest["label"]])
        np.savez_compressed(
            kept, logits=np.stack(noted), labels=labels, units=rest["unit"].to_numpy()
        )
    with np.load(kept) as content:
        return Trained(content["logits"], content["labels"], content["units"])


def measures(one: Trained, rows: NDArray[np.bool_], recipe: Recipe) -> pd.DataFrame:
    """A row an epoch on the images of ``rows``."""
    import torch

    labels, found = one.labels[rows], []
    for logits in one.logits[:, rows]:
        scores = logits.sum(1).astype(np.float64)
        matrix = confusion_matrix(labels, scores.argmax(1), scores.shape[1])
        loss = loss_of_votes(torch.from_numpy(logits), torch.from_numpy(labels), recipe)
        found.append(
            {
                "loss": float(loss),
                "macro_auc": macro_auc(labels, softmax(scores, axis=1)),
                "balanced_accuracy": float(balanced_accuracy(matrix)),
            }
        )
    return pd.DataFrame(found)


def choose(validated: pd.DataFrame, rule: str, rng: np.random.Generator) -> int:
    """Position of the epoch that a rule keeps: the measure's best, ties by loss."""
    if rule == "last":
        return len(validated) - 1
    if rule == "random":
        return int(rng.integers(len(validated)))
    value = validated[rule] if rule == "loss" else -validated[rule]
    return int(np.lexsort((validated["loss"], value.fillna(np.inf)))[0])


def simulate(
    found: Sequence[Trained], recipe: Recipe, patients: int, draws: int
) -> list[dict[str, Any]]:
    """A row a rule."""
    rng = np.random.default_rng(patients)
    costs: dict[str, list[tuple[float, float, bool]]] = {rule: [] for rule in RULES}
    for one in found:
        units = np.unique(one.units)
        for _ in range(draws):
            rows = np.isin(one.units, rng.choice(units, patients, replace=False))
            validated, truth = measures(one, rows, recipe), measures(one, ~rows, recipe)
            for rule in RULES:
                got = truth.iloc[choose(validated, rule, rng)]
                costs[rule].append(
                    (
                        truth["macro_auc"].max() - got["macro_auc"],
                        truth["balanced_accuracy"].max() - got["balanced_accuracy"],
                        got["macro_auc"] < NEAR_CHANCE,
                    )
                )
    rows_ = []
    for rule, values in costs.items():
        cost = np.array(values, dtype=np.float64).reshape(len(found), draws, 3).mean(1)
        mean, spread = cost.mean(0), cost.std(0, ddof=1) / np.sqrt(len(found))
        rows_.append(
            {
                "patients": patients,
                "rule": rule,
                "macro_auc": mean[0],
                "macro_auc_se": spread[0],
                "balanced_accuracy": mean[1],
                "balanced_accuracy_se": spread[1],
                "near_chance": mean[2],
            }
        )
    return rows_


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| Patients | Chosen by | macro AUC lost | balanced accuracy lost | kept near chance |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['patients']} | {row['rule']} | {row['macro_auc']:.3f} ± {row['macro_auc_se']:.3f} "
        f"| {row['balanced_accuracy']:.3f} ± {row['balanced_accuracy_se']:.3f} "
        f"| {row['near_chance']:.0%} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="Folder of the trainings.")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--images", type=int, default=400, help="That are learnt from.")
    parser.add_argument("--set", action="append", default=[], help="Of the recipe, name=value.")
    parser.add_argument("--first", type=int, help="Only so many epochs, as if stopped there.")
    parser.add_argument("--draws", type=int, default=200, help="Of validation patients.")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    recipe = chosen("quick", typed(Recipe, asked.set))
    dataset = load_dataset(asked.dataset)
    asked.work.mkdir(parents=True, exist_ok=True)
    found = [
        trained(dataset, recipe.replaced(seed=seed), asked.images, asked.work)
        for seed in range(asked.seeds)
    ]
    found = [replace(one, logits=one.logits[: asked.first]) for one in found]
    rows = [row for n in PATIENTS for row in simulate(found, recipe, n, asked.draws)]
    print(as_markdown(rows))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
