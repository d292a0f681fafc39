"""One process of a training: its network, its share of the images, and Lightning's loop."""

import signal

import numpy as np
import torch
from lightning.pytorch import Callback
from lightning.pytorch.utilities.exceptions import SIGTERMException

from dermxai.models.info import ModelInfo
from dermxai.training.data.loading import (
    VALIDATION_BATCH,
    Batches,
    Pictures,
    loader,
    steps_an_epoch,
)
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.checkpoint_writer import CheckpointWriter
from dermxai.training.loop.module import Training
from dermxai.training.loop.plan import Plan, Progress
from dermxai.training.loop.remaining_time import RemainingTime
from dermxai.training.loop.trainer import Pausing, ProgressCallback, rank, trainer_of


def train(plan: Plan, progress: Progress | None = None) -> None:
    """The training itself, in one of its processes."""
    recipe, files = plan.recipe, TrainingFiles(plan.output)
    own, world = rank(), plan.hardware.processes
    labels = plan.examples.labels
    module = Training(
        recipe,
        plan.examples.classes,
        plan.preprocessing,
        labels[plan.training],
        steps_an_epoch(len(plan.training), recipe, world) * recipe.epochs,
        units=plan.units,
    )
    batches = Batches(plan.training, labels, recipe, own, world)
    callbacks: list[Callback] = [CheckpointWriter(files, _info(plan, module), batches)]
    if plan.until:
        callbacks.append(Pausing(plan.until))
    if progress:
        pace = RemainingTime(
            recipe,
            len(batches),
            len(plan.validation) / world / recipe.batch_size,
            len(module.stages),
            epochs=plan.until,
        )
        callbacks.append(ProgressCallback(progress, len(batches) * recipe.epochs, pace))
    trainer = trainer_of(plan, world, callbacks)
    pictures, gpu = Pictures(plan.prepared.open(), labels), plan.hardware.accelerator == "cuda"
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


def _info(plan: Plan, module: Training) -> ModelInfo:
    """What its checkpoints say of themselves."""
    return ModelInfo(
        architecture=plan.recipe.architecture,
        heads=module.network.head_descriptions,
        classes=plan.examples.classes,
        preprocessing=plan.preprocessing,
        name=plan.output.name,
        recipe=plan.recipe.model_dump(),
        data=dict(plan.data),
    )
