"""Recipe ``light`` beside what it has to beat: the same network from random weights in the same
time, a linear probe on the packaged weights' frozen features, and fifteen colour statistics.

    python -m benchmarks.light DATASET --work FOLDER [--folds 5] [--seed 0] [--only FOLD …]
        [--set size=160 …] [--part test] [--json FILE]

Folds are drawn by patient (or lesion, where patients are unknown), as in a cross-validation; of the
images outside a test fold a share validates, and all four learn from, are chosen on and are tested
on the same images of a fold:

- **light** keeps the epoch that its validation images choose;
- **from scratch** is light's network and image size from random weights, all layers in one cycle
  of the learning rate, with as many epochs as light's processor time of the fold pays for, rounded
  up;
- the **linear probe** is a logistic regression on the averages of the last feature map, at
  light's image size and at that of the packaged weights; **colour statistics** are mean, standard
  deviation and quartiles of each channel, without colour constancy. The penalty (and the image
  size) is what the validation images choose, after which they are learnt from, too.

Intervals are over patients (or lesions), the trained networks fixed; differences are paired. Time
is the processor's. Stopped, it goes on where it was. ``--part validation`` measures on the
validation images instead: by these a recipe is chosen.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dermxai.core.disk import replacing
from dermxai.core.parsing import typed
from dermxai.data import Dataset, load_dataset
from dermxai.data.splits import units
from dermxai.data.transforms import Preprocessing
from dermxai.metrics import balanced_accuracy, confusion_matrix, delong, intervals, macro_auc
from dermxai.models import Classifier, ModelInfo
from dermxai.runs.forward import forward_pass, part_size
from dermxai.training.data.examples import Examples, examples_of
from dermxai.training.data.prepared import Prepared, prepare_images
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit, preprocessing_of
from dermxai.training.initial_network import initial_network
from dermxai.training.loop.plan import usable
from dermxai.training.recipe import Recipe, chosen
from dermxai.training.studies.comparison import Member
from dermxai.training.studies.study import of_member, scores_of, units_of

LIGHT, SCRATCH, PROBE, COLOURS = "light", "from scratch", "linear probe", "colour statistics"
ALL = (LIGHT, SCRATCH, PROBE, COLOURS)
PUBLISHED_SIZE = 224
"""Pixels of the images that the packaged weights were trained with."""
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the logistic regressions' penalty."""
LEVEL = 0.95
BATCH = 32

Features = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of the images.

    Attributes:
        dataset: with a split column.
        recipe: light's, with the seed of the folds.
        measured: positions among ``examples`` of the images that are measured on.
    """

    dataset: Dataset
    recipe: Recipe
    examples: Examples
    measured: NDArray[np.int64]
    images: Path

    def prepared(self, preprocessing: Preprocessing) -> Prepared:
        return prepare_images(
            self.dataset, self.examples.sample_ids, preprocessing, self.images, lambda *_: None
        )

    def rows(self, split: str) -> NDArray[np.int64]:
        return self.examples.rows(split)


class Clock:
    """Processor seconds of each epoch of a training, kept in a file, since one that was stopped
    goes on after its last whole epoch."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.epochs: dict[str, float] = json.loads(file.read_text()) if file.is_file() else {}
        self._epoch, self._began, self._last = "", 0.0, time.process_time()

    def __call__(self, phase: str, _done: int, _total: int, figures: dict[str, float]) -> None:
        """As `fit` tells its progress, after each batch."""
        if phase != "training":
            return
        epoch, now = f"{figures['epoch']:.0f}", time.process_time()
        if epoch != self._epoch:
            self._epoch, self._began = epoch, self._last if self._epoch else now
        self.epochs[epoch], self._last = now - self._began, now
        with replacing(self._file) as path:
            path.write_text(json.dumps(self.epochs))

    @property
    def seconds(self) -> float:
        return sum(self.epochs.values())


def fold_of(dataset: Dataset, recipe: Recipe, member: Member, given: argparse.Namespace) -> Fold:
    divided, own = of_member(dataset, recipe, member, given.folds)
    examples = examples_of(divided, own)
    fold = Fold(divided, own, examples, examples.rows(given.part), given.work / "images")
    return replace(fold, measured=usable(fold.measured, fold.prepared(preprocessing_of(own))))


def trained(fold: Fold, recipe: Recipe, folder: Path) -> tuple[NDArray[np.float64], Clock]:
    """Probabilities (n, class) of a training, and what its epochs took."""
    clock = Clock(folder.with_suffix(".seconds.json"))
    fit(fold.dataset, recipe, folder, clock, "cpu", images=fold.images)
    preprocessing = preprocessing_of(recipe)
    pixels = fold.prepared(preprocessing).open()
    scores = scores_of(folder, pixels, fold.measured, preprocessing, "cpu")
    return softmax(scores.astype(np.float64), axis=1), clock


