"""A data set and a recipe in, a checkpoint folder out. Lightning does the loop.

Whatever is random in an epoch follows from the seed and the epoch, and the state at the end of each
epoch is kept: an interrupted training begins its epoch anew and goes on as if nothing had happened.
"""

import errno
import json
import logging
import os
import re
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException
from numpy.typing import NDArray
from safetensors import SafetensorError
from typing_extensions import override

from dermxai.data import Dataset
from dermxai.data.transforms import Preprocessing
from dermxai.errors import InputError
from dermxai.models.info import ModelInfo, read_info
from dermxai.paths import CheckpointFiles, TrainingFiles, locked, replacing, sweep
from dermxai.training import ranks
from dermxai.training.examples import Examples, examples_of
from dermxai.training.keeping import Keeping, ReplacingIO
from dermxai.training.loading import (
    VALIDATION_BATCH,
    Batches,
    Pictures,
    loader,
    steps_an_epoch,
)
from dermxai.training.module import Training
from dermxai.training.prepared import Prepared, prepare_images
from dermxai.training.recipe import IMAGENET, TO_SPARE_MEMORY, Recipe
from dermxai.training.unfreezing import Unfreezing

Progress = Callable[[str, int, int, dict[str, float]], None]
"""Called with phase ("images" or "training"), done, total and the newest figures; what it raises
ends the training."""

