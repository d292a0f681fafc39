"""Cross-validation by patient over several seeds and networks: mean ± SD, as the paper prints it.

Every labelled image is in the test fold once for each seed; of the other folds' patients a share
validates. Each member of the study is a training of its own, so a study that is stopped goes on
inside the fold where it was.
"""

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from dermxai.core.disk import UNREADABLE, replacing
from dermxai.core.errors import InputError
from dermxai.core.formatting import LEFT, interval_basis, jsonable, signed
from dermxai.core.paths import readable
from dermxai.core.spreadsheet import write_csv
from dermxai.data import Dataset
from dermxai.data.split_words import LEARNT
from dermxai.data.splits import folds as fold_numbers
from dermxai.data.splits import groups, split_by_patient, units
from dermxai.data.transforms import Preprocessing
from dermxai.metrics.basis import basis
from dermxai.models import load_classifier
from dermxai.models.devices import usable_device
from dermxai.models.info import read_info
from dermxai.training.data.examples import Examples, examples_of
from dermxai.training.data.prepared import prepare_images
from dermxai.training.files import StudyFiles, TrainingFiles
from dermxai.training.fit import fit, preprocessing_of
from dermxai.training.initial_network import try_network
from dermxai.training.loop.plan import Progress, usable
from dermxai.training.loop.trainer import rank
from dermxai.training.recipe import HEADS, IMAGENET, KEPT_BY, Recipe, as_saved
from dermxai.training.record.specification import Specification, alone, as_begun, note_data, resumed
from dermxai.training.studies.comparison import (
    Member,
    Outcome,
    as_printed,
    by_member,
    differences,
    interval_in_words,
    summary,
)

VALIDATION = 0.15  # of the images outside the test fold
PARTS = 1000  # of a member in the progress of the whole
PREDICTION_BATCH = 32


class _Hardware(TypedDict):
    """As `fit` takes it."""

    device: str | None
    devices: int
    nodes: int


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
        examples = examples_of(dataset, recipe.replaced(split="patient"))
        new = Specification(recipe.model_dump(), dataset.fingerprint, examples.fingerprint, folds)
        begun = resumed(new, files.begun)
        recipe = as_saved(recipe, begun.recipe)
        if first:
            for own in {member.network: _own(recipe, member) for member in planned}.values():
                try_network(own, examples.classes)
            begun.note(files.begun, ended=False)
            note_data(dataset, files.data)
        results = []
        hardware: _Hardware = {"device": device, "devices": devices, "nodes": nodes}
        for index, member in enumerate(planned):
            divided, own = of_member(dataset, recipe, member, folds)
            tell = _as_part(progress, index, len(planned)) if progress else None
            results.append(_outcome(divided, own, member, files, progress=tell, hardware=hardware))
        _write(files, dataset, recipe, results)
        shutil.rmtree(files.images, ignore_errors=True)
        files.data.unlink(missing_ok=True)
    return files.root


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
    return recipe.replaced(
        architecture=member.network.removesuffix(HEADS),
        auxiliary=member.network.endswith(HEADS),
        seed=member.seed,
        split="column",
    )