def from_scratch(light: Recipe, folder: Path, clock: Clock) -> Recipe:
    """Light's network from random weights, with so many epochs as its training has paid for."""
    rows = pd.read_csv(TrainingFiles(folder).history)
    learning = rows["learning_stages"]
    whole = rows["epoch"][learning == learning.max()].astype(str)
    pace = float(np.median([clock.epochs[epoch] for epoch in whole]))
    return light.replaced(
        weights="",
        unfreeze=False,
        learning_rate=chosen("scratch").learning_rate,
        epochs=max(1, int(np.ceil(clock.seconds / pace))),
    )


@torch.inference_mode()
def frozen_features(fold: Fold, size: int) -> Features:
    """(image, feature) averages of the last feature map, of the packaged weights."""
    recipe = fold.recipe.replaced(auxiliary=False, size=size)
    kept = fold.images / f"features-{size}.npy"
    if kept.is_file():
        return np.load(kept)
    classes, cpu = fold.examples.classes, torch.device("cpu")
    network, preprocessing = initial_network(recipe, classes).eval(), preprocessing_of(recipe)
    info = ModelInfo(network.architecture, network.head_descriptions, classes, preprocessing)
    classifier = Classifier(network, info, "packaged", Path("packaged"))
    forward = forward_pass(classifier, cpu, torch.float32, part_size(size, BATCH, cpu))
    pixels = fold.prepared(preprocessing).open()
    found = []
    for start in range(0, len(pixels), BATCH):
        batch = torch.from_numpy(np.array(pixels[start : start + BATCH]))
        found.append(forward(batch)[1].numpy())
    features = np.concatenate(found).astype(np.float64)
    with replacing(kept) as path, path.open("wb") as file:
        np.save(file, features)
    return features


def colour_statistics(fold: Fold) -> Features:
    """(image, 15): of each channel the mean, the standard deviation and the quartiles."""
    pixels = fold.prepared(Preprocessing(size=fold.recipe.size, colour_constancy="none")).open()
    rows = []
    for image in pixels:
        channels = image.reshape(-1, 3).astype(np.float64)
        quartiles = np.percentile(channels, [25, 50, 75], axis=0).ravel()
        rows.append(np.concatenate([channels.mean(0), channels.std(0), quartiles]))
    return np.stack(rows)


def regressed(
    fold: Fold, candidates: Mapping[str, Callable[[], Features]]
) -> tuple[NDArray[np.float64], float, str]:
    """Probabilities (n, class) of the logistic regression that the validation images choose, its
    processor seconds, and which it is."""
    began = time.process_time()
    labels, learnt = fold.examples.labels, fold.rows("train")
    validation = fold.rows("validation")
    best: tuple[float, str, Any, Features] | None = None
    for name, make in candidates.items():
        features = make()
        for penalty in PENALTIES:
            model = make_pipeline(
                StandardScaler(),
                LogisticRegression(C=penalty, class_weight="balanced", max_iter=3000),
            )
            model.fit(features[learnt], labels[learnt])
            reached = macro_auc(labels[validation], model.predict_proba(features[validation]))
            if best is None or reached > best[0]:
                best = (reached, f"{name}, C={penalty:g}", model, features)
    assert best is not None
    _, told, model, features = best
    if not np.intersect1d(validation, fold.measured).size:
        both = np.concatenate([learnt, validation])
        model.fit(features[both], labels[both])
    return model.predict_proba(features[fold.measured]), time.process_time() - began, told


def made(fold: Fold, name: str, folder: Path) -> tuple[NDArray[np.float64], float, str]:
    """Probabilities (n, class), processor seconds and settings of one of the four.

    Raises:
        InputError: as `fit`.
    """
    if name == LIGHT:
        found, clock = trained(fold, fold.recipe, folder / "light")
        return found, clock.seconds, f"{fold.recipe.epochs} epochs"
    if name == SCRATCH:
        clock = trained(fold, fold.recipe, folder / "light")[1]
        recipe = from_scratch(fold.recipe, folder / "light", clock)
        found, clock = trained(fold, recipe, folder / "scratch")
        return found, clock.seconds, f"{recipe.epochs} epochs"
    if name == COLOURS:
        return regressed(fold, {"15": lambda: colour_statistics(fold)})
    sizes = sorted({fold.recipe.size, PUBLISHED_SIZE})
    return regressed(
        fold, {f"{size} px": lambda size=size: frozen_features(fold, size) for size in sizes}
    )


def kept_or_made(
    fold: Fold, name: str, folder: Path, part: str
) -> tuple[NDArray[np.float64], float, str]:
    """`made`, from disk where it was made before."""
    kept = folder / f"{name.replace(' ', '-')}-{part}.npz"
    if not kept.is_file():
        values, seconds, told = made(fold, name, folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept) as path, path.open("wb") as file:
            np.savez(file, values=values, seconds=np.array(seconds), told=np.array(told))
    with np.load(kept) as content:
        return content["values"], float(content["seconds"]), str(content["told"])


