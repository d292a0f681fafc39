"""Lightning's trainer as a training wants it: what it calls back, keeps and runs on."""

import logging
import math
import os
import warnings

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from typing_extensions import override

from dermxai.core.formatting import LEFT
from dermxai.training.data.loading import forward_passes_a_step
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.module import Training
from dermxai.training.loop.plan import Plan, Progress
from dermxai.training.loop.remaining_time import RemainingTime
from dermxai.training.loop.state import StateIO
from dermxai.training.loop.tracking import tracking
from dermxai.training.loop.unfreezing import Unfreezing


class ProgressCallback(Callback):
    """Reports every step, and while validating that it is alive."""

    def __init__(self, progress: Progress, total: int, pace: RemainingTime) -> None:
        self._progress, self._total, self._pace = progress, total, pace

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: object, outputs: object, batch: object, batch_idx: int
    ) -> None:
        self._pace.batch(trainer.current_epoch, batch_idx)
        done = trainer.current_epoch * int(trainer.num_training_batches) + batch_idx + 1
        self._tell(trainer, pl_module, done)

    @override
    def on_validation_batch_end(self, trainer: Trainer, pl_module: object, *_: object) -> None:
        done = (trainer.current_epoch + 1) * int(trainer.num_training_batches)
        self._tell(trainer, pl_module, done)

    def _tell(self, trainer: Trainer, module: object, done: int) -> None:
        assert isinstance(module, Training)
        if not trainer.is_global_zero:
            return
        figures = {"epoch": trainer.current_epoch + 1.0, "loss": module.newest_loss}
        if module.reached:
            figures |= module.reached.figures
        if not math.isnan(left := self._pace.left()):
            figures[LEFT] = left
        self._progress("training", done, self._total, figures)


class Pausing(Callback):
    """Stops with the end of an epoch, after its state is kept."""

    def __init__(self, until: int) -> None:
        """
        Args:
            until: the epoch, counted from 1.
        """
        self._until = until

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: object) -> None:
        trainer.should_stop = trainer.should_stop or trainer.current_epoch + 1 >= self._until


def trainer_of(plan: Plan, world: int, more: list[Callback]) -> Trainer:
    recipe, files = plan.recipe, TrainingFiles(plan.output)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*exists and is not empty.*")
    warnings.filterwarnings("ignore", ".*`srun` command is available.*")
    warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
    # states of trainings whose patience was Lightning's
    warnings.filterwarnings("ignore", ".*callbacks used to create the checkpoint.*EarlyStopping.*")
    callbacks: list[Callback] = [
        Unfreezing(recipe),
        *more,
        # the state after each whole epoch: one in the middle of an epoch could not be continued
        # identically, so none is kept on an exception
        ModelCheckpoint(
            files.root,
            files.state.stem,
            monitor=None,
            save_top_k=1,
            enable_version_counter=False,
            save_on_train_epoch_end=True,
        ),
    ]
    environment = (
        SLURMEnvironment(auto_requeue=False) if started_by_slurm() else LightningEnvironment()
    )
    return Trainer(
        accelerator=plan.hardware.accelerator,
        devices=plan.hardware.devices,
        num_nodes=plan.hardware.nodes,
        strategy="ddp_find_unused_parameters_true" if world > 1 else "auto",
        precision="bf16-mixed" if recipe.precision == "bfloat16" else "32-true",
        max_epochs=recipe.epochs,
        accumulate_grad_batches=forward_passes_a_step(len(plan.training), recipe, world),
        gradient_clip_val=recipe.max_gradient_norm or None,
        deterministic=recipe.deterministic,
        callbacks=callbacks,
        logger=[
            TensorBoardLogger(files.root, name=files.tensorboard.name, version=""),
            *(tracking(files, recipe) if rank() == 0 else ()),
        ],
        log_every_n_steps=1,
        plugins=[StateIO(), environment],
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def started_by_slurm() -> bool:
    """Whether SLURM has started the other processes of this training."""
    several = int(os.environ.get("SLURM_NTASKS", "1")) > 1
    return several and "SLURM_STEP_ID" in os.environ  # an allocation alone starts none


def rank() -> int:
    """Of this process among all of the training."""
    if started_by_slurm():
        return SLURMEnvironment().global_rank()
    return int(os.environ.get("LOCAL_RANK", "0"))
