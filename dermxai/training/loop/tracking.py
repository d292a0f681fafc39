"""The figures of a training in MLflow, beside TensorBoard, where ``MLFLOW_TRACKING_URI`` is set.

A tracking server that does not answer costs a training some seconds and no more. Nothing of the
data set is sent but the figures of its classes.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, MLFlowLogger
from typing_extensions import override

from dermxai.core.disk import replacing
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.training.files import TrainingFiles
from dermxai.training.recipe import IMAGENET, PACKAGED, Recipe

URI, EXPERIMENT = "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"
PATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""How long mlflow tries, where nobody has said: by its own measure it is minutes."""
FAILURES = 3  # in a row, after which no more is sent
_STEP = {"loss_by_step", "epoch"}  # TensorBoard's alone: a call a step would wait for the server
log = logging.getLogger(__name__)


def tracking(files: TrainingFiles, recipe: Recipe) -> list[Logger]:
    """MLflow's logger for a training, with the run that it has begun before; none where none was
    asked for, or it cannot be had, which is logged."""
    address = os.environ.get(URI, "")
    if not address:
        return []
    for name, usual in PATIENT.items():
        os.environ.setdefault(name, usual)
    try:
        return [_Tracking(files, recipe, address)]
    except ModuleNotFoundError:
        log.warning(f"{URI} is set, but mlflow is not installed: pip install mlflow-skinny.")
    except Exception as error:  # an address may hold a password: its words are not logged
        log.warning(f"MLflow is left out: it failed with {type(error).__name__}.")
    return []


class _Tracking(MLFlowLogger):
    """Sends an epoch's figures; whatever goes wrong is logged and forgotten."""

    def __init__(self, files: TrainingFiles, recipe: Recipe, address: str) -> None:
        self._files, self._recipe, self._address = files, recipe, address
        self._failures, self._begun, self._sending = 0, False, False
        super().__init__(
            os.environ.get(EXPERIMENT, "dermxai"),
            run_name=_name(files.root),
            tracking_uri=address,
            run_id=_noted(files, address),
        )

    @property
    def experiment(self) -> Any:
        """The client; nothing where Lightning asks for it by itself, as when a training begins."""
        return super().experiment if self._sending else None

    @override
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        figures = {name: value for name, value in metrics.items() if name not in _STEP}
        if figures:
            epoch = int(metrics.get("epoch", 0)) + 1
            self._kept(lambda: self._send(figures, epoch))

    @override
    def finalize(self, status: str = "success") -> None:
        if self._begun:
            self._kept(lambda: super(_Tracking, self).finalize(status))

    @override
    def after_save_checkpoint(self, checkpoint_callback: object) -> None:
        """Weights stay here."""

    def _send(self, figures: Mapping[str, float], epoch: int) -> None:
        if not self._begun:
            known = _noted(self._files, self._address) is not None
            _note(self._files, self._address, str(self.run_id))
            if not known:
                self.log_hyperparams(_named(self._recipe))
            self._begun = True
        super().log_metrics(figures, epoch)

    def _kept(self, work: Callable[[], None]) -> None:
        if self._failures >= FAILURES:
            return
        self._sending = True
        try:
            work()
            self._failures = 0
        except Exception as error:
            self._failures += 1
            end = "; no more is sent" if self._failures == FAILURES else ""
            log.warning(f"MLflow did not take the figures ({type(error).__name__}){end}.")
        finally:
            self._sending = False


def _name(output: Path) -> str:
    """Of a training's run: its folder's, of a study's member with the study's before it."""
    return "/".join(output.parts[-4:]) if output.parent.name.startswith("seed-") else output.name


def _named(recipe: Recipe) -> dict[str, object]:
    """Its settings; of paths the names alone."""
    settings = recipe.model_dump()
    for name in ("start_from", "weights"):
        if settings[name] not in ("", IMAGENET, PACKAGED):
            settings[name] = Path(settings[name]).name
    return settings


def _noted(files: TrainingFiles, address: str) -> str | None:
    """The run of a training at a tracking server."""
    try:
        held = json.loads(readable(files.tracking).read_text("utf-8"))
        return str(held["run"]) if held["server"] == _mark(address) else None
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


def _note(files: TrainingFiles, address: str, run: str) -> None:
    with replacing(files.tracking) as path:
        path.write_text(json.dumps({"server": _mark(address), "run": run}), "utf-8")


def _mark(address: str) -> str:
    """Tells servers apart without their passwords."""
    return sha256(address.encode()).hexdigest()[:16]