def measures(
    labels: NDArray[np.int64],
    found: Mapping[str, NDArray[np.float64]],
    patients: NDArray[np.object_],
) -> list[dict[str, Any]]:
    """Of each: balanced accuracy and macro AUC with intervals, and what the first has more.

    Args:
        found: (n, class) probabilities by name.
        patients: (n,) whose each image is.
    """
    clusters = intervals.cluster_index(patients)
    right = {name: (values.argmax(1) == labels)[:, None] for name, values in found.items()}
    member = labels[:, None] == np.arange(next(iter(found.values())).shape[1])
    areas = {name: delong.mean_area(member, values) for name, values in found.items()}
    first, rows = next(iter(found)), []
    for name in found:
        estimates = (intervals.class_mean(right[name], labels), areas[name])
        row: dict[str, Any] = {"name": name}
        for measure, each in zip(("balanced_accuracy", "macro_auc"), estimates, strict=True):
            own = intervals.score_interval(each, clusters, LEVEL)
            row[measure] = [float(each.value[0]), float(own.low[0]), float(own.high[0])]
        if name != first:
            parts = [
                intervals.class_mean(part, labels)
                for part in intervals.gains_and_losses(right[first], right[name])
            ]
            for measure, (more, less) in (
                ("balanced_accuracy", parts),
                ("macro_auc", (areas[first], areas[name])),
            ):
                gap = intervals.difference_interval(more, less, clusters, LEVEL)
                row[f"{measure}_gained"] = [
                    float((more.value - less.value)[0]),
                    float(gap.low[0]),
                    float(gap.high[0]),
                ]
        rows.append(row)
    return rows


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown."""

    def cell(values: Sequence[float] | None, sign: str = "") -> str:
        if values is None:
            return ""
        value, low, high = values
        return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"

    heads = ("", "Balanced accuracy", "Macro AUC", f"{rows[0]['name']} more: balanced accuracy",
             "macro AUC", "Processor seconds a fold")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        gained = [cell(row.get(f"{m}_gained"), "+") for m in ("balanced_accuracy", "macro_auc")]
        own = [cell(row[measure]) for measure in ("balanced_accuracy", "macro_auc")]
        seconds = row["seconds"]
        time_taken = f"{min(seconds):.0f} to {max(seconds):.0f}"
        lines.append(f"| {row['name']} | {' | '.join([*own, *gained, time_taken])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, nargs="+", help="these folds, counted from 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of", nargs="+", choices=ALL, default=ALL, help="some of the four")
    parser.add_argument("--set", nargs="+", default=[], dest="settings")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    recipe = chosen("light", typed(Recipe, given.settings) | {"seed": given.seed})
    dataset = load_dataset(given.dataset)

    labels: list[NDArray[np.int64]] = []
    patients: list[NDArray[np.object_]] = []
    found: dict[str, list[NDArray[np.float64]]] = {}
    seconds: dict[str, list[float]] = {}
    by_fold: list[dict[str, Any]] = []
    for number in given.only or range(given.folds):
        fold = fold_of(dataset, recipe, Member(recipe.network, recipe.seed, number), given)
        folder = given.work / f"seed-{given.seed}" / f"fold-{number}"
        labels.append(fold.examples.labels[fold.measured])
        patients.append(units_of(fold.examples)[fold.measured])
        for name in given.of:
            values, took, told = kept_or_made(fold, name, folder, given.part)
            found.setdefault(name, []).append(values)
            seconds.setdefault(name, []).append(took)
            matrix = confusion_matrix(labels[-1], values.argmax(1), values.shape[1])
            one = {
                "fold": number,
                "name": name,
                "balanced_accuracy": float(balanced_accuracy(matrix)),
                "macro_auc": macro_auc(labels[-1], values),
                "seconds": took,
                "settings": told,
            }
            by_fold.append(one)
            print(
                f"fold {number} {name}: balanced accuracy {one['balanced_accuracy']:.3f}, macro "
                f"AUC {one['macro_auc']:.3f}, {took:.0f} s, {told}",
                flush=True,
            )
    rows = measures(
        np.concatenate(labels),
        {name: np.concatenate(values) for name, values in found.items()},
        np.concatenate(patients),
    )
    rows = [row | {"seconds": seconds[row["name"]]} for row in rows]
    images, over = sum(map(len, labels)), units(dataset.samples)
    print(f"{images:,} images; intervals of {LEVEL:.0%} over {over}\n\n{as_table(rows)}")
    if given.json:
        content = {
            "recipe": recipe.model_dump(),
            "images": images,
            "units": over,
            "folds": by_fold,
            "all": rows,
        }
        given.json.write_text(json.dumps(content, indent=2, default=str))


if __name__ == "__main__":
    main()
