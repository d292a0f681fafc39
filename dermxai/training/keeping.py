"""What a training leaves behind after each epoch: two checkpoint folders, a history, its state."""

import logging
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.plugins.io import TorchCheckpointIO
from typing_extensions import override

from dermxai.disk import replacing
from dermxai.models.checkpoint import save_checkpoint
from dermxai.models.info import ModelInfo
from dermxai.numbers import percent
from dermxai.paths import TrainingFiles
from dermxai.training.card import model_card
from dermxai.training.loading import Batches
from dermxai.training.validation import CONFUSION, Reached, history_row, watched_pair

log = logging.getLogger(__name__)


class ReplacingIO(TorchCheckpointIO):
    """Lightning's checkpoints, complete the moment they are visible."""

    @override
    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        with replacing(Path(path)) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)


class Keeping(Callback):
    """Writes, after an epoch: the checkpoint folder of the best state where it is the best yet,
    that of the last state, and history.csv. The best has the lowest validation loss, to which
    every head contributes.
    """

    def __init__(self, files: TrainingFiles, info: ModelInfo, batches: Batches) -> None:
        """
        Args:
            info: of the network, without what it reached.
            batches: of the training.
        """
        self.files, self.info, self.batches = files, info, batches
        self.records: list[dict[str, Any]] = []
        self._began = self._trained = 0.0

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"records": self.records}

    @override
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.records = list(state_dict["records"])
        self.batches.epoch = len(self.records)  # Lightning asks for batches before it tells them

    @override
    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """A training that had lost patience, and was stopped before it could say that it had ended,
        learns no more."""
        losses = [record["reached"]["validation_loss"] for record in self.records]
        patience = pl_module.recipe.patience
        if patience and losses and len(losses) - 1 - losses.index(min(losses)) >= patience:
            trainer.should_stop = True

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._began = time.monotonic()
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._trained = time.monotonic() - self._began

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        best = min((r["reached"]["validation_loss"] for r in self.records), default=float("inf"))
        before = self.records[-1]["seconds"] if self.records else 0.0
        got: Reached = pl_module.reached
        epoch, recipe = trainer.current_epoch, pl_module.recipe
        self.records.append(
            {
                "epoch": epoch + 1,
                "size": recipe.size_at(epoch),
                "learning_rate": pl_module.learning_rate,
                "stages": len(pl_module.stages),
                "learning_stages": recipe.learning_stages_at(epoch, len(pl_module.stages)),
                "loss": pl_module.loss,
                "reached": asdict(got),
                "seconds": before + time.monotonic() - self._began,
                "images_per_second": self.batches.images / self._trained,
                "memory": peak_memory(pl_module.device),
            }
        )
        if not trainer.is_global_zero:
            return
        reached = {"validation": {"epoch": epoch + 1, **got.figures}}
        folders = [self.files.last]
        if got.validation_loss < best:
            folders.append(self.files.root)
        for folder in folders:
            last = " (last)" if folder == self.files.last else ""
            info = replace(self.info, name=f"{self.info.name}{last}", metrics=reached)
            save_checkpoint(folder, pl_module.averaged, info, model_card(info))
        history = self.history(recipe.watched)
        with replacing(self.files.history) as path:
            history.to_csv(path, index=False, float_format="%.6g")
        log.info(_line(history.iloc[-1], recipe.epochs, best=self.files.root in folders))

    def history(self, watched: tuple[str, str] | None) -> pd.DataFrame:
        """A row an epoch."""
        classes, newest = self.info.classes, self.records[-1]["reached"]["confusion"]
        pair = watched_pair(watched, classes, newest)
        return pd.DataFrame([history_row(record, classes, pair) for record in self.records])


def _line(row: "pd.Series[Any]", epochs: int, *, best: bool) -> str:
    """A row of the history in words."""
    pair = [name for name in row.index if str(name).startswith(CONFUSION)]
    return ", ".join(
        [
            f"Epoch {row['epoch']:.0f} of {epochs}: loss {row['loss']:.3f}",
            f"validation loss {row['validation_loss']:.3f}",
            f"balanced accuracy {percent(row['balanced_accuracy'])}",
            f"AUC {row['macro_auc']:.3f}",
            *(f"{str(name).removeprefix(CONFUSION)} {percent(row[name])}" for name in pair),
            f"learning rate {row['learning_rate']:.2e}",
            f"{row['images_per_second']:.0f} images a second",
            *(["the best so far"] if best else []),
        ]
    )


def peak_memory(device: torch.device) -> int:
    """Bytes: of a GPU what tensors took at most in this epoch, else of the process since its
    start."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
