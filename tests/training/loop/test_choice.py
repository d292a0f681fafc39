"""Which epoch is kept, how that is told, and what is doubted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from dermxai.core.errors import Cancelled
from dermxai.data import load_dataset
from dermxai.models import load_classifier, read_info
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.loop import module
from dermxai.training.loop.choice import by_chance, doubts, kept, kept_at, kept_by, standard_errors
from dermxai.training.loop.validation import ValidationMetrics
from dermxai.training.recipe import Recipe
from dermxai.training.record.specification import Specification
from dermxai.training.studies.study import study

RECIPE = Recipe(
    architecture="test_efficientnet",
    size=32,
    epochs=4,
    batch_size=16,
    ema_decay=0.5,
    colour_constancy="none",
)
# epoch 1: a guess at chance of the lowest loss; epoch 3 ranks best, epoch 4 decides best
LOSS = (1.9, 2.4, 2.2, 2.6)
AUC = (0.58, 0.7, 0.78, 0.77)
BALANCED = (0.143, 0.25, 0.3, 0.38)


def epochs(**columns: object) -> list[dict[str, float]]:
    measures = {"validation_loss": LOSS, "macro_auc": AUC, "balanced_accuracy": BALANCED}
    return pd.DataFrame(measures | columns).to_dict("records")


def reaching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training's epochs reach what the four above do."""
    real = module.reached
    done: list[float] = []

    def told(*args: object) -> ValidationMetrics:
        got, at = real(*args), len(done) % len(LOSS)
        done.append(got.validation_loss)
        return replace(
            got,
            validation_loss=LOSS[at],
            macro_auc=AUC[at],
            balanced_accuracy=BALANCED[at],
            chance={"macro_auc": 0.6, "balanced_accuracy": 0.2},
            error={"macro_auc": 0.05, "balanced_accuracy": 0.05},
        )

    monkeypatch.setattr(module, "reached", told)


@pytest.mark.parametrize(
    ("by", "position"), [("loss", 0), ("macro_auc", 2), ("balanced_accuracy", 3)]
)
def test_the_measure_that_was_asked_for_chooses(by: str, position: int) -> None:
    assert kept(epochs(), by) == position


def test_equals_are_told_apart_by_their_loss_and_undefined_measures_too() -> None:
    assert (
        kept(epochs(macro_auc=(1.0, 0.9, 1.0, 1.0), validation_loss=(4, 1, 2, 2)), "macro_auc") == 2
    )
    assert kept(epochs(macro_auc=(np.nan, np.nan, 0.3, np.nan)), "macro_auc") == 2
    assert kept(epochs(macro_auc=[np.nan] * 4), "macro_auc") == 0


