"""Cross-validation by patient over several seeds and networks: mean ± SD, as the paper prints it.

Every labelled image is in the test fold once for each seed; of the other folds' patients a share
validates. Each member of the study is a training of its own, so a study that is stopped goes on
inside the fold where it was.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from dermxai.data import Dataset
from dermxai.data.splits import folds as fold_numbers
from dermxai.data.splits import groups, split_by_patient
from dermxai.data.transforms import Preprocessing
from dermxai.disk import replacing
from dermxai.errors import InputError
from dermxai.metrics import (
    auc,
    balanced_accuracy,
    bootstrap,
    confusion_matrix,
    one_vs_rest,
    top1_accuracy,
)
from dermxai.metrics.confusion import mean_defined
from dermxai.models import load_classifier
from dermxai.models.devices import usable_device
from dermxai.numbers import jsonable
from dermxai.paths import StudyFiles, TrainingFiles
from dermxai.training.beginning import Beginning, alone, as_begun, beginning, note_data
from dermxai.training.examples import examples_of
from dermxai.training.fit import fit, preprocessing_of
from dermxai.training.plan import Progress
from dermxai.training.prepared import prepare_images
from dermxai.training.recipe import HEADS, IMAGENET, Recipe
from dermxai.training.starting import try_network
from dermxai.training.trainer import rank

BASELINES = ("efficientnet_b4", "resnet101", "inception_v3")
"""The paper's Table 3, beside its own network."""
VALIDATION = 0.15  # of the images outside the test fold
PARTS = 1000  # of a member in the progress of the whole
PREDICTION_BATCH = 32

MEASURES: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "auc": "AUC",
    "balanced_accuracy": "Balanced accuracy",
    "top1_accuracy": "Top-1 accuracy",
}
"""The first four are means of the classes one against rest, as in the paper's Tables 2 and 3."""


@dataclass(frozen=True)
class Member:
    """One training: a network, a seed, a fold that it is tested on."""

    network: str
    seed: int
    fold: int


def study(
    dataset: Dataset,
    recipe: Recipe,
    output: str | Path,
    progress: Progress | None = None,
    device: str | None = None,
    *,
    folds: int,
    seeds: int = 1,
    baselines: Sequence[str] = (),
    devices: int = 1,
    nodes: int = 1,
) -> Path:
    """Trains and tests ``folds`` × ``seeds`` members of each network.

    Args:
        recipe: of all; its own network comes first, its ``seed`` is the first one.
        output: gets ``study.json``, ``study.csv`` (a row a member), ``README.md`` (the table) and
            ``<network>/seed-<s>/fold-<f>`` with each member's checkpoint.
        baselines: further networks, by timm name; with "+heads" they have auxiliary heads.
        device, devices, nodes: as for `fit`.

    Returns:
        ``output``.

    Raises:
        InputError: as `fit`; fewer than two folds; a folder with another study; weights from a file
            that only fits one network.
    """
    files = StudyFiles(Path(output).absolute())
    planned = members(recipe, folds, seeds, baselines)
    first = rank() == 0
    with alone(files.lock) if first else nullcontext():
        dataset = as_begun(dataset, files.data)
        examples = examples_of(dataset, replace(recipe, split="patient"))
        new = Beginning(asdict(recipe), dataset.fingerprint, examples.fingerprint, folds)
        begun = beginning(new, files.begun)
        if first:
            for own in {member.network: _own(recipe, member) for member in planned}.values():
                try_network(own, examples.classes)
            begun.note(files.begun, ended=False)
            note_data(dataset, files.data)
        results = []
        for index, member in enumerate(planned):

            def tell(
                phase: str, done: int, total: int, figures: dict[str, float], index: int = index
            ) -> None:
                if progress and phase == "training":
                    step = int(PARTS * (index + done / total))
                    progress(
                        phase,
                        step,
                        PARTS * len(planned),
                        {"member": index + 1.0, "members": float(len(planned)), **figures},
                    )
                elif progress:
                    progress(phase, done, total, figures)

            how = {"progress": tell, "device": device, "devices": devices, "nodes": nodes}
            divided, own = of_member(dataset, recipe, member, folds)
            results.append(_result(divided, own, member, files, **how))
        _write(files, dataset, recipe, results)
        shutil.rmtree(files.images, ignore_errors=True)
        files.data.unlink(missing_ok=True)
    return files.root


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation (n − 1) over the members of each network, in their order:
    columns network, members, and each measure with _mean and _sd."""
    rows = []
    for network, members in results.groupby("network", sort=False):
        row: dict[str, Any] = {"network": network, "members": len(members)}
        for measure in MEASURES:
            row |= {
                f"{measure}_mean": members[measure].mean(),
                f"{measure}_sd": members[measure].std(ddof=1),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def as_printed(table: pd.DataFrame) -> str:
    """Markdown of `summary`, mean ± SD."""
    lines = ["| Network | " + " | ".join(MEASURES.values()) + " |", "|---" * 7 + "|"]
    for row in table.to_dict("records"):
        cells = []
        for measure in MEASURES:
            mean, sd = row[f"{measure}_mean"], row[f"{measure}_sd"]
            cells.append(f"{mean:.3f}" + ("" if np.isnan(sd) else f" ± {sd:.3f}"))
        lines.append(f"| {row['network']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def members(recipe: Recipe, folds: int, seeds: int, baselines: Sequence[str]) -> list[Member]:
    """The trainings of a study, in their order: all of the recipe's own network first.

    Raises:
        InputError: as `study`.
    """
    networks = list(dict.fromkeys([recipe.network, *baselines]))
    _check(recipe, networks, folds, seeds)
    return [
        Member(network, recipe.seed + seed, fold)
        for network in networks
        for seed in range(seeds)
        for fold in range(folds)
    ]


def of_member(
    dataset: Dataset, recipe: Recipe, member: Member, folds: int
) -> tuple[Dataset, Recipe]:
    """The data set as it is divided for a member of a study, and the member's recipe."""
    own = _own(recipe, member)
    return _divided(dataset, own, folds, member.fold), own


