"""The Remedies page: the stack is in the address, outcomes stand beside the unchanged network."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models import ModelInfo, load_classifier
from dermxai.remedies import REMEDIES, Stack, fit_stack
from dermxai.remedies.keep import keep
from dermxai.remedies.looks import looks
from dermxai.runs import Run, infer
from dermxai.ui.app import permissions
from dermxai.ui.pages.remedies import remedies
from dermxai.ui.session.caches import everything
from tests.generated import rewrite, trained_here
from tests.onnx_files import write

Make, Open = Callable[..., Run], Callable[..., AppTest]
SMALL = {"block 1": 4, "final": 8}
STACK = '[{"remedy":"logit_offset","settings":{"by":"prior"}},"retrain_heads"]'


def texts(app: AppTest) -> str:
    return " ".join(each.value for each in [*app.markdown, *app.caption, *app.warning, *app.error])


def stack_of(app: AppTest) -> Stack:
    """In the address."""
    told = app.query_params["stack"]
    return Stack.parsed(told if isinstance(told, str) else told[0])


@pytest.fixture
def run(make_run: Make) -> Run:
    return make_run(images=240, heads=SMALL, classes=("EAD", "SD", "MN"))


def test_an_empty_stack_asks_for_a_remedy(run: Run, open_page: Open) -> None:
    app = open_page("remedies", run="run")
    assert not app.exception and not app.error
    assert "Nothing yet: add a remedy." in texts(app)
    assert app.selectbox(key="remedy").options == [each.title for each in REMEDIES.all().values()]


def test_every_remedy_can_be_added_by_its_form(run: Run, open_page: Open) -> None:
    for name in ("temperature", "retrain_heads", "operating_point"):
        app = open_page("remedies", run="run")
        app.selectbox(key="remedy").set_value(name).run()
        assert not app.exception and not app.error
        app.button(key="remedy-add").click().run()
        assert stack_of(app) == Stack.of([name])
        assert not app.exception and not app.error
        assert "Images that change" in texts(app)


def test_a_link_shows_the_outcome(run: Run, open_page: Open) -> None:
    app = open_page("remedies", run="run", stack=STACK)
    assert not app.exception and not app.error
    said = texts(app)
    for part in ("1. **Logit offset** (by prior)", "Ridge regression on 12 features", "The price"):
        assert part in said
    assert "test was looked at with 0 stacks" in said
    headlines = app.dataframe[0].value
    assert headlines["Measure"].iloc[0] == "Top-1 accuracy"
    assert headlines["Difference"].notna().all()
    assert looks(run.root) == []


def test_steps_are_moved_and_taken_out(run: Run, open_page: Open) -> None:
    app = open_page("remedies", run="run", stack=STACK)
    app.button(key="remedy-up-1").click().run()
    first, second = stack_of(app).steps
    assert (first.remedy, second.remedy) == ("retrain_heads", "logit_offset")
    app.button(key="remedy-out-0").click().run()
    assert [s.remedy for s in stack_of(app).steps] == ["logit_offset"]
    app.button(key="remedy-out-0").click().run()
    assert "stack" not in app.query_params and "Nothing yet" in texts(app)


def test_the_test_is_counted_once_for_each_stack(run: Run, open_page: Open) -> None:
    app = open_page("remedies", run="run", stack=STACK)
    app.segmented_control(key="measured").set_value("Test").run()
    assert not app.exception and not app.error
    assert "test was looked at with 1 stack so far" in texts(app)
    app.run()
    open_page("remedies", run="run", stack=STACK, measured="Test")
    assert len(looks(run.root)) == 1


def test_splits_without_images_are_not_offered(run: Run, open_page: Open) -> None:
    split = run.samples["split"]
    for lost, left in (("test", "Validation"), ("validation", "Test")):
        rewrite(run, split=split.replace(lost, "train"))
        for link in ({}, {"measured": lost.capitalize()}):
            everything.clear()
            app = open_page("remedies", run="run", stack=STACK, **link)
            assert not app.exception and not app.error
            assert app.segmented_control(key="measured").options == [left]
            assert f"{lost.capitalize()}: the run has no such image" in texts(app)
            assert "Images that change" in texts(app)
    rewrite(run, split="train")
    everything.clear()
    app = open_page("remedies", run="run", stack=STACK)
    assert not app.exception and not app.error
    assert "nothing can be measured" in " ".join(each.value for each in app.info)


def test_what_cannot_be_kept_is_not_offered(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_ROOTS", str(tmp_path))
    rows = []
    for index in range(12):
        shade = np.full((16, 16, 3), 20 * index, np.uint8)
        Image.fromarray(shade).save(tmp_path / f"{index}.png")
        split = ("train", "validation", "test")[index // 2 % 3]
        rows.append((f"{index}.png", ("EAD", "SD")[index % 2], f"p{index // 2}", split))
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "split"])
    table.to_csv(tmp_path / "table.csv", index=False)
    file = write(tmp_path / "model.onnx", shape=("n", 3, 16, 16))
    classifier = load_classifier(file, classes=["EAD", "SD", "MN"])
    run = infer(classifier, load_dataset(tmp_path / "table.csv"), device="cpu")
    app = open_page("remedies", run=run.id, stack='["logit_offset"]')
    assert not app.exception and not app.error
    assert "no heads that could be changed" in texts(app)
    assert "keep-now" not in [button.key for button in app.button] and not app.code
    with pytest.raises(InputError, match="model gives logits only, no heads"):
        keep(fit_stack(run, Stack.parsed("logit_offset")), "mended")


def test_viewers_see_what_was_looked_at_and_keep_nothing(
    run: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(permissions.TEACHING, "on")
    app = open_page("remedies", run="run", stack=STACK)
    assert "Images that change" in texts(app) and "needs the role operator" in texts(app)
    app.segmented_control(key="measured").set_value("Test").run()
    assert "visitors cannot look at the test" in texts(app)
    step = {"remedy": "average_runs", "settings": {"runs": str(run.root)}}
    by_path = open_page("remedies", run="run", stack=json.dumps([step]))
    assert "not in this workspace" in texts(by_path)
    step["settings"]["runs"] = "run"
    by_id = open_page("remedies", run="run", stack=json.dumps([step]))
    assert "not in this workspace" not in texts(by_id) and not by_id.error
    assert looks(run.root) == []


def test_images_that_change_become_the_selection(run: Run, open_page: Open) -> None:
    app = open_page("remedies", run="run", stack=STACK)
    app.button(key="changed-select").click().run()
    assert not app.exception and app.query_params["sel"]


def test_a_checkpoint_is_kept(tiny_checkpoint: Path, inferred: Run, open_page: Open) -> None:
    split = ["train", "train", "validation", "validation", "test", "test"]
    patients = [f"p{index // 2}" for index in range(6)]
    run = rewrite(inferred, split=split, patient_id=patients, label=["EAD", "SD"] * 3)
    app = open_page("remedies", run=run.id, stack='["logit_offset"]')
    assert not app.exception and not app.error
    app.text_input(key="keep").set_value("../x").run()
    app.button(key="keep-now").click().run()
    assert "cannot be called" in " ".join(
        each.value for each in [*app.sidebar.warning, *app.sidebar.error, *app.warning, *app.error]
    )
    app.text_input(key="keep").set_value("mended").run()
    app.button(key="keep-now").click().run()
    assert not app.exception
    kept = paths.checkpoints() / "mended" / "model.json"
    assert ModelInfo.from_json(kept.read_text(), "").recipe["remedies"]["run"] == run.id


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("[", "not JSON"),
        ('["<img src=x onerror=alert(1)>"]', "There is no remedy"),
        ('[{"remedy":"image_weights","settings":{"column":"![a](http://b/c)"}}]', "no column"),
        ('[{"remedy":"average_runs","settings":{"runs":"/etc"}}]', "Run|run|/etc"),
        ('[{"remedy":"add_run","settings":{"run":"../../.."}}]', "outside|may"),
        ("x" * 30_000, "at most"),
    ],
)
def test_hostile_stacks_are_sentences(run: Run, open_page: Open, stack: str, told: str) -> None:
    app = open_page("remedies", run="run", stack=stack)
    assert not app.exception
    said = " ".join(each.value for each in [*app.warning, *app.error])
    assert re.search(told, said), said
    assert not re.search(r"(?<!\\)(<img|!\[|\]\()", said), "no markup"


def test_a_run_without_a_network_says_what_it_cannot(run: Run, open_page: Open) -> None:
    trained_here(run, run.samples["split"])
    app = open_page("remedies", run="run", stack=STACK)
    assert any("dermxai train" in each.value for each in app.code)
    assert remedies.said.command(run)
