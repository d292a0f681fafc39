"""Two gloo processes on the CPU."""

import os
from pathlib import Path

import pandas as pd
import pytest
import torch
from lightning.pytorch import Callback

from dermxai.core import paths
from dermxai.core.errors import DivergenceError, InputError
from dermxai.data import load_dataset
from dermxai.training import fit as fitting
from dermxai.training.files import TrainingFiles
from dermxai.training.loop import process, ranks
from dermxai.training.recipe import Recipe

RECIPE = Recipe(
    architecture="test_efficientnet",
    size=32,
    epochs=3,
    batch_size=4,
    learning_rate=5e-3,
    optimiser="sgd",
    unfreeze=True,
    ema_decay=0.5,
    colour_constancy="none",
)


class Noting(Callback):
    """Writes what a process holds after each epoch."""

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        weights = {name: value.detach() for name, value in pl_module.network.named_parameters()}
        learning = [
            name for name, value in pl_module.network.named_parameters() if value.requires_grad
        ]
        rows = torch.tensor(sorted(self.rows))
        content = {"weights": weights, "learning": learning, "rows": rows}
        at = Path(trainer.default_root_dir) / f"{trainer.current_epoch}-{trainer.global_rank}.pt"
        torch.save(content, at)

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        self.rows: list[int] = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        self.rows += batch[2].tolist()


def noted_train(plan, progress) -> None:
    """`train`, noting; a function that another process can find."""
    os.environ.pop(paths.CONFINED, None)
    trainer = process.trainer_of

    def noting(plan, world, callbacks):
        made = trainer(plan, world, [*callbacks, Noting()])
        made._default_root_dir = str(plan.output)
        return made

    process.trainer_of = noting
    process.train(plan, progress)


def test_two_processes_hold_the_same_weights_after_every_unfreeze(
    two_colours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    run = ranks.run
    monkeypatch.setattr(ranks, "logs_to_stderr", lambda: True)
    monkeypatch.setattr(ranks, "run", lambda work, *rest: run(noted_train, *rest))
    seen: list[tuple] = []
    folder = fitting.fit(
        load_dataset(two_colours),
        RECIPE,
        tmp_path / "m",
        lambda *r: seen.append(r),
        "cpu",
        devices=2,
    )
    learning = []
    for epoch in range(RECIPE.epochs):
        first, second = (
            torch.load(folder / f"{epoch}-{rank}.pt", weights_only=True) for rank in (0, 1)
        )
        for name, weight in first["weights"].items():
            assert torch.equal(weight, second["weights"][name]), name
        assert not torch.equal(first["rows"], second["rows"])
        learning.append(len(first["learning"]))
    assert learning == sorted(learning) and len(set(learning)) == RECIPE.epochs
    history = pd.read_csv(TrainingFiles(folder).history)
    assert list(history["epoch"]) == [1, 2, 3]
    assert [entry[0] for entry in seen][-1] == "training" and seen[-1][1] == seen[-1][2]
    assert capfd.readouterr().err.count("Epoch 1 of 3") == 1  # of two processes one tells


def failing(plan, progress) -> None:
    if progress is None:  # not the first process
        raise DivergenceError("The second process cannot go on.")
    progress("training", 1, 2, {})
    torch.futures.Future().wait()  # for the other, which never comes


def test_when_one_process_fails_all_end_and_it_says_why():
    with pytest.raises(DivergenceError, match="second process"):  # which is not to be resumed
        ranks.run(failing, None, 2, None)


def test_more_gpus_than_there_are(two_colours: Path, tmp_path: Path):
    wanted = torch.cuda.device_count() + 1
    with pytest.raises(InputError, match="GPUs; there are"):
        fitting.fit(load_dataset(two_colours), RECIPE, tmp_path, None, "cuda", devices=wanted)