def _own(recipe: Recipe, member: Member) -> Recipe:
    return replace(
        recipe,
        architecture=member.network.removesuffix(HEADS),
        auxiliary=member.network.endswith(HEADS),
        seed=member.seed,
        split="column",
    )


def _check(recipe: Recipe, networks: Sequence[str], folds: int, seeds: int) -> None:
    if folds < 2 or seeds < 1:
        raise InputError(f"{folds} folds and {seeds} seeds came; expected 2 or more and 1 or more.")
    own = recipe.start_from or (recipe.weights if recipe.weights != IMAGENET else "")
    others = {name.removesuffix(HEADS) for name in networks} - {recipe.architecture}
    if own and others:
        raise InputError(
            f"{own} holds weights of {recipe.architecture} only, but {', '.join(sorted(others))} "
            f"are to be compared with it; set weights to {IMAGENET} or leave them random."
        )


def _divided(dataset: Dataset, recipe: Recipe, folds: int, fold: int) -> Dataset:
    """The data set with a split column in which one fold is the test."""
    samples = dataset.samples.drop(columns="split", errors="ignore").reset_index(drop=True)
    labelled = samples[samples["label"].notna()]
    tested = fold_numbers(labelled, folds, recipe.seed) == fold
    shares = {"train": 1 - VALIDATION, "validation": VALIDATION}
    split = pd.Series(pd.NA, index=samples.index, dtype="object")
    split[labelled.index[tested]] = "test"
    rest = labelled[~tested]
    split[rest.index] = split_by_patient(rest, shares, recipe.seed)
    return replace(dataset, samples=samples.assign(split=split))


def _result(
    divided: Dataset,
    recipe: Recipe,
    member: Member,
    files: StudyFiles,
    **how: Any,
) -> dict[str, Any]:
    """A member's figures and its test images' scores, from disk where it has ended."""
    folder = files.member(member.network, member.seed, member.fold)
    fit(divided, recipe, folder, images=files.images, **how)
    examples = examples_of(divided, recipe)
    shutil.rmtree(TrainingFiles(folder).last, ignore_errors=True)
    kept = files.scores(member.network, member.seed, member.fold)
    if not kept.is_file():
        preprocessing = preprocessing_of(recipe)
        prepared = prepare_images(
            divided, examples.sample_ids, preprocessing, files.images, lambda *_: None
        )
        rows = examples.rows("test")
        rows = rows[prepared.usable[rows]]
        scores = _scores(folder, prepared.open(), rows, preprocessing, how["device"])
        with replacing(kept) as path, path.open("wb") as file:
            np.savez_compressed(file, rows=rows, scores=scores)
    with np.load(kept) as content:
        rows, scores = content["rows"], content["scores"]
    figures = measured(scores, examples.labels[rows])
    units = groups(examples.table).to_numpy()[rows]
    return {
        **asdict(member), "images": len(rows), **figures,
        "_rows": rows, "_true": examples.labels[rows], "_read": scores.argmax(1), "_units": units,
    }  # fmt: skip