MAX_GRADIENT_NORM = 5.0
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, eq=False)
class Plan:
    """All that the processes of a training need to know; can be handed to another process."""

    recipe: Recipe
    examples: Examples
    prepared: Prepared
    preprocessing: Preprocessing
    output: Path
    data: Mapping[str, Any]
    accelerator: str
    devices: int | list[int]
    nodes: int

    @property
    def training(self) -> NDArray[np.int64]:
        return _usable(self.examples.rows("train"), self.prepared)

    @property
    def validation(self) -> NDArray[np.int64]:
        return _usable(self.examples.rows("validation"), self.prepared)


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
) -> Path:
    """Trains on the training patients; keeps the state with the lowest validation loss and the
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

    Returns:
        The checkpoint folder.

    Raises:
        InputError: nothing to train or validate on, a patient on both sides, a device that is not
            there, a loss that is not finite, too little memory, a full disk, or an ``output`` with
            a training that is at work, or of another recipe or data set.
    """
    files = TrainingFiles(Path(output).absolute())
    examples = examples_of(dataset, recipe)
    accelerator, chosen = _accelerator(device, devices)
    asked = {
        "recipe": asdict(recipe),
        "data": dataset.fingerprint,
        "examples": examples.fingerprint,
    }
    first = _rank() == 0  # of the processes, where SLURM starts several
    with _explained(files), _alone(files) if first else nullcontext():
        if _has_ended(files, asked):
            return files.root
        if first:
            _note(files, {**asked, "ended": False})
            sweep(files.root)
        preprocessing = preprocessing_of(recipe)
        prepared = prepare_images(
            dataset,
            examples.sample_ids,
            preprocessing,
            images or files.images,
            lambda done, total: progress("images", done, total, {}) if progress else None,
        )
        data = _seen(dataset, examples, prepared)
        plan = Plan(
            recipe, examples, prepared, preprocessing, files.root, data, accelerator, chosen, nodes
        )
        _check(plan, dataset.name)
        if devices > 1 and not _started_by_slurm():
            ranks.run(train, plan, devices, progress)
        else:
            train(plan, progress)
        if not first:
            return files.root
        _note(files, {**asked, "ended": True})
    files.state.unlink(missing_ok=True)
    shutil.rmtree(files.images, ignore_errors=True)
    return files.root


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
    )
    info = ModelInfo(
        architecture=recipe.architecture,
        heads=module.network.head_descriptions,
        classes=plan.examples.classes,
        preprocessing=plan.preprocessing,
        name=plan.output.name,
        recipe=asdict(recipe),
        data=dict(plan.data),
    )
    rank, gpu = _rank(), plan.accelerator == "cuda"
    batches = Batches(plan.training, labels, recipe, rank, world)
    callbacks: list[Callback] = [Keeping(files, info, batches)]
    if progress:
        callbacks.append(Telling(progress, len(batches) * recipe.epochs))
    trainer = _trainer(plan, world, callbacks)
    pictures = Pictures(plan.prepared.open(), labels)
    parts = np.array_split(plan.validation, max(world, len(plan.validation) // VALIDATION_BATCH))
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(
            module,
            loader(pictures, batches, gpu),
            loader(pictures, parts[rank::world], gpu),
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


class Telling(Callback):
    """Reports every step, and while validating that it is alive."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        done = trainer.current_epoch * int(trainer.num_training_batches) + batch_idx + 1
        self._tell(trainer, pl_module, done)

    @override
    def on_validation_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        done = (trainer.current_epoch + 1) * int(trainer.num_training_batches)
        self._tell(trainer, pl_module, done)

    def _tell(self, trainer: Trainer, module: Any, done: int) -> None:
        if not trainer.is_global_zero:
            return
        figures = {"epoch": trainer.current_epoch + 1.0, "loss": module.newest_loss}
        if module.reached:
            figures |= module.reached.figures
        self._progress("training", done, self._total, figures)


def _trainer(plan: Plan, world: int, more: list[Callback]) -> Trainer:
    recipe, files = plan.recipe, TrainingFiles(plan.output)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*exists and is not empty.*")
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
    if recipe.patience:
        callbacks.append(EarlyStopping("validation_loss", patience=recipe.patience, mode="min"))
    environment = (
        SLURMEnvironment(auto_requeue=False) if _started_by_slurm() else LightningEnvironment()
    )
    return Trainer(
        accelerator=plan.accelerator,
        devices=plan.devices,
        num_nodes=plan.nodes,
        strategy="ddp_find_unused_parameters_true" if world > 1 else "auto",
        precision="bf16-mixed" if recipe.precision == "bfloat16" else "32-true",
        max_epochs=recipe.epochs,
        accumulate_grad_batches=recipe.accumulate,
        gradient_clip_val=MAX_GRADIENT_NORM,
        deterministic=recipe.deterministic,
        callbacks=callbacks,
        logger=TensorBoardLogger(files.root, name=files.tensorboard.name, version=""),
        log_every_n_steps=1,
        plugins=[ReplacingIO(), environment],
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _started_by_slurm() -> bool:
    """Whether SLURM has started the other processes of this training."""
    return int(os.environ.get("SLURM_NTASKS", "1")) > 1


def _rank() -> int:
    """Of this process among all of the training."""
    if _started_by_slurm():
        return SLURMEnvironment().global_rank()
    return int(os.environ.get("LOCAL_RANK", "0"))


def _accelerator(device: str | None, devices: int) -> tuple[str, int | list[int]]:
    """What Lightning is to compute on.

    Raises:
        InputError: no such device here.
    """
    gpus = torch.cuda.device_count()
    kind, _, index = (device or ("cuda" if gpus else "cpu")).partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdigit()):
        raise InputError(f"There is no device {device!r}; expected cpu, cuda or cuda:1.")
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


def _usable(rows: NDArray[np.int64], prepared: Prepared) -> NDArray[np.int64]:
    return rows[prepared.usable[rows]]


def _has_ended(files: TrainingFiles, asked: Mapping[str, Any]) -> bool:
    """Whether the same training has ended here.

    Raises:
        InputError: another one has begun here.
    """
    noted = json.loads(files.about.read_text("utf-8")) if files.about.is_file() else None
    if noted is None:
        return False
    if {name: noted[name] for name in asked} != asked:
        changed = "data set" if noted["recipe"] == asked["recipe"] else "recipe"
        raise InputError(
            f"{files.root} holds a training with another {changed}; choose another output folder, "
            "or delete it to start anew."
        )
    return bool(noted["ended"])


@contextmanager
def _alone(files: TrainingFiles) -> Iterator[None]:
    """
    Raises:
        InputError: another process trains here.
    """

    def refuse() -> None:
        raise InputError(
            f"A training is at work in {files.root}; wait for its end, or choose another folder."
        )

    with locked(files.lock, waiting=refuse):
        yield


def _note(files: TrainingFiles, content: Mapping[str, Any]) -> None:
    with replacing(files.about) as path:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _seen(dataset: Dataset, examples: Examples, prepared: Prepared) -> dict[str, Any]:
    training, validation = (
        examples.table.iloc[_usable(examples.rows(split), prepared)]
        for split in ("train", "validation")
    )
    seen: dict[str, Any] = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "training_images": len(training),
        "validation_images": len(validation),
        "training_images_by_class": training["label"].value_counts().to_dict(),
    }
    if "patient_id" in training:
        seen["training_patients"] = int(training["patient_id"].nunique())
    if prepared.problems:
        seen["unreadable_images"] = {p.item: p.reason for p in prepared.problems}
    return seen


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """What images go through before the network: normalised as its first weights were trained."""
    asked = Preprocessing(size=recipe.size, colour_constancy=recipe.colour_constancy)
    if recipe.start_from and CheckpointFiles(Path(recipe.start_from)).model.is_file():
        known = read_info(recipe.start_from).preprocessing
        return replace(asked, mean=known.mean, std=known.std)
    published: Any = timm.get_pretrained_cfg(recipe.architecture)
    if recipe.weights == IMAGENET and published:
        return replace(asked, mean=published.mean, std=published.std)
    return asked


@contextmanager
def _explained(files: TrainingFiles) -> Iterator[None]:
    """Turns a full disk and a full memory into advice."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(files) from error
    except (OSError, SafetensorError, RuntimeError) as error:
        if "out of memory" in str(error) or "can't allocate memory" in str(error):
            raise _out_of_memory(files) from error
        code = getattr(error, "errno", None) or _code_in(str(error))
        if code not in FULL:
            raise
        raise InputError(
            f"The disk that holds {files.root} is full ({error}); what the last whole epoch left "
            "is kept: free some space and start the training again to go on from there."
        ) from error


def _code_in(text: str) -> int | None:
    """The operating system's error number in a message."""
    found = re.search(r"(?:os error |Errno )(\d+)", text)
    return int(found[1]) if found else None


def _out_of_memory(files: TrainingFiles) -> InputError:
    return InputError(
        f"The training needs more memory than there is; {TO_SPARE_MEMORY}. The last whole epoch "
        f"is kept in {files.root}."
    )
