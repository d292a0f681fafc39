"""A data set and a recipe in, a checkpoint folder out. Lightning does the loop.

Whatever is random in an epoch follows from the seed and the epoch, and the state at the end of each
epoch is kept: an interrupted training begins its epoch anew and goes on as if nothing had happened.
"""

import logging
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from lightning.pytorch import Callback
from lightning.pytorch.utilities.exceptions import SIGTERMException

from dermxai.core.disk import is_full, sweep
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.paths import readable
from dermxai.data import Dataset
from dermxai.data.transforms import Preprocessing
from dermxai.models.backbone import normalisation
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import ModelInfo, read_info
from dermxai.training.data.examples import examples_of
from dermxai.training.data.loading import (
    VALIDATION_BATCH,
    Batches,
    Pictures,
    loader,
    steps_an_epoch,
)
from dermxai.training.data.prepared import prepare_images
from dermxai.training.files import TrainingFiles
from dermxai.training.loop import ranks
from dermxai.training.loop.checkpoint_writer import CheckpointWriter
from dermxai.training.loop.module import Training
from dermxai.training.loop.pace import Pace
from dermxai.training.loop.plan import Plan, Progress
from dermxai.training.loop.state import check_state
from dermxai.training.loop.trainer import (
    Pausing,
    ProgressCallback,
    rank,
    started_by_slurm,
    trainer_of,
)
from dermxai.training.recipe import TO_SPARE_MEMORY, Recipe, as_saved
from dermxai.training.record.beginning import Beginning, alone, as_begun, beginning, note_data
from dermxai.training.record.provenance import data_of, keep_features, note_division
from dermxai.training.starting import try_network

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
    files = TrainingFiles(Path(output).absolute())
    accelerator, chosen = _accelerator(device, devices)
    first = rank() == 0  # of the processes, where SLURM starts several
    with _explained(files), alone(files.lock) if first else nullcontext():
        dataset = as_begun(dataset, files.data)
        examples = examples_of(dataset, recipe)
        new = Beginning(recipe.model_dump(), dataset.fingerprint, examples.fingerprint)
        begun = beginning(new, files.about)
        if begun.ended:
            return files.root
        recipe = as_saved(recipe, begun.recipe)
        if files.state.is_file() and first:
            check_state(files)
        if first:
            try_network(recipe, examples.classes)
            begun.note(files.about, ended=False)
            note_data(dataset, files.data)
            sweep(files.root)
        preprocessing = preprocessing_of(recipe)
        prepared = prepare_images(
            dataset,
            examples.sample_ids,
            preprocessing,
            images or files.images,
            lambda done, total: progress("images", done, total, {}) if progress else None,
        )
        data = data_of(dataset, examples, prepared)
        plan = Plan(
            recipe,
            examples,
            prepared,
            preprocessing,
            files.root,
            data,
            accelerator,
            chosen,
            nodes,
            until,
        )
        _check(plan, dataset.name)
        if first:
            _tell(plan)
            note_division(plan, dataset.file_fingerprints)
        if devices > 1 and not started_by_slurm():
            ranks.run(train, plan, devices, progress)
        else:
            train(plan, progress)
        if not first or _pauses(files, recipe, until):
            return files.root
        keep_features(plan, dataset.file_fingerprints)
        begun.note(files.about, ended=True)
    for left in (files.state, files.digest, files.data):
        left.unlink(missing_ok=True)
    shutil.rmtree(files.images, ignore_errors=True)
    return files.root


def _pauses(files: TrainingFiles, recipe: Recipe, until: int | None) -> bool:
    """Whether a training that was to pause has done so, and not ended before by itself."""
    return (
        until is not None
        and until < recipe.epochs
        and len(pd.read_csv(readable(files.history))) >= until
    )


