"""The lesson's atlas and model, made small."""

import pandas as pd
import pytest

from dermxai.core import paths
from dermxai.data.atlas import settings
from dermxai.jobs.kinds import shortcut
from dermxai.runs import open_run


def test_it_draws_the_atlas_trains_on_it_and_runs_the_model_over_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = settings.SHORTCUT.replaced(images=24, size=48, patients={"EAD": 12, "SD": 12})
    monkeypatch.setattr(settings, "SHORTCUT", small)
    quick = {**shortcut.RECIPE, "size": 32, "start_size": 32, "epochs": 1}
    monkeypatch.setattr(shortcut, "RECIPE", quick)
    phases = []
    made = shortcut.SHORTCUT.run(lambda phase, *_: phases.append(phase))
    run = open_run(str(made["run"]))
    assert len(run) == 24 and set(run.classes) == {"EAD", "SD"}
    assert {"atlas", "training", "images"} <= set(phases)
    assert (paths.checkpoints() / shortcut.NAME / "model.json").is_file()
    again = shortcut.SHORTCUT.run(lambda *_: None)
    assert again == made, "what is there is left as it is"


def test_ink_marks_one_class_in_training_and_lies_on_both_in_the_test() -> None:
    table = pd.DataFrame(
        [
            (split, label, settings.SHORTCUT.rates_for(label, split)["ink"])
            for split in ("train", "validation", "test")
            for label in ("EAD", "SD")
        ],
        columns=["split", "label", "ink"],
    ).set_index(["split", "label"])["ink"]
    assert table["train"].to_dict() == table["validation"].to_dict() == {"EAD": 1.0, "SD": 0.0}
    assert table["test"]["EAD"] == table["test"]["SD"] == 0.4