@torch.inference_mode()
def _scores(
    folder: Path,
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
    device: str | None,
) -> NDArray[np.float32]:
    """(n, class) logits summed over heads, of the checkpoint as the dashboard loads it."""
    classifier = load_classifier(folder).to(usable_device(device))
    parts = []
    for chosen in np.array_split(rows, max(1, len(rows) // PREDICTION_BATCH)):
        batch = np.stack([preprocessing.normalise(images[row]) for row in chosen])
        parts.append(classifier.infer(torch.from_numpy(batch)).logits.sum(1).cpu().numpy())
    return np.concatenate(parts)


def measured(scores: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, float]:
    """The `MEASURES` of scores (n, class) against class indices (n,); means are over the classes
    that occur."""
    k = scores.shape[1]
    matrix = confusion_matrix(labels, scores.argmax(1), k)
    occurs = matrix.sum(1) > 0
    by_class = one_vs_rest(matrix)
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    probabilities = shifted / shifted.sum(1, keepdims=True)
    areas = np.array([auc(labels == index, probabilities[:, index]) for index in range(k)])
    return {
        "accuracy": float(mean_defined(by_class.accuracy[occurs])),
        "sensitivity": float(mean_defined(by_class.sensitivity[occurs])),
        "specificity": float(mean_defined(by_class.specificity[occurs])),
        "auc": float(mean_defined(areas)),
        "balanced_accuracy": float(balanced_accuracy(matrix)),
        "top1_accuracy": float(top1_accuracy(matrix)),
    }


def differences(results: Sequence[Mapping[str, Any]], n_classes: int) -> list[dict[str, Any]]:
    """Balanced accuracy of each further network less that of the first, over all test images,
    mean of the seeds, with the 95 % interval of resampled patients (the networks stay fixed)."""
    drawn: dict[str, list[Any]] = {}
    values: dict[str, list[float]] = {}
    for network, seed in dict.fromkeys((r["network"], r["seed"]) for r in results):
        own = [r for r in results if (r["network"], r["seed"]) == (network, seed)]
        order = np.argsort(np.concatenate([r["_rows"] for r in own]), kind="stable")
        true, read, units = (
            np.concatenate([r[name] for r in own])[order] for name in ("_true", "_read", "_units")
        )
        plan = bootstrap.resampling(units)
        matrices = bootstrap.confusion_replicates(true, read, n_classes, plan)
        drawn.setdefault(network, []).append(balanced_accuracy(matrices))
        matrix = confusion_matrix(true, read, n_classes)
        values.setdefault(network, []).append(float(balanced_accuracy(matrix)))
    first, *others = drawn
    compared = []
    for other in others:
        apart = np.mean(drawn[other], axis=0) - np.mean(drawn[first], axis=0)
        low, high = np.nanquantile(apart, [0.025, 0.975]) if apart.size else (np.nan, np.nan)
        compared.append(
            {
                "network": other,
                "less": first,
                "balanced_accuracy": float(np.mean(values[other]) - np.mean(values[first])),
                "low": float(low),
                "high": float(high),
            }
        )
    return compared


def _write(
    files: StudyFiles,
    dataset: Dataset,
    recipe: Recipe,
    results: Sequence[dict[str, Any]],
) -> None:
    public = [{k: v for k, v in r.items() if not k.startswith("_")} for r in results]
    rows = pd.DataFrame(public)
    table = summary(rows)
    n_classes = len(examples_of(dataset, replace(recipe, split="patient")).classes)
    compared = differences(results, n_classes)
    tested = rows.loc[rows["network"] == recipe.network].groupby("seed")["images"].sum().iloc[0]
    note = (
        f"{dataset.name}: {tested} images, each tested once for each seed by a network that saw "
        "none of its patient. Mean ± SD over folds and seeds; accuracy, sensitivity, specificity "
        "and AUC are means of the classes one against rest. The SD says how much trainings "
        "differ, not how sure a figure is: folds share training images."
    )
    content = {
        "recipe": asdict(recipe),
        "table": table.to_dict("records"),
        "differences": compared,
        "members": public,
        "note": note,
    }
    text = [f"# {files.root.name}", "", note, "", as_printed(table), ""]
    text += [
        f"{d['network']} less {d['less']}: balanced accuracy {d['balanced_accuracy']:+.3f} "
        f"(95 % interval over patients {d['low']:+.3f} to {d['high']:+.3f})."
        for d in compared
    ]
    with replacing(files.table) as path:
        rows.to_csv(path, index=False, float_format="%.6g")
    with replacing(files.card) as path:
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
    with replacing(files.about) as path:
        path.write_text(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n", "utf-8")
