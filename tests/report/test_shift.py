"""A run's test split against its development data, and foreign classes by distance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dermxai.core.errors import InputError
from dermxai.core.paths import runs
from dermxai.metrics.out_of_distribution import SCORES
from dermxai.report.shift import shift
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run, rewrite

CLASSES = ("EAD", "SD", "MN")


@pytest.fixture
def run() -> Run:
    """Test images of older patients; every tenth image of a class that the model does not know."""
    made = generated_run(runs() / "run", 400, classes=CLASSES, heads={"final": 8}, patients=130)
    test = made.samples["split"] == "test"
    label = made.samples["label"].where(np.arange(400) % 10 > 0, "mel")
    pooled = np.load(RunFiles(made.root).pooled)
    pooled[label == "mel"] += 4
    np.save(RunFiles(made.root).pooled, pooled)
    return rewrite(open_run(made.root), age=made.samples["age"] + 25 * test, label=label)


def test_what_drifts_is_found_and_foreign_classes_are_detected(run: Run) -> None:
    found = shift(run)
    assert (found.first, found.second) == ("train, validation", "test")
    table = found.found.table.set_index("column")
    assert table.loc["age", "p_holm"] < 0.05 < table.loc["sex", "p_holm"]
    assert {"label", "site"} <= set(table.index) and "split" not in table.index
    assert found.foreign == {
        "mel": (run.samples["label"][run.samples["split"] == "test"] == "mel").sum()
    }
    test = (run.samples["split"] == "test").to_numpy()
    foreign = (run.samples["label"] == "mel").to_numpy()[test]
    for name, made in found.detections.items():
        expected = roc_auc_score(foreign, found.scores[name][test])
        assert made.area == pytest.approx(expected)
    assert found.detections["mahalanobis"].area > 0.8
    assert list(found.scores) == list(SCORES) and len(found.scores) == len(run)
    shown = found.shown()
    assert {"Column", "p, Holm", "Test"} <= set(shown) and len(found.detected()) == len(SCORES)
    told = found.as_json()
    assert told["out_of_distribution"]["scores"]["mahalanobis"]["foreign"] == foreign.sum()


def test_splits_that_are_not_there_and_runs_without(run: Run) -> None:
    with pytest.raises(InputError, match="no split 'nix'; its splits: test, train, validation"):
        shift(run, "nix")
    assert shift(run, "validation").first == "train"
    alone = shift(rewrite(run, split=pd.array([None] * 400, dtype="str")))
    assert alone.found is None and "no two splits" in alone.reason
    assert "none of these images is known to be of the training" in alone.why
    assert "It needs a run over a dataset that holds training images" in alone.notes[1]
    assert alone.notes[0] == alone.reason and not alone.detections
    assert alone.shown().empty and alone.as_json()["columns"] == []


def test_without_foreign_labels_it_says_so(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 200, classes=CLASSES, heads={"final": 8})
    found = shift(run)
    assert not found.detections and not found.why
    assert "no ROC curve of foreign classes" in "\n".join(found.notes)
