"""Several settings as one study: who goes on, who stops, and that it goes on where it was."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import DivergenceError, InputError
from dermxai.data import Dataset, load_dataset
from dermxai.jobs.arguments import arguments_of, swept_of
from dermxai.jobs.kinds import find_kind
from dermxai.models.files import CheckpointFiles
from dermxai.training.files import StudyFiles, TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe
from dermxai.training.studies import sweep as module
from dermxai.training.studies.combinations import (
    MOST,
    Round,
    combinations,
    epochs_in_all,
    folder_name,
    rounds,
)
from dermxai.training.studies.comparison import Outcome
from dermxai.training.studies.sweep import sweep
from tests.conftest import TINY
from tests.nightly import nightly

Made = Callable[[], Dataset]

EPOCHS = 8
RATES = [1e-3, 2e-3, 3e-3, 4e-3, 5e-3]


@pytest.fixture
def made(two_colours: Path) -> Made:
    return lambda: load_dataset(two_colours)


def auc(rate: float, epoch: int) -> float:
    """Learning curves: the rate 0.003 leads, and 0.004 is close to it."""
    worth = 1 - abs(rate - 3.2e-3) * 100
    return worth * (1 - 0.5**epoch)


class Pretended:
    """Stands for `fit`: writes what a training would have written, and counts its epochs."""

    def __init__(self, dies_at: int = -1, diverges: float = -1.0) -> None:
        self.trained: Counter[float] = Counter()
        self.dies_at, self.diverges = dies_at, diverges
        self.calls = 0

    def __call__(
        self,
        dataset: object,
        recipe: Recipe,
        output: Path,
        progress: Callable[..., None] | None,
        *,
        until: int | None,
        **_: object,
    ) -> None:
        files = TrainingFiles(output)
        files.root.mkdir(parents=True, exist_ok=True)
        (files.root / "model.json").touch()
        before = len(pd.read_csv(files.history)) if files.history.is_file() else 0
        rate = recipe.learning_rate
        for epoch in range(before, until or recipe.epochs):
            if rate == self.diverges and epoch == 1:
                raise DivergenceError("The loss became nan.")
            self.calls += 1
            if self.calls == self.dies_at:
                raise KeyboardInterrupt
            value = auc(rate, epoch + 1)
            rows = [
                {"epoch": n + 1, "macro_auc": auc(rate, n + 1), "validation_loss": 1 - value}
                for n in range(epoch + 1)
            ]
            pd.DataFrame(rows).to_csv(files.history, index=False)
            self.trained[rate] += 1
            if progress:
                progress("training", epoch + 1, recipe.epochs, {"loss": 1.0, "left": 1.0})


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    def make(**how: Any) -> Pretended:
        made = Pretended(**how)
        monkeypatch.setattr(module, "fit", made)
        monkeypatch.setattr(module, "try_network", lambda *_: None)
        return made

    def outcome(entry: Any, *_: object) -> Outcome:
        labels = np.arange(8) % 2
        value = -entry.worth(EPOCHS)[1]
        scores = np.stack([value * (1 - labels), value * labels], 1).astype(np.float32)
        units = np.array([f"p{row}" for row in range(8)], dtype=object)
        return Outcome(module.Member(entry.label, 0, 0), np.arange(8), labels, scores, units)

    monkeypatch.setattr(module, "_outcome", outcome)
    return make


def ranking(folder: Path) -> list[str]:
    content = json.loads(StudyFiles(folder).about.read_text())
    assert [row["rank"] for row in content["table"]] == list(range(1, len(content["table"]) + 1))
    return [row["network"] for row in content["table"]]


@pytest.mark.parametrize(
    ("settings", "plan", "spent"),
    [
        (2, [Round(2, 0.5), Round(1, 1.0)], 2 * 4 + 4),
        (3, [Round(3, 0.5), Round(2, 1.0)], 3 * 4 + 2 * 4),
        (5, [Round(5, 0.25), Round(3, 0.5), Round(2, 1.0)], 5 * 2 + 3 * 2 + 2 * 4),
        (8, [Round(8, 0.125), Round(4, 0.25), Round(2, 0.5), Round(1, 1.0)], 8 + 4 + 2 * 2 + 4),
    ],
)
def test_rounds_halve_the_settings_and_double_the_epochs(
    settings: int, plan: list[Round], spent: int
) -> None:
    assert rounds(settings) == plan
    assert epochs_in_all(plan, EPOCHS) == spent
    assert epochs_in_all(rounds(settings, halving=False), EPOCHS) == settings * EPOCHS
    assert all(each.until(1) == 1 for each in plan), "at least an epoch"


def test_the_best_survives_and_the_others_stop_early(
    made: Made, tmp_path: Path, pretended: Callable[..., Pretended]
) -> None:
    trained = pretended().trained
    told: list[tuple[int, int, Mapping[str, float]]] = []
    recipe = Recipe(architecture=TINY, size=32, epochs=EPOCHS)
    folder = sweep(
        made(),
        recipe,
        tmp_path / "sweep",
        lambda phase, done, total, figures: told.append((done, total, figures)),
        swept={"learning_rate": RATES},
    )
    assert ranking(folder) == [f"learning_rate={rate:g}" for rate in (3e-3, 4e-3, 2e-3, 5e-3, 1e-3)]
    assert trained == {3e-3: 8, 4e-3: 8, 2e-3: 4, 5e-3: 2, 1e-3: 2}
    content = json.loads(StudyFiles(folder).about.read_text())
    assert content["best"].startswith("learning_rate=0.003/")
    epochs = [row["epochs"].partition(" ")[0] for row in content["table"]]
    assert epochs == ["8", "8", "4", "2", "2"]
    assert "evaluate it on test images" in content["note"]
    done = [done / total for done, total, _ in told]
    assert done == sorted(done) and done[-1] == pytest.approx(1.0)
    left = [figures["left"] for _, _, figures in told]
    assert left[0] > left[-1] == pytest.approx(1.0), "trainings that follow are reckoned with"
    printed = StudyFiles(folder).card.read_text()
    assert "| Settings | Epochs | Accuracy" in printed


@pytest.mark.parametrize("dies_at", [1, 12, 22])
def test_stopped_anywhere_it_goes_on_and_comes_to_the_same(
    dies_at: int, made: Made, tmp_path: Path, pretended: Callable[..., Pretended]
) -> None:
    recipe, values = Recipe(architecture=TINY, size=32, epochs=EPOCHS), {"learning_rate": RATES}
    data, whole = made(), pretended()
    expected = ranking(sweep(data, recipe, tmp_path / "whole", swept=values))
    first = pretended(dies_at=dies_at)
    with pytest.raises(KeyboardInterrupt):
        sweep(data, recipe, tmp_path / "cut", swept=values)
    second = pretended()
    assert ranking(sweep(data, recipe, tmp_path / "cut", swept=values)) == expected
    assert first.trained + second.trained == whole.trained, "no epoch twice"
    again = pretended()
    sweep(data, recipe, tmp_path / "cut", swept=values)
    assert not again.trained, "what has ended is left as it is"
    with pytest.raises(InputError, match="another sweep"):
        sweep(data, recipe, tmp_path / "cut", swept={"learning_rate": RATES[:4]})


def test_without_halving_all_are_trained_to_their_end(
    made: Made, tmp_path: Path, pretended: Callable[..., Pretended]
) -> None:
    trained = pretended().trained
    recipe = Recipe(architecture=TINY, size=32, epochs=EPOCHS)
    values = {"learning_rate": RATES}
    folder = sweep(made(), recipe, tmp_path / "sweep", swept=values, halving=False)
    assert trained == dict.fromkeys(RATES, EPOCHS)
    assert ranking(folder)[0] == "learning_rate=0.003"


def test_a_setting_that_diverges_is_the_last_and_ends_nothing(
    made: Made, tmp_path: Path, pretended: Callable[..., Pretended]
) -> None:
    trained = pretended(diverges=3e-3).trained
    recipe = Recipe(architecture=TINY, size=32, epochs=EPOCHS)
    folder = sweep(made(), recipe, tmp_path / "sweep", swept={"learning_rate": RATES})
    assert ranking(folder)[0] == "learning_rate=0.004"
    assert "learning_rate=0.003" not in ranking(folder)
    assert "ceased to be a number: learning_rate=0.003" in StudyFiles(folder).card.read_text()
    assert trained[3e-3] == 1


@nightly
def test_trainings_of_a_sweep_are_those_that_they_would_be_alone(
    made: Made, tmp_path: Path
) -> None:
    """The real thing: pausing changes no bit."""
    recipe = Recipe(
        architecture=TINY, size=32, epochs=2, batch_size=8, drop_path_rate=0.0, auxiliary=False
    )
    data = made()
    folder = sweep(data, recipe, tmp_path / "sweep", swept={"learning_rate": [1e-3, 1e-2]})
    content = json.loads(StudyFiles(folder).about.read_text())
    best = folder / content["best"]
    rate = float(content["table"][0]["network"].partition("=")[2])
    alone = fit(
        data,
        Recipe(**{**recipe.model_dump(), "learning_rate": rate}),
        tmp_path / "alone",
    )
    assert CheckpointFiles(best).weights.read_bytes() == CheckpointFiles(alone).weights.read_bytes()
    epochs = sorted(len(pd.read_csv(path)) for path in folder.rglob("history.csv"))
    assert epochs == [1, 2]
    assert not list(folder.rglob("*.ckpt")), "states are gone"
    assert set(content["differences"][0]) >= {"network", "low", "high"}
    assert content["table"][0]["auc_mean"] == pytest.approx(content["members"][0]["auc"])


def test_settings_that_change_who_validates_are_refused(made: Made, tmp_path: Path) -> None:
    recipe, data = Recipe(architecture=TINY, size=32, epochs=2, split="patient"), made()
    early = data.samples["patient_id"].str[1:].astype(int) < 12
    data.samples["split"] = np.where(early, "train", "validation")
    with pytest.raises(InputError, match="validated on other images"):
        sweep(data, recipe, tmp_path / "sweep", swept={"seed": [0, 1, 2]})


def test_texts_with_commas_are_values_to_compare() -> None:
    single, swept = swept_of(
        ["learning_rate=1e-3, 5e-4", "mean=0.5,0.5,0.5", "epochs=3", "unfreeze=true,false"]
    )
    assert swept == {"learning_rate": [1e-3, 5e-4], "unfreeze": [True, False]}
    assert single == ["mean=0.5,0.5,0.5", "epochs=3"]
    arguments = arguments_of(
        find_kind("train"), {"recipe": "quick", "recipe.learning_rate": "1e-3,5e-4"}
    )
    assert arguments["sweep"] == {"learning_rate": [1e-3, 5e-4]}
    assert arguments["recipe"]["epochs"] == 5
    title = find_kind("train").title({**arguments, "dataset": "/data/lite"})
    assert title == "Sweep of quick on lite: learning rate 2 values"


@pytest.mark.parametrize(
    ("swept", "complaint"),
    [
        ({"learning_rate": [1.0, 7.0]}, "from 1e-06 to 1.0"),
        ({"colour": [1, 2]}, "no setting 'colour'"),
        ({"keep_by": ["loss", "macro_auc"]}, "compared by"),
        ({"merge": ["EAD+SD", ""]}, "one value only"),
        ({"learning_rate": []}, "several values"),
        ({"learning_rate": "1e-3,5e-4"}, "several values"),
        ({"learning_rate": [[1], {}]}, "several values"),
        ({"learning_rate": [1e-3]}, "expected 2 to"),
        ({"learning_rate": [1e-3, 1e-3]}, "expected 2 to"),
        ({"seed": list(range(MOST + 1))}, "expected 2 to"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(swept: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        find_kind("train").check({"sweep": swept})


def test_losses_of_different_formulas_are_not_compared() -> None:
    swept = {"label_smoothing": [0.0, 0.1]}
    assert len(combinations(Recipe(), swept)) == 2
    with pytest.raises(InputError, match="part of the loss"):
        combinations(Recipe(keep_by="loss"), swept)


@pytest.mark.parametrize("more", [{"folds": 3}, {"nodes": 2}])
def test_a_sweep_is_no_cross_validation_and_stays_on_a_computer(more: dict[str, int]) -> None:
    with pytest.raises(InputError, match="A sweep compares"):
        find_kind("train").check({"sweep": {"seed": [0, 1]}, **more})


def test_folders_are_named_as_labels_are_and_never_lead_elsewhere() -> None:
    label, other = combinations(Recipe(), {"balance": [0.0, 0.5], "unfreeze": [True]})
    assert folder_name(label) == "balance=0,unfreeze=True"
    assert folder_name(other) == "balance=0.5,unfreeze=True"
    hostile = folder_name("architecture=../../x/y")
    assert "/" not in hostile and hostile != folder_name("architecture=../.._x_y")
    assert len(folder_name("x" * 500)) < 100