def _as_part(progress: Progress, index: int, members: int) -> Progress:
    """Tells of a member's training as part of the study's; those that follow are taken to last as
    long as this one."""
    began: list[tuple[float, float]] = []  # when, and which share of the training was done

    def tell(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training":
            began.append((time.monotonic(), done / total)) if not began else None
            figures = {"member": index + 1.0, "members": float(members), **figures}
            if LEFT in figures and began[0][1] < 1:
                whole = time.monotonic() - began[0][0] + figures[LEFT]
                figures[LEFT] += (members - index - 1) * whole / (1 - began[0][1])
            done, total = int(PARTS * (index + done / total)), PARTS * members
        progress(phase, done, total, figures)

    return tell


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


def _outcome(
    divided: Dataset,
    recipe: Recipe,
    member: Member,
    files: StudyFiles,
    *,
    progress: Progress | None,
    hardware: _Hardware,
) -> Outcome:
    """A member trained and tested; from disk where it was before."""
    folder = files.member(member.network, member.seed, member.fold)
    fit(divided, recipe, folder, progress, images=files.images, **hardware)
    examples = examples_of(divided, recipe)
    shutil.rmtree(TrainingFiles(folder).last, ignore_errors=True)
    kept = files.scores(member.network, member.seed, member.fold)
    if not _whole(kept):
        preprocessing = preprocessing_of(recipe)
        prepared = prepare_images(
            divided, examples.sample_ids, preprocessing, files.images, lambda *_: None
        )
        rows = usable(examples.rows("test"), prepared)
        scores = scores_of(folder, prepared.open(), rows, preprocessing, hardware["device"])
        with replacing(kept) as path, path.open("wb") as file:
            np.savez_compressed(file, rows=rows, scores=scores)
    with np.load(readable(kept)) as content:
        rows, scores = content["rows"], content["scores"]
    return Outcome(member, rows, examples.labels[rows], scores, units_of(examples)[rows])


def units_of(examples: Examples) -> NDArray[np.object_]:
    """The patient of each image, or whatever is independent."""
    return groups(examples.table).to_numpy(dtype=object)


def _whole(scores: Path) -> bool:
    """Whether a member's scores lie there as they were written: the archive has checksums."""
    try:
        with np.load(readable(scores)) as content:
            return all(content[name].size >= 0 for name in ("rows", "scores"))
    except UNREADABLE:
        return False


@torch.inference_mode()
def scores_of(
    folder: Path,
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    preprocessing: Preprocessing,
    device: str | None,
) -> NDArray[np.float32]:
    """(n, class) logits summed over heads, of the checkpoint as the dashboard loads it; n may be 0,
    of a fold of which no image can be read."""
    classifier = load_classifier(folder).to(usable_device(device))
    parts = [np.empty((0, len(classifier.info.classes)), np.float32)]
    for chosen in np.array_split(rows, len(rows) // PREDICTION_BATCH or 1) if len(rows) else ():
        batch = np.stack([preprocessing.normalise(images[row]) for row in chosen])
        parts.append(classifier.infer(torch.from_numpy(batch)).logits.sum(1).cpu().numpy())
    return np.concatenate(parts)


def _write(files: StudyFiles, data: Dataset, recipe: Recipe, results: Sequence[Outcome]) -> None:
    rows = by_member(results)
    table, compared = summary(rows), differences(results)
    tested = rows.loc[rows["network"] == recipe.network].groupby("seed")["images"].sum().iloc[0]
    note = (
        f"{data.name}: {tested} images, each tested once for each seed by a network that saw "
        "none of its patient. Mean ± SD over folds and seeds; accuracy, sensitivity, specificity "
        "and AUC are macro averages, one-vs-rest. The SD says how much trainings "
        "differ, not how sure a figure is: folds share training images. Of each training the epoch "
        f"that is best by {KEPT_BY[recipe.keep_by]} on its validation images is tested."
    )
    split = data.samples.get("split")
    if split is not None and not split.dropna().isin(LEARNT).all():
        note += (
            " Folds hold all labelled images, those of the table's test split among them: they are "
            "learnt from in the other folds, so that this split is no test of these networks."
        )
    doubted = _doubts(files, results)
    content = {
        "recipe": recipe.model_dump(),
        "table": table.to_dict("records"),
        "differences": compared,
        "intervals": basis(units(data.samples)),
        "members": rows.to_dict("records"),
        "note": note,
        "doubts": doubted,
    }
    text = [f"# {files.root.name}", "", note, "", as_printed(table), ""]
    text += [
        f"{d['network']} less {d['less']}: balanced accuracy {signed(d['balanced_accuracy'], 3)} "
        f"({interval_in_words(d['low'], d['high'])})."
        for d in compared
    ]
    text += ["", f"{interval_basis(basis(units(data.samples)))}."] if compared else []
    text += ["", *(f"- {doubt}" for doubt in doubted)] if doubted else []
    write_csv(rows, files.table)
    with replacing(files.card) as path:
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
    with replacing(files.about) as path:
        path.write_text(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _doubts(files: StudyFiles, results: Sequence[Outcome]) -> list[str]:
    """What there is to say against the epochs that its trainings have kept."""
    found = []
    for outcome in results:
        network, seed, fold = asdict(outcome.member).values()
        metrics = read_info(files.member(network, seed, fold)).metrics
        found += [
            f"{network}, seed {seed}, fold {fold}: {doubt}" for doubt in metrics.get("doubts", ())
        ]
    return found
