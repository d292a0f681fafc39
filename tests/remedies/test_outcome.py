"""What a stack comes to, and how looks at the test are counted."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.remedies import Stack, fit_stack
from dermxai.remedies.looks import looks, note_look
from dermxai.remedies.outcome import BROKEN, MENDED, OTHER, Outcome, outcome
from dermxai.report.evaluated import evaluated
from dermxai.report.regrouping import regrouping_of
from dermxai.report.remedies import as_json, command, headlines, looked, losing, steps
from dermxai.runs import Run
from tests.generated import generated_run, rewrite, trained_here

SMALL = {"block 1": 3, "final": 12}
MERGE = '[{"remedy":"merge_classes","settings":{"classes":"EAD+SD"}}]'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return generated_run(tmp_path / "run", 300, heads=SMALL, classes=("EAD", "SD", "MN", "BCC"))


def found(run: Run, stack: str = "", split: str = "test") -> Outcome:
    return outcome(fit_stack(run, Stack.parsed(stack)), split)


def test_the_unchanged_network_is_measured_as_everywhere(run: Run) -> None:
    made = found(run, "logit_offset")
    whole = evaluated(run, "test")
    np.testing.assert_array_equal(made.before.confusion, whole.confusion)
    np.testing.assert_array_equal(made.before.probabilities, whole.probabilities)
    columns = ["measure", "value", "low", "high"]
    assert made.before.overall[columns].equals(whole.overall[columns])


def test_under_a_merge_the_unchanged_network_keeps_its_decisions(run: Run) -> None:
    made = found(run, MERGE)
    whole = evaluated(run, "test", regrouping=regrouping_of(run.classes, ["EAD+SD"]))
    np.testing.assert_array_equal(made.before.confusion, whole.confusion)
    assert made.after.classes == whole.classes == ("EAD∪SD", "MN", "BCC")
    assert any("taken as one" in note for note in made.notes)


def test_nothing_changes_nothing(run: Run) -> None:
    made = found(run, "temperature")
    assert made.changed.empty and not made.paired.confusion.any() and made.losing.empty
    assert next(iter(steps(made)))[0] == "Temperature"


def test_images_that_change_are_told(run: Run) -> None:
    made = found(run, "logit_offset,retrain_heads")
    changed = made.changed
    assert len(changed) == (made.before.predicted != made.after.predicted).sum() > 0
    right = {MENDED: changed["after"], BROKEN: changed["before"]}
    for kind, column in right.items():
        of = changed["change"] == kind
        assert (column[of] == changed.loc[of, "label"]).all()
    assert set(changed["change"]) <= {MENDED, BROKEN, OTHER}
    gained = (changed["change"] == MENDED).sum() - (changed["change"] == BROKEN).sum()
    assert np.trace(made.paired.confusion) == gained
    assert (losing(made)["difference"] < 0).all()
    assert headlines(made)["difference"].notna().all()
    said = as_json(made)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["test_looks"] == 1 and len(said["changed"]) == len(changed)


def test_the_run_counts_looks_at_its_test_by_stack(run: Run) -> None:
    assert found(run, "temperature", "validation").test_looks == 0
    assert "not looked at" in looked(found(run, "temperature", "validation"))
    assert found(run, "temperature").test_looks == 1
    assert found(run, "temperature").test_looks == 1, "the same again is no new look"
    assert found(run, "logit_offset").test_looks == 2
    assert found(run, "temperature", "validation").test_looks == 2
    told = looks(run.root)
    assert [each["remedies"] for each in told] == [
        [{"remedy": "temperature"}],
        [{"remedy": "logit_offset"}],
    ]


def test_looks_at_once_are_all_counted(run: Run) -> None:
    stacks = [
        Stack.of([{"remedy": "logit_offset", "settings": {"by": "prior", "strength": step / 10}}])
        for step in range(12)
    ]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda stack: note_look(run.root, stack), stacks))
    assert len(looks(run.root)) == 12


def test_looks_of_several_processes_are_all_counted(run: Run) -> None:
    look = (
        "import sys; from pathlib import Path; from dermxai.remedies.looks import note_look; "
        "from dermxai.remedies.stack import Stack; "
        "[note_look(Path(sys.argv[1]), Stack.parsed(text)) for text in sys.argv[2:]]"
    )
    stacks = ["", "temperature", "logit_offset", "retrain_heads", "operating_point"]
    orders = (stacks, stacks[::-1], stacks[2:])
    command = [sys.executable, "-c", look, str(run.root)]
    started = [subprocess.Popen([*command, *order]) for order in orders]
    assert [each.wait(timeout=300) for each in started] == [0, 0, 0]
    assert {each["stack"] for each in looks(run.root)} == {Stack.parsed(s).digest for s in stacks}
    assert len(looks(run.root)) == len(stacks), "each once, whoever looks first"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"looks": [1]}', "[" * 9999, "\0"])
def test_a_damaged_count_is_told_and_the_test_not_looked_at(run: Run, content: str) -> None:
    (run.root / "test-looks.json").write_text(content)
    with pytest.raises(InputError, match=r"counts how often .* restore it or remove it"):
        found(run, "temperature")


def test_the_validation_images_are_said_to_be_those_fitted_on(run: Run) -> None:
    made = found(run, "logit_offset", "validation")
    assert any("Measured on the validation images" in note for note in made.notes)
    with pytest.raises(InputError, match="validation or test"):
        found(run, "", "train")
    lost = rewrite(run, split=run.samples["split"].replace("test", "train"))
    with pytest.raises(InputError, match="has no test image"):
        found(lost, "")
    assert looks(run.root) == []


def test_test_logits_that_are_no_numbers_are_refused(run: Run) -> None:
    logits = np.load(run.root / "logits.npy")
    logits[run.in_split("test")[0]] = np.nan
    np.save(run.root / "logits.npy", logits)
    with pytest.raises(InputError, match="not finite"):
        found(rewrite(run), "temperature")


def test_rules_before_and_after_are_named(run: Run) -> None:
    made = found(run, "operating_point")
    assert [each.rule.name for each in made.measures] == ["argmax", "operating_point"]
    assert any("Two decision rules" in note for note in made.notes)


def test_one_class_alone_is_measured(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "one", 60, heads=SMALL, classes=("MN", "BCC"))
    made = found(rewrite(run, label="MN"), "logit_offset,retrain_heads,temperature")
    assert fit_told(made) == [False, True, False]


def fit_told(made: Outcome) -> list[bool]:
    return [bool(each.skipped) for each in made.fitted.told]


def test_a_further_training_is_offered(run: Run) -> None:
    assert command(run) == "", "the checkpoint is not there"
    trained = trained_here(run, run.samples["split"])
    assert "--set logit_adjustment=1.0" in command(trained)
    assert "start_from=" in command(trained)


def test_without_features_heads_are_not_retrained(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "bare", 200, heads={"final": 0}, classes=("EAD", "SD", "MN"))
    made = found(run, "retrain_heads,average_heads,logit_offset")
    assert fit_told(made) == [True, True, False]
    assert "no features" in made.fitted.told[0].skipped


def test_classes_told_by_themselves_are_not_scaled(run: Run) -> None:
    file = run.root / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"activation": "sigmoid"}))
    sigmoid = rewrite(run)
    made = found(sigmoid, "logit_offset,temperature,average_heads,operating_point", "validation")
    assert fit_told(made) == [True, True, True, False]
    again = found(sigmoid, "retrain_heads", "validation")
    np.testing.assert_allclose(again.after.probabilities.sum(axis=1), 1)