def test_what_is_kept_and_why_stands_in_weights_history_and_card(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaching(monkeypatch)
    files = TrainingFiles(fit(load_dataset(two_colours), RECIPE, tmp_path / "m"))
    info, history = read_info(files.root), pd.read_csv(files.history)
    assert info.metrics["validation"]["epoch"] == 3
    assert info.metrics["kept_by"] == "macro_auc" == kept_by(history)
    assert list(history["kept"]) == [0, 0, 1, 0]
    card = (files.root / "README.md").read_text("utf-8")
    assert "the epoch that was kept, by macro AUC" in card
    assert "| keep_by | macro_auc |" in card
    assert "(the last epoch)" in (files.last / "README.md").read_text("utf-8")
    assert load_classifier(files.root).hash != load_classifier(files.last).hash


def test_a_kept_epoch_at_chance_and_far_below_a_later_one_is_doubted_everywhere(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    reaching(monkeypatch)
    recipe = RECIPE.replaced(keep_by="loss")
    files = TrainingFiles(fit(load_dataset(two_colours), recipe, tmp_path / "m"))
    told = list(doubts(pd.read_csv(files.history)))
    assert [line.partition(":")[0] for line in told] == [
        "The kept epoch, 1, is near chance",
        "The kept epoch, 1, is near chance",
        "The kept epoch, 1, chosen by validation loss, is far below epoch 3 in macro AUC",
        "The kept epoch, 1, chosen by validation loss, is far below epoch 4 in balanced accuracy",
    ]
    assert "0.580" in told[0] and "0.600" in told[0]
    assert "0.143 against 0.380" in told[3] and "keep_by to balanced_accuracy" in told[3]
    assert read_info(files.root).metrics["doubts"] == told
    card = (files.root / "README.md").read_text("utf-8")
    assert all(line in card for line in told)
    assert [r.getMessage() for r in caplog.records if r.levelname == "WARNING"] == told


def test_a_good_epoch_is_not_doubted() -> None:
    good = pd.DataFrame(epochs(validation_loss=(2.6, 2.4, 2.2, 1.9))).assign(
        epoch=range(1, 5), kept_by="macro_auc", macro_auc_chance=0.6, balanced_accuracy_chance=0.2,
        macro_auc_se=0.05, balanced_accuracy_se=0.05,
    )  # fmt: skip
    assert list(doubts(good)) == []
    assert kept_at(good) == 2
    assert list(doubts(pd.DataFrame())) == []


def test_a_choice_on_few_images_is_doubted() -> None:
    few = pd.DataFrame(epochs()).assign(
        epoch=range(1, 5), kept_by="macro_auc", macro_auc_chance=0.6, balanced_accuracy_chance=0.2,
        macro_auc_se=0.07, balanced_accuracy_se=0.07,
    )  # fmt: skip
    (said,) = doubts(few)
    assert "The kept epoch, 3, was chosen on few validation images" in said
    assert "macro AUC to ± 0.070 (standard error), and 1 of the 3 other epochs" in said
    vague = few.assign(macro_auc_se=1.0, balanced_accuracy_se=1.0)
    assert len(list(doubts(vague))) == 1
    unmeasured = vague.assign(kept_by="loss", macro_auc_chance=0.0, balanced_accuracy_chance=0.0)
    assert list(doubts(unmeasured)) == []  # the loss has no standard error


def test_trainings_from_before_are_doubted_as_well() -> None:
    """Their history holds neither the measure that chose, nor errors."""
    old = pd.DataFrame(epochs()).assign(
        epoch=range(1, 5), **{f"sensitivity:c{index}": 0.5 for index in range(7)}
    )
    assert kept_by(old) == "loss"
    assert len(list(doubts(old))) == 4


@pytest.fixture
def grouped() -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    def drawn(rng: np.random.Generator, patients: int, each: int, alike: float):
        """Scores that know nothing of the labels; images of a patient are alike."""
        units = np.repeat(np.arange(patients), each)
        labels = np.repeat(np.arange(patients) % 3, each)
        own = rng.normal(size=(patients, 3))[units]
        noise = rng.normal(size=(patients * each, 3))
        return alike**0.5 * own + (1 - alike) ** 0.5 * noise, labels, units

    return drawn


@pytest.mark.parametrize("alike", [0.0, 0.8])
def test_scores_without_knowledge_exceed_chance_one_time_in_twenty(grouped, alike: float) -> None:
    """Whether or not a patient's images are alike; images shuffled one by one would not do."""
    rng = np.random.default_rng(0)
    over = {"macro_auc": 0, "balanced_accuracy": 0}
    for draw in range(80):
        scores, labels, units = grouped(rng, 18, 5, alike)
        bound = by_chance(scores, labels, units, seed=draw)
        auc = roc_auc_score(labels, np.exp(scores) / np.exp(scores).sum(1, keepdims=True),
                            multi_class="ovr")  # fmt: skip
        over["macro_auc"] += auc > bound["macro_auc"]
        found = balanced_accuracy_score(labels, scores.argmax(1))
        over["balanced_accuracy"] += found > bound["balanced_accuracy"]
    assert all(count <= 10 for count in over.values())  # 4 expected
    assert over["macro_auc"] >= 1


def test_standard_errors_are_those_of_new_patients(grouped) -> None:
    rng = np.random.default_rng(1)
    sets = [grouped(rng, 40, 4, 0.6) for _ in range(300)]
    true = np.std([roc_auc_score(y, np.exp(s) / np.exp(s).sum(1, keepdims=True), multi_class="ovr")
                   for s, y, _ in sets])  # fmt: skip
    told = np.mean([standard_errors(*each)["macro_auc"] for each in sets[:60]])
    assert told == pytest.approx(true, rel=0.15)
    assert np.isnan(standard_errors(np.eye(3), np.arange(3), np.zeros(3))["macro_auc"])


def begun_before(
    monkeypatch: pytest.MonkeyPatch, begin: Callable[[], object], without: tuple[str, ...]
) -> None:
    """Begins a training whose note lacks settings, as that of a DermXAI without them."""
    note = Specification.note

    def older(self: Specification, at: Path, *, ended: bool) -> None:
        known = {name: value for name, value in self.recipe.items() if name not in without}
        note(replace(self, recipe=known), at, ended=ended)

    with monkeypatch.context() as patch, pytest.raises(Cancelled):
        patch.setattr(Specification, "note", older)
        begin()


def test_a_training_that_began_by_the_old_rules_goes_on_by_them(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """test_resnet's own weights are normalised otherwise than ImageNet's mean."""
    reaching(monkeypatch)
    data, out = load_dataset(two_colours), tmp_path / "m"
    recipe = RECIPE.replaced(architecture="test_resnet", auxiliary=False)
    before = recipe.replaced(keep_by="loss", mean="0.485,0.456,0.406", std="0.229,0.224,0.225")

    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 2:
            raise Cancelled

    begun_before(monkeypatch, lambda: fit(data, before, out, cancel), ("keep_by", "mean", "std"))
    monkeypatch.undo()
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "home"))
    info = read_info(fit(data, recipe, out))
    assert info.recipe["keep_by"] == "loss" == info.metrics["kept_by"]
    assert info.preprocessing.mean == (0.485, 0.456, 0.406)
    history = pd.read_csv(TrainingFiles(out).history)
    assert kept_by(history) == "loss"
    assert history["kept"].to_numpy().argmax() == history["validation_loss"].to_numpy().argmin()


def test_a_cross_validation_keeps_by_the_same_measure_and_says_so(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaching(monkeypatch)
    recipe = RECIPE.replaced(keep_by="loss", epochs=1)
    out = study(load_dataset(two_colours), recipe, tmp_path / "s", folds=2)
    card = (out / "README.md").read_text("utf-8")
    assert "best by validation loss on its validation images" in card
    assert "seed 0, fold 0: The kept epoch, 1, is near chance" in card
