"""Loaded models, and what is known of checkpoints."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs.loading import opened_classifier
from dermxai.models import ModelInfo, read_info
from dermxai.models.files import CheckpointFiles
from dermxai.runs import Run
from dermxai.ui.app.collector import COLLECTOR
from dermxai.ui.session.caches.memory import MODELS, changed, kept

if TYPE_CHECKING:
    from dermxai.models import Classifier

DEVICE = "DERMXAI_DEVICE"
"""Where the dashboard itself computes. The processor unless this says otherwise: it takes no lock,
so a job would share its GPU with it."""


def model_info(folder: str) -> ModelInfo:
    """
    Raises:
        InputError: there is no checkpoint.
    """
    file = paths.readable(CheckpointFiles(Path(folder)).model)
    return _model_info(folder, changed(file))


@kept()
def _model_info(folder: str, _changed: int) -> ModelInfo:
    return read_info(folder)


def classifier(opened: Run) -> "Classifier":
    """The classifier that made a run.

    Raises:
        InputError: its checkpoint is gone, or is no longer the one that made the run; or the device
            that `DEVICE` names cannot be used.
    """
    made_by = opened.checkpoint
    paths.check_readable(made_by["path"])
    asked = made_by["path"], made_by["hash"], made_by.get("options", {})
    loaded = _classifier(*asked)
    if loaded.hash != made_by["hash"]:
        MODELS.forget()
        raise InputError(
            f"The checkpoint {made_by['name']} has changed since this run; run inference again."
        )
    return loaded


@kept("Loading the model …", where=MODELS)
def _classifier(path: str, _wanted: str, options: Mapping[str, object]) -> "Classifier":
    from dermxai.models.devices import usable_device

    device = usable_device(os.environ.get(DEVICE) or "cpu")
    loaded = opened_classifier(path, options).to(device).prepare(among_threads=True)
    COLLECTOR.loaded()
    return loaded
