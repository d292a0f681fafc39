"""A data set and a recipe in, a checkpoint folder out. Lightning does the loop.

Whatever is random in an epoch follows from the seed and the epoch, and the state at the end of each
epoch is kept: an interrupted training begins its epoch anew and goes on as if nothing had happened.
"""

import logging
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.core.disk import sweep
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.paths import readable
from dermxai.data import Dataset
from dermxai.data.transforms import Preprocessing
from dermxai.models.backbone import Normalisation, normalisation
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import read_info
from dermxai.training.data.examples import Examples, examples_of
from dermxai.training.data.prepared import prepare_images
from dermxai.training.files import TrainingFiles
from dermxai.training.initial_network import try_network
from dermxai.training.loop import ranks
from dermxai.training.loop.hardware import Hardware, hardware_of
from dermxai.training.loop.plan import Plan, Progress
from dermxai.training.loop.process import train
from dermxai.training.loop.state import check_state
from dermxai.training.loop.trainer import rank, started_by_slurm
from dermxai.training.recipe import Recipe, as_saved
from dermxai.training.record.specification import Specification, alone, as_begun, note_data, resumed
from dermxai.training.record.training_images import data_of, keep_features, record_training_images
from dermxai.training.resource_errors import explained

log = logging.getLogger(__name__)


def fit(
    dataset: Dataset,
    recipe: Recipe,
    output: str | Path,
    progress: Progress | None = None,
    device: str | None = None,
    *,
    devices: int = 1,
    nodes: int = 1,
    images: Path | None = None,
    until: int | None = None,
) -> Path:
    """Trains on the training patients; keeps the best state by the recipe's ``keep_by`` and the
    last one.

    Called again with the same output folder it continues an interrupted training; one that has
    ended is left as it is. An image that cannot be read is left out and named in model.json.

    Args:
        output: becomes the checkpoint folder of the best state; ``last`` inside is that of the
            last. ``history.csv`` there has a row an epoch, ``tensorboard`` the same as events.
        device: "cpu", "cuda", "cuda:1"; None: a GPU where there is one.
        devices: processes on this machine, each with a GPU of its own (or a share of the CPU).
        nodes: machines; more than one where SLURM starts the processes.
        images: folder that keeps the prepared images for other trainings; None: one inside
            ``output``, gone in the end.
        until: pauses with the end of this epoch, counted from 1: the next call goes on.

    Returns:
        The checkpoint folder.

    Raises:
        InputError: nothing to train or validate on, a patient on both sides, a device that is not
            there, a loss that is not finite, too little memory, a full disk, or an ``output`` with
            a training that is at work, or of another recipe or data set.
    """
    hardware = hardware_of(device, devices, nodes)
    files = TrainingFiles(Path(output).absolute())
    leads = rank() == 0  # of the processes, where SLURM starts several
    ended = False
    with explained(files), alone(files.lock) if leads else nullcontext():
        task = _task(dataset, recipe, files)
        if task.begun.ended:
            return files.root
        if leads:
            _begin(task, files)
        plan = _plan(
            task,
            files,
            hardware,
            images=images or files.images,
            until=until,
            progress=progress,
        )
        if leads:
            _announce(plan)
            record_training_images(plan, task.dataset.file_fingerprints)
        if devices > 1 and not started_by_slurm():
            ranks.run(train, plan, devices, progress)
        else:
            train(plan, progress)
        ended = leads and not _pauses(files, task.recipe, until)
        if ended:
            keep_features(plan, task.dataset.file_fingerprints)
            task.begun.note(files.about, ended=True)
    if ended:
        _clear(files)
    return files.root


@dataclass(frozen=True, eq=False)
class _Task:
    """What is trained in a folder: as it was begun there, where it goes on."""

    dataset: Dataset
    recipe: Recipe
    examples: Examples
    begun: Specification


def _task(dataset: Dataset, recipe: Recipe, files: TrainingFiles) -> _Task:
    dataset = as_begun(dataset, files.data)
    examples = examples_of(dataset, recipe)
    new = Specification(recipe.model_dump(), dataset.fingerprint, examples.fingerprint)
    begun = resumed(new, files.about)
    return _Task(dataset, as_saved(recipe, begun.recipe), examples, begun)


def _begin(task: _Task, files: TrainingFiles) -> None:
    """Tries what can be tried before the images are prepared, and notes what is asked for."""
    if files.state.is_file():
        check_state(files)
    try_network(task.recipe, task.examples.classes)
    task.begun.note(files.about, ended=False)
    note_data(task.dataset, files.data)
    sweep(files.root)


def _plan(
    task: _Task,
    files: TrainingFiles,
    hardware: Hardware,
    *,
    images: Path,
    until: int | None,
    progress: Progress | None,
) -> Plan:
    """Prepares the images.

    Raises:
        InputError: none is left to train or validate on.
    """
    preprocessing = preprocessing_of(task.recipe)
    prepared = prepare_images(
        task.dataset,
        task.examples.sample_ids,
        preprocessing,
        images,
        lambda done, total: progress("images", done, total, {}) if progress else None,
    )
    plan = Plan(
        recipe=task.recipe,
        examples=task.examples,
        prepared=prepared,
        preprocessing=preprocessing,
        output=files.root,
        data=data_of(task.dataset, task.examples, prepared, task.recipe),
        hardware=hardware,
        until=until,
    )
    _check(plan, task.dataset.name)
    return plan


def _pauses(files: TrainingFiles, recipe: Recipe, until: int | None) -> bool:
    """Whether a training that was to pause has done so, and not ended before by itself."""
    return (
        until is not None
        and until < recipe.epochs
        and len(pd.read_csv(readable(files.history))) >= until
    )


def _clear(files: TrainingFiles) -> None:
    """Removes what only a training that goes on needs."""
    for left in (files.state, files.digest, files.data):
        left.unlink(missing_ok=True)
    shutil.rmtree(files.images, ignore_errors=True)


def _check(plan: Plan, name: str) -> None:
    if not len(plan.training) or not len(plan.validation):
        problems = plan.prepared.problems
        unread = f" {len(problems)} cannot be read ({problems[0].reason})" if problems else ""
        raise InputError(
            f"{name} has {len(plan.training)} training and {len(plan.validation)} validation "
            f"images with labels; both are needed. Check its split column.{unread}"
        )


def _announce(plan: Plan) -> None:
    recipe, data = plan.recipe, plan.data
    heads = "+heads" if recipe.auxiliary else ""
    log.info(
        f"{plan.output.name}: {recipe.architecture}{heads} at {recipe.size} pixels on "
        f"{plan.hardware.accelerator}, from {count(data['training_images'], 'image')} of "
        f"{data['name']} in {len(plan.examples.classes)} classes, validated on "
        f"{data['validation_images']:,}."
    )
    for note in data.get("notes", ()):
        log.info(note)
    for item, reason in data.get("unreadable_images", {}).items():
        log.info(f"Left out: {item}: {reason}")


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """What images go through before the network. Its channels are normalised as the recipe says,
    else as the checkpoint that it starts from wants it, else as timm's weights of the network do,
    wherever its first weights come from."""
    if recipe.start_from and CheckpointFiles(Path(recipe.start_from)).model.is_file():
        known = read_info(recipe.start_from).preprocessing
        usual = Normalisation(known.mean, known.std)
    else:
        usual = normalisation(recipe.architecture)
    asked = recipe.normalisation
    return Preprocessing(
        size=recipe.size,
        colour_constancy=recipe.colour_constancy,
        colour_profiles=True,
        mean=asked.get("mean", usual.mean),
        std=asked.get("std", usual.std),
    )