def train(plan: Plan, progress: Progress | None = None) -> None:
    """The training itself, in one of its processes."""
    recipe, files = plan.recipe, TrainingFiles(plan.output)
    per_node = plan.devices if isinstance(plan.devices, int) else len(plan.devices)
    world = per_node * plan.nodes
    labels = plan.examples.labels
    module = Training(
        recipe,
        plan.examples.classes,
        plan.preprocessing,
        labels[plan.training],
        steps_an_epoch(len(plan.training), recipe, world) * recipe.epochs,
        units=plan.units,
    )
    info = ModelInfo(
        architecture=recipe.architecture,
        heads=module.network.head_descriptions,
        classes=plan.examples.classes,
        preprocessing=plan.preprocessing,
        name=plan.output.name,
        recipe=recipe.model_dump(),
        data=dict(plan.data),
    )
    own, gpu = rank(), plan.accelerator == "cuda"
    batches = Batches(plan.training, labels, recipe, own, world)
    callbacks: list[Callback] = [CheckpointWriter(files, info, batches)]
    if plan.until:
        callbacks.append(Pausing(plan.until))
    if progress:
        pace = Pace(
            recipe,
            len(batches),
            len(plan.validation) / world / recipe.batch_size,
            len(module.stages),
            epochs=plan.until,
        )
        callbacks.append(ProgressCallback(progress, len(batches) * recipe.epochs, pace))
    trainer = trainer_of(plan, world, callbacks)
    pictures = Pictures(plan.prepared.open(), labels)
    at_once = min(VALIDATION_BATCH, recipe.batch_size)
    parts = np.array_split(plan.validation, max(world, -(-len(plan.validation) // at_once)))
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(
            module,
            loader(pictures, batches, gpu),
            loader(pictures, parts[own::world], gpu),
            ckpt_path=files.state if files.state.is_file() else None,
            weights_only=True,
        )
    except SIGTERMException:
        raise KeyboardInterrupt from None
    except SystemExit as error:  # Lightning's answer to Ctrl+C
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from error
    finally:
        torch.use_deterministic_algorithms(False)


def _accelerator(device: str | None, devices: int) -> tuple[str, int | list[int]]:
    """What Lightning is to compute on.

    Raises:
        InputError: no such device here.
    """
    gpus = torch.cuda.device_count()
    kind, _, index = (device or ("cuda" if gpus else "cpu")).partition(":")
    absent = kind == "mps" and not torch.backends.mps.is_available()
    wrong = index and (kind != "cuda" or not index.isdigit())
    if kind not in ("cpu", "cuda", "mps") or absent or wrong:
        raise InputError(f"There is no device {device!r} here; expected cpu, cuda or cuda:1.")
    needed = int(index) + 1 if index else devices
    if kind == "cuda" and gpus < needed:
        raise InputError(
            f"{device or 'cuda'} with {devices} processes needs {needed} GPUs; there are {gpus} "
            "here. Ask for fewer, or for device cpu."
        )
    return kind, [int(index)] if index else devices


def _check(plan: Plan, name: str) -> None:
    if not len(plan.training) or not len(plan.validation):
        problems = plan.prepared.problems
        unread = f" {len(problems)} cannot be read ({problems[0].reason})" if problems else ""
        raise InputError(
            f"{name} has {len(plan.training)} training and {len(plan.validation)} validation "
            f"images with labels; both are needed. Check its split column.{unread}"
        )


def _tell(plan: Plan) -> None:
    recipe, data = plan.recipe, plan.data
    heads = "+heads" if recipe.auxiliary else ""
    log.info(
        f"{plan.output.name}: {recipe.architecture}{heads} at {recipe.size} pixels on "
        f"{plan.accelerator}, from {count(data['training_images'], 'image')} of {data['name']} in "
        f"{len(plan.examples.classes)} classes, validated on {data['validation_images']:,}."
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
        usual = {"mean": known.mean, "std": known.std}
    else:
        usual = normalisation(recipe.architecture)
    return Preprocessing(
        size=recipe.size,
        colour_constancy=recipe.colour_constancy,
        **{**usual, **recipe.normalisation},
    )


@contextmanager
def _explained(files: TrainingFiles) -> Iterator[None]:
    """Turns a full disk and a full memory into advice."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(files) from error
    except Exception as error:
        told = str(error) if isinstance(error, OSError | RuntimeError) else ""
        if "out of memory" in told or "can't allocate memory" in told:
            raise _out_of_memory(files) from error
        if isinstance(error, InputError) or not is_full(error):
            raise
        raise InputError(
            f"The disk that holds {files.root} is full ({error}); what the last completed epoch "
            "left "
            "is kept: free some space and start the training again to go on from there."
        ) from error


def _out_of_memory(files: TrainingFiles) -> InputError:
    kept = f" The last completed epoch is kept in {files.root}." if files.learnt else ""
    return InputError(f"The training needs more memory than there is; {TO_SPARE_MEMORY}.{kept}")
