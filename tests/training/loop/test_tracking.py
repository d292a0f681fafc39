"""MLflow beside TensorBoard, with a store of files; without it the sentence that says so."""

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from dermxai.core.errors import Cancelled
from dermxai.data import load_dataset
from dermxai.models.files import CheckpointFiles
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.loop import tracking
from dermxai.training.recipe import Recipe
from tests.conftest import TINY

RECIPE = Recipe(architecture=TINY, size=32, epochs=2, batch_size=16, auxiliary=False)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a store of files."""
    pytest.importorskip("mlflow", reason="mlflow is not installed: pip install mlflow-skinny")
    from mlflow.tracking import MlflowClient

    address = f"file:{tmp_path / 'store'}"
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv(tracking.URI, address)
    return MlflowClient(address)


def runs(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name("dermxai")
    return list(client.search_runs([experiment.experiment_id]))


def test_a_training_is_one_run_with_its_settings_and_epochs_also_when_it_was_stopped(
    store: Any, two_colours: Path, tmp_path: Path
) -> None:
    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 2:
            raise Cancelled

    data, output = load_dataset(two_colours), tmp_path / "mine"
    with pytest.raises(Cancelled):
        fit(data, RECIPE, output, cancel, "cpu")
    fit(data, RECIPE, output, None, "cpu")
    (run,) = runs(store)
    assert run.info.run_name == "mine"
    assert run.data.params["architecture"] == TINY
    assert run.data.params["learning_rate"] == "0.002"
    for name in ("validation_loss", "macro_auc", "balanced_accuracy"):
        history = store.get_metric_history(run.info.run_id, name)
        assert sorted({point.step for point in history}) == [1, 2], name
    assert "loss_by_step" not in run.data.metrics
    told = f"{run.data.params} {run.data.tags}"
    assert "s0" not in run.data.params.values() and str(two_colours) not in told
    assert list((output / "tensorboard").glob("events*")), "TensorBoard has its own"


def test_members_of_a_study_are_told_apart() -> None:
    assert tracking._name(Path("/x/studies/mine/b4+heads/seed-0/fold-1")) == (
        "mine/b4+heads/seed-0/fold-1"
    )
    assert tracking._name(Path("/x/checkpoints/mine")) == "mine"


def test_without_an_address_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracking.URI, raising=False)
    assert tracking.tracking(TrainingFiles(tmp_path), RECIPE) == []


def test_without_mlflow_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(tracking.URI, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with caplog.at_level(logging.WARNING):
        assert tracking.tracking(TrainingFiles(tmp_path), RECIPE) == []
    assert "mlflow is not installed" in caplog.text


def test_a_server_that_is_away_ends_no_training(
    two_colours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed: pip install mlflow-skinny")
    monkeypatch.setenv(tracking.URI, "http://user:password-123@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with caplog.at_level(logging.WARNING):
        one = RECIPE.replaced(epochs=1)
        folder = fit(load_dataset(two_colours), one, tmp_path / "mine", None, "cpu")
    assert CheckpointFiles(folder).weights.is_file()
    assert "MLflow did not take the figures" in caplog.text
    assert "password-123" not in caplog.text
    assert not TrainingFiles(folder).tracking.exists()
