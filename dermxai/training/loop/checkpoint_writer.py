"""What a training leaves behind after each epoch: two checkpoint folders, a history, its state."""

import logging
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import torch
from lightning.pytorch import Callback, Trainer
from typing_extensions import override

from dermxai.core.formatting import percent
from dermxai.core.spreadsheet import write_csv
from dermxai.models.checkpoint import save_checkpoint, save_description
from dermxai.models.info import ModelInfo, read_info
from dermxai.training.data.loading import Batches
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.choice import doubts, kept, kept_at
from dermxai.training.loop.module import Training
from dermxai.training.loop.validation import CONFUSION, EpochRecord, history_row, watched_pair
from dermxai.training.recipe import KEPT_BY, Recipe
from dermxai.training.record.card import model_card

log = logging.getLogger(__name__)


class CheckpointWriter(Callback):
    """Writes, after an epoch: the checkpoint folder of the state to keep where it is that, the one
    of the last state, and history.csv; stops where patience is lost. Which state is kept says
    `choice.kept`.
    """

    def __init__(self, files: TrainingFiles, info: ModelInfo, batches: Batches) -> None:
        """
        Args:
            info: of the network, without what it reached.
            batches: of the training.
        """
        self.files, self.info, self.batches = files, info, batches
        self.records: list[EpochRecord] = []
        self._began = self._trained = 0.0

    @property
    @override
    def state_key(self) -> str:
        return "Keeping"  # this class in the states of trainings that version 0.1 began

    @override
    def state_dict(self) -> dict[str, object]:
        return {"records": self.records}

    @override
    def load_state_dict(self, state_dict: Mapping[str, object]) -> None:
        records = state_dict["records"]
        assert isinstance(records, list)
        self.records = list(records)
        self.batches.epoch = len(self.records)  # Lightning asks for batches before it tells them

    @override
    def on_train_start(self, trainer: Trainer, pl_module: object) -> None:
        """A training that had lost patience, and was stopped before it could say that it had ended,
        learns no more."""
        assert isinstance(pl_module, Training)
        self._stop_without_patience(trainer, pl_module.recipe)

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: object) -> None:
        assert isinstance(pl_module, Training)
        self._began = time.monotonic()
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: object) -> None:
        self._trained = time.monotonic() - self._began

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: object) -> None:
        assert isinstance(pl_module, Training) and pl_module.reached is not None
        before = self.records[-1]["seconds"] if self.records else 0.0
        epoch, recipe, got = trainer.current_epoch, pl_module.recipe, pl_module.reached
        self.records.append(
            {
                "epoch": epoch + 1,
                "size": recipe.size_at(epoch),
                "learning_rate": pl_module.learning_rate,
                "stages": len(pl_module.stages),
                "learning_stages": recipe.learning_stages_at(epoch, len(pl_module.stages)),
                "loss": pl_module.loss,
                "reached": got.as_record(),
                "seconds": before + time.monotonic() - self._began,
                "images_per_second": self.batches.images / self._trained,
                "memory": peak_memory(pl_module.device),
            }
        )
        self._stop_without_patience(trainer, recipe)
        if not trainer.is_global_zero:
            return
        history, best = self.history(recipe), self._kept(recipe) == epoch
        reached = {"validation": {"epoch": epoch + 1, **got.figures}}
        info = replace(self.info, name=f"{self.info.name} (last)", metrics=reached)
        save_checkpoint(self.files.last, pl_module.averaged, info, model_card(info))
        kept = {"kept_by": recipe.keep_by, "doubts": list(doubts(history))}
        if best:
            info = replace(self.info, metrics=reached | kept)
            save_checkpoint(self.files.root, pl_module.averaged, info, model_card(info))
        else:  # this epoch may cast doubt on the one that is kept
            info = read_info(self.files.root)
            info = replace(info, metrics={**info.metrics, **kept})
            save_description(self.files.root, info, model_card(info))
        write_csv(history, self.files.history)
        log.info(_line(history.iloc[-1], recipe.epochs, best=best))

    @override
    def on_train_end(self, trainer: Trainer, pl_module: object) -> None:
        assert isinstance(pl_module, Training)
        if trainer.is_global_zero and self.records:
            history = self.history(pl_module.recipe)
            epoch = history["epoch"].iloc[kept_at(history)]
            log.info(f"Kept: epoch {epoch:.0f}, by {KEPT_BY[pl_module.recipe.keep_by]}.")
            for doubt in doubts(history):
                log.warning(doubt)

    def _kept(self, recipe: Recipe) -> int:
        return kept([record["reached"] for record in self.records], recipe.keep_by)

    def _stop_without_patience(self, trainer: Trainer, recipe: Recipe) -> None:
        if recipe.patience and self.records:
            waited = len(self.records) - 1 - self._kept(recipe)
            trainer.should_stop = trainer.should_stop or waited >= recipe.patience

    def history(self, recipe: Recipe) -> pd.DataFrame:
        """A row an epoch."""
        classes, newest = self.info.classes, self.records[-1]["reached"]["confusion"]
        pair, best = watched_pair(recipe.watched, classes, newest), self._kept(recipe)
        rows = [history_row(record, classes, pair) for record in self.records]
        chosen = {"kept": [int(row == best) for row in range(len(rows))]}
        return pd.DataFrame(rows).assign(**chosen, kept_by=recipe.keep_by)


def _line(row: pd.Series, epochs: int, *, best: bool) -> str:
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
