"""The Training page and the form in the sidebar."""

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs, slices
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.jobs import Job, State, open_job
from dermxai.jobs.files import JobFiles
from dermxai.jobs.launchers import local
from dermxai.jobs.records import identity, write
from dermxai.metrics.basis import basis
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.slices import Slice
from dermxai.training.files import TrainingFiles
from dermxai.ui.app import jobs_panel, sidebar
from dermxai.ui.components.studies import _interval
from dermxai.ui.session.state import Key
from tests.figures.test_training import history
from tests.pages.conftest import PAGES

Make, Open = Callable[..., Run], Callable[..., AppTest]


@pytest.fixture
def trained() -> Callable[..., Job]:
    """Makes a training that has ended, or is at work in this process."""

    def make(name: str = "mine", state: State = State.SUCCEEDED, **arguments: Any) -> Job:
        root = paths.jobs() / f"20260101-000000-train-{name}"
        output = paths.checkpoints() / name
        files = JobFiles(root)
        spec = {
            "kind": "train",
            "arguments": {
                "dataset": str(paths.datasets() / "atlas"),
                "output": str(output),
                "recipe": {"epochs": 20, "size": 64, "unfreeze": True},
                **arguments,
            },
            "title": "Training on atlas",
            "lane": "device",
            "submitted": 1.7e9,
        }
        write(files.spec, spec)
        write(files.submit(1), {"supervisor": identity(os.getpid()) if state.live else {}})
        if state in (State.SUCCEEDED, State.FAILED):
            write(
                files.result(1),
                {"state": state, "value": {"checkpoint": str(output)}, "error": "No <b>luck</b>."},
            )
        output.mkdir(parents=True)
        history().to_csv(TrainingFiles(output).history, index=False)
        files.log(1).parent.mkdir()
        files.log(1).write_text("first\nGPU </code><script>\n")
        return open_job(root)

    return make


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs that were launched, though nothing works on them."""
    found: list[Job] = []

    def launch(self: object, job: Job, attempt: int) -> dict[str, object]:
        found.append(job)
        return {"supervisor": identity(os.getpid())}

    monkeypatch.setattr(local.Local, "launch", launch)
    return found


def texts(app: AppTest) -> str:
    return " ".join(e.value for e in (*app.markdown, *app.caption, *app.error))


def buttons(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_without_trainings_it_says_what_they_are(make_run: Make, open_page: Open) -> None:
    make_run(images=12)
    app = open_page("training")
    assert "recipe unfreezes the network" in texts(app)
    assert "Fine-tune" in buttons(app)
    assert not app.exception and not app.error


def test_a_training_shows_curves_and_what_it_reached(
    make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    trained()
    app = open_page("training")
    assert not app.exception and not app.error
    assert "kept: epoch 12 of 20, by validation loss" in texts(app)
    assert {"Open result", "Clone", "Delete it"} <= buttons(app)
    assert len(app.get("plotly_chart")) == 6
    for view in ("Layers", "Hardware", "Log", "Recipe"):
        app.get("button_group")[0].set_value(view).run()
        assert not app.exception, view
        assert not app.error, view
    app.get("button_group")[0].set_value("Log").run()
    assert "</code><script>" in app.code[0].value, "as it is, in a code element"


def test_a_training_at_work_tells_how_far_it_is(
    make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    job = trained(state=State.RUNNING)
    figures = {"loss": 1.25, "balanced_accuracy": 0.5, "macro_auc": 0.75, "epoch": 2.0}
    noted = {"phase": "training", "step": 30, "total": 100, "first": 10, "figures": figures}
    now = time.time()
    process = {"process": identity(os.getpid()), "began": now - 20, "updated": now}
    write(job.files.progress(1), noted | process)
    app = open_page("training", job=f"{job.id},nobody")
    assert not app.exception and not app.error
    for bar in app.get("progress"):
        assert "30 of 100" in bar.proto.text
        assert "loss 1.250 · balanced accuracy 50.0 % · AUC 0.750" in bar.proto.text
    assert len(app.get("progress")) == 2, "in the sidebar and on the page"
    study = {"loss": 1.25, "macro_auc": math.nan, "member": 2.0, "members": 6.0}
    write(job.files.progress(1), noted | process | {"first": 30, "figures": study})
    app.run()
    assert not app.exception
    for bar in app.get("progress"):
        assert bar.proto.text == "Training 2 of 6 · loss 1.250", "nothing that is not known yet"


def test_several_trainings_are_compared(
    make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    one, other = trained("one"), trained("other", state=State.FAILED)
    app = open_page("training", job=one.id)
    assert app.multiselect(key="trainings").value == [one.id], "as the address says"
    app.multiselect(key="trainings").set_value([one.id, other.id]).run()
    assert not app.exception
    assert "No \\<b\\>luck\\</b\\>" in app.error[0].value
    assert "Resume" in buttons(app)
    assert len(app.get("plotly_chart")) == 7, "classes of each"
    write(other.files.result(1), {"state": State.FAILED, "error": "nan", "resumable": False})
    assert not app.run().exception
    assert "Resume" not in buttons(app)
    assert "Clone" in buttons(app)


def test_a_deleted_training_is_gone_and_its_checkpoint_stays(
    make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    job = trained()
    app = open_page("training")
    app.button(key=f"job-delete-{job.id}").click().run()
    assert not app.exception
    assert jobs.list_jobs() == []
    assert TrainingFiles(paths.checkpoints() / "mine").history.is_file()
    assert "recipe unfreezes" in texts(app)


def test_a_result_opens_and_reads_its_dataset(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    dataset = run.manifest["dataset"]["path"]
    job = trained(dataset=dataset)
    app = open_page("training")
    app.button(key=f"job-open-{job.id}").click().run()
    assert app.query_params["checkpoint"] == job.arguments["output"]
    assert app.query_params["dataset"] == dataset
    (inference,) = launched
    assert (inference.kind, inference.arguments["dataset"]) == ("infer", dataset)
    assert app.title[0].value == "Training"
    assert "its pages open by themselves" in texts(app)
    write(inference.files.result(1), {"state": State.SUCCEEDED, "value": {"run": str(run.root)}})
    app.run()
    assert not app.exception and not app.error
    assert app.title[0].value == "Performance", "without a second press"
    assert app.query_params["run"] == "run"
    app.switch_page(str(PAGES["training"])).run()
    assert app.title[0].value == "Training", "and leads nobody away again"


def test_who_has_left_the_page_of_a_result_is_not_led_there(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    trained(dataset=run.manifest["dataset"]["path"])
    app = open_page("training")
    next(button for button in app.button if button.label == "Open result").click().run()
    app.switch_page(str(PAGES["dataset"])).run()
    write(launched[0].files.result(1), {"state": State.SUCCEEDED, "value": {"run": str(run.root)}})
    app.switch_page(str(PAGES["training"])).run()
    assert app.title[0].value == "Training"


@pytest.mark.parametrize("when", ["at once", "later"])
def test_why_a_result_cannot_be_opened_stands_where_the_button_is(
    *,
    when: str,
    make_run: Make,
    open_page: Open,
    trained: Callable[..., Job],
    launched: list[Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run(images=12)
    trained(dataset=run.manifest["dataset"]["path"])
    app = open_page("training")
    if when == "at once":

        def refuse(*_: object, **__: object) -> None:
            raise InputError("The *disk* is full.")

        monkeypatch.setattr(jobs, "submit", refuse)
    next(button for button in app.button if button.label == "Open result").click().run()
    if when == "later":
        write(launched[0].files.result(1), {"state": State.FAILED, "error": "The *disk* is full."})
        app.run()
    assert not app.exception
    shown = [each.value for each in app.main.error]
    assert len(shown) == 1 and "The \\*disk\\* is full." in shown[0]
    above = [element.type for element in order(app.main)]
    assert above.index("error") < above.index("plotly_chart")
    assert "Open result" in buttons(app), "to be tried again"


def order(block: Any) -> list[Any]:
    """The elements of a page from top to bottom."""
    found = []
    for child in block.children.values():
        found += order(child) if hasattr(child, "children") else [child]
    return found


def test_a_result_that_has_read_its_dataset_opens_with_its_performance(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    job = trained(dataset=run.manifest["dataset"]["path"])
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    content["checkpoint"]["path"] = job.arguments["output"]
    manifest.write_text(json.dumps(content))
    app = open_page("training")
    app.button(key=f"job-open-{job.id}").click().run()
    assert app.title[0].value == "Performance"
    assert app.query_params["run"] == "run"
    assert not launched


def form(app: AppTest) -> str:
    """The name of the open form."""
    return str(app.session_state[Key.FORM].name)


def opened(app: AppTest) -> AppTest:
    return app.button(key="fine-tune").click().run()


def test_the_form_starts_one_job_from_two_windows(
    make_run: Make, open_page: Open, launched: list[Job]
) -> None:
    run = make_run(images=12)
    windows = [opened(open_page("training")) for _ in range(2)]
    for app in windows:
        assert not app.exception and not app.error
        app.button(key="start-train").click().run()
        assert not app.exception
    (job,) = launched
    assert job.kind == "train"
    assert job.arguments["dataset"] == run.manifest["dataset"]["path"]
    assert job.arguments["recipe"]["epochs"] == 5
    assert job.token


def estimated(**changes: Any) -> dict[str, Any]:
    counts = {"trainings": 1, "training_images": 10, "validation_images": 2, "steps": 5}
    figures = {"seconds": 60.0, "memory_bytes": 2**30, "warning": ""}
    return {**counts, **figures, "device": "cpu", "beside": False, **changes}


def test_an_estimate_is_of_all_that_is_asked_and_says_what_it_was_timed_on(
    make_run: Make, open_page: Open, launched: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(images=12)
    app = opened(open_page("training"))
    folds = next(field for field in app.number_input if field.label == "Folds")
    folds.set_value(5).run()
    networks = app.multiselect(key=Key.SETTING.of(form(app), "baselines"))
    assert networks.label == "Comparison networks"
    networks.set_value(["resnet101"]).run()
    app.button(key="start-estimate").click().run()
    (job,) = launched
    asked = (job.arguments["folds"], job.arguments["baselines"])
    assert asked == (5, ["resnet101"])
    value = estimated(trainings=10, beside=True)
    write(job.files.result(1), {"state": State.SUCCEEDED, "value": value})
    app.run()
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Trainings"], shown["Time, about"]) == ("10", "60 s")
    assert "alone it is faster" in texts(app)
    monkeypatch.setenv("DERMXAI_GPUS", "1")
    app.run()
    assert {metric.label: metric.value for metric in app.metric}["Time, about"] == "–"
    assert "No GPU was free" in texts(app)
    app.button(key="start-estimate").click().run()
    assert len(launched) == 2, "again"


def test_an_estimate_that_the_memory_does_not_hold_warns(
    make_run: Make, open_page: Open, launched: list[Job]
) -> None:
    make_run(images=12)
    app = opened(open_page("training"))
    app.button(key="start-estimate").click().run()
    (job,) = launched
    value = estimated(memory_bytes=2**40, warning="It needs 1024.0 GB of memory.")
    write(job.files.result(1), {"state": State.SUCCEEDED, "value": value})
    app.run()
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["Memory"] == "1024.0 GB"
    assert app.warning[0].value == "It needs 1024.0 GB of memory."


def test_a_wrong_setting_is_said_before_it_starts(
    make_run: Make, open_page: Open, launched: list[Job]
) -> None:
    make_run(images=12)
    app = opened(open_page("training"))
    name = next(field for field in app.text_input if "Name" in field.label)
    name.set_value("../elsewhere").run()
    assert "cannot name a checkpoint" in app.error[0].value
    assert "start-train" not in {button.key for button in app.button}
    assert launched == []


def test_a_clone_begins_with_the_settings_of_its_model(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    make_run(images=12)
    job = trained()
    app = open_page("training")
    app.button(key=f"job-clone-{job.id}").click().run()
    app.button(key="start-train").click().run()
    (cloned,) = launched
    assert cloned.arguments["recipe"]["epochs"] == 20
    assert cloned.arguments["recipe"]["unfreeze"] is True
    assert cloned.arguments["output"] != job.arguments["output"]


def test_a_clone_of_a_cross_validation_is_one(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    """On the same images, read in the same way."""
    run = make_run(images=12)
    dataset = str(run.manifest["dataset"]["path"])
    study = {"folds": 3, "seeds": 2, "baselines": ["resnet10t", "resnet101"]}
    options = {"columns": {"label": "diagnosis"}}
    job = trained(dataset=dataset, dataset_options=options, **study)
    app = open_page("training")
    app.button(key=f"job-clone-{job.id}").click().run()
    assert not app.exception and not app.error
    app.button(key="start-train").click().run()
    (cloned,) = launched
    assert {name: cloned.arguments[name] for name in study} == study
    assert cloned.arguments["dataset_options"] == {**options, "confine": True}


@pytest.mark.parametrize("recipe", ["paper", {"nonsense": 1}, None])
def test_a_job_with_a_recipe_of_another_version_breaks_nothing(
    recipe: object, make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    job = trained(recipe=recipe)
    app = open_page("training")
    assert not app.exception and not app.error
    app.button(key=f"job-clone-{job.id}").click().run()
    assert not app.exception
    assert not any("Something went wrong" in error.value for error in app.error)


def test_a_clone_keeps_what_the_form_would_not_offer(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    make_run(images=12)
    unlisted = paths.home() / "elsewhere" / "mine"
    unlisted.mkdir(parents=True)
    options = {"columns": {"label": "diagnosis"}}
    asked = {"dataset": str(unlisted), "folds": 25, "seeds": 21}
    job = trained(dataset_options=options, **asked)
    app = open_page("training")
    app.button(key=f"job-clone-{job.id}").click().run()
    assert not app.exception and not app.error
    app.button(key="start-train").click().run()
    (cloned,) = launched
    assert {name: cloned.arguments[name] for name in asked} == asked
    assert cloned.arguments["dataset_options"] == {**options, "confine": True}


def test_a_training_leaves_out_a_slice_and_so_does_its_clone(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    dataset = str(run.manifest["dataset"]["path"])
    ids = [str(each) for each in run.samples["sample_id"][:3]]
    app = opened(open_page("training"))
    assert "Without" not in {field.label for field in app.selectbox}, "no slice, no question"
    slices.keep(dataset, Slice.of("label *errors*", ids))
    app = opened(open_page("training"))
    without = next(field for field in app.selectbox if field.label == "Without")
    assert without.options[0] == "none"
    without.set_value("slice:label *errors*").run()
    app.button(key="start-train").click().run()
    assert not app.exception and not app.error
    recipe = launched[0].arguments["recipe"]
    assert selection.read(recipe["leave_out"]).sample_ids == tuple(ids) and not recipe["only"]
    slices.remove(dataset, "label *errors*")
    job = trained(dataset=dataset, recipe=recipe)
    app = open_page("training", job=job.id)
    app.button(key=f"job-clone-{job.id}").click().run()
    app.button(key="start-train").click().run()
    assert not app.exception and not app.error
    assert launched[-1].arguments["recipe"]["leave_out"] == recipe["leave_out"]


def test_a_clone_of_a_training_on_data_outside_the_roots_is_offered_other_data(
    make_run: Make, open_page: Open, trained: Callable[..., Job], tmp_path: Path
) -> None:
    run = make_run(images=12)
    job = trained(dataset=str(tmp_path / "outside"))
    app = open_page("training")
    app.button(key=f"job-clone-{job.id}").click().run()
    assert not app.exception and not app.error
    assert "outside the folders" in app.warning[0].value
    offered = next(field for field in app.selectbox if field.label == "Dataset")
    assert offered.value == run.manifest["dataset"]["path"]
    assert "start-train" in {button.key for button in app.button}


def start_typed(app: AppTest, path: Path) -> AppTest:
    start = next(field for field in app.selectbox if field.label == "Start from")
    start.options.append(str(path))  # AppTest sets an option only
    return start.set_value(str(path)).run()


def test_a_checkpoint_outside_the_roots_is_no_start(
    make_run: Make, open_page: Open, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(images=12)
    app = start_typed(opened(open_page("training")), tiny_checkpoint)
    assert not app.exception
    assert "outside the folders" in app.error[0].value
    assert "start-train" not in {button.key for button in app.button}
    monkeypatch.setenv("DERMXAI_ROOTS", str(tiny_checkpoint.parent))
    start_typed(app, tiny_checkpoint)
    assert not app.exception and not app.error
    assert "start-train" in {button.key for button in app.button}


def test_a_name_that_is_taken_is_refused(
    make_run: Make, open_page: Open, launched: list[Job]
) -> None:
    make_run(images=12)
    (paths.checkpoints() / "taken").mkdir(parents=True)
    app = opened(open_page("training"))
    name = next(field for field in app.text_input if "Name" in field.label)
    name.set_value("taken").run()
    assert "There is a checkpoint 'taken' already" in app.error[0].value
    assert "start-train" not in {button.key for button in app.button}


def test_a_cross_validation_shows_mean_and_spread_and_opens_its_first_training(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    job = trained(folds=2, dataset=str(run.manifest["dataset"]["path"]))
    output = Path(str(job.arguments["output"]))
    table = [{"network": "b4", "members": 2, "auc_mean": 0.9, "auc_sd": 0.02}]
    write(output / "study.json", {"table": table, "differences": [], "note": "Two folds."})
    write(job.files.result(1), {"state": "succeeded", "value": {"study": str(output)}})
    for fold in range(2):
        folder = output / "efficientnet_b4+heads" / "seed-0" / f"fold-{fold}"
        folder.mkdir(parents=True)
        history(3).to_csv(folder / "history.csv", index=False)
    app = open_page("training")
    assert not app.exception and not app.error
    shown = next(pd.DataFrame(each.value) for each in app.dataframe if "AUC" in each.value)
    assert shown["AUC"].tolist() == ["0.900 ± 0.020"]
    assert "Two folds." in texts(app)
    app.button(key=f"job-open-{job.id}").click().run()
    first = output / "efficientnet_b4+heads" / "seed-0" / "fold-0"
    assert app.query_params["checkpoint"] == str(first)
    (inference,) = launched
    assert inference.arguments["checkpoint"] == str(first)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (basis("patients"), True),
        (basis("patients")["version"], True),
        (basis("patients") | {"version": 1}, False),
        (1, False),
        (None, False),
    ],
)
def test_an_interval_of_an_older_formula_is_not_shown(told: object, kept: bool) -> None:
    apart = {"low": -0.0001, "high": 0.02}
    words = _interval({"intervals": told}, apart)
    assert ("older formula" not in words) is kept
    assert ("+0.000 to +0.020" in words) is kept


@pytest.mark.parametrize("folds", [0, 2])
def test_a_result_that_was_removed_is_said_to_be(
    folds: int, make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    job = trained(folds=folds)
    output = str(job.arguments["output"])
    value = {"study" if folds else "checkpoint": output}
    write(job.files.result(1), {"state": State.SUCCEEDED, "value": value})
    write(job.files.figures(1), {"step": 1, "loss": 0.5})
    shutil.rmtree(output)
    app = open_page("training")
    assert not app.exception and not app.error
    assert "was removed" in texts(app)
    assert "Open result" not in buttons(app)
    assert {"Clone", "Delete it"} <= buttons(app)
    for view in ("Layers", "Hardware", "Log", "Recipe"):
        app.get("button_group")[0].set_value(view).run()
        assert not app.exception and not app.error, view


def test_in_teaching_mode_visitors_only_look(
    make_run: Make,
    open_page: Open,
    trained: Callable[..., Job],
    launched: list[Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Buttons are absent, and what they do is refused where it is done."""
    run = make_run(images=12)
    working = trained("working", state=State.RUNNING)
    stopped = trained("stopped", state=State.INTERRUPTED)
    app = open_page("training")
    app.multiselect(key="trainings").set_value([working.id, stopped.id]).run()
    assert {"Cancel", "Resume", "Delete it", "Fine-tune"} <= buttons(app)
    for key in (f"resume-{stopped.id}", f"delete-{stopped.id}", f"cancel here-{working.id}"):
        monkeypatch.delenv("DERMXAI_TEACHING", raising=False)
        button = app.run().button(key=f"job-{key}")
        monkeypatch.setenv("DERMXAI_TEACHING", "1")
        button.click().run()
        assert not app.exception
    assert launched == []
    assert not working.files.cancel(1).exists()
    assert stopped in jobs.list_jobs()
    assert not {"Cancel", "Resume", "Delete it", "Fine-tune", "Clone"} & buttons(app.run())
    with pytest.raises(InputError, match="teaching mode"):
        jobs_panel.start("infer", checkpoint="a", dataset="b")
    with pytest.raises(InputError, match="teaching mode"):
        sidebar._allowed([], str(run.root / "images"))


@pytest.mark.parametrize("which", ["checkpoint", "dataset"])
def test_in_teaching_mode_a_link_opens_what_is_listed(
    which: str, make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = make_run(images=12)
    listed = {name: str(run.manifest[name]["path"]) for name in ("checkpoint", "dataset")}
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    app = open_page("dataset", **listed)
    assert not app.error
    unlisted = tmp_path / "unlisted"
    unlisted.mkdir()
    app = open_page("dataset", **listed | {which: str(unlisted)})
    assert len(app.error) == 2, "in the sidebar and on the page"
    assert all("teaching mode" in error.value for error in app.error)
    assert app.sidebar.selectbox(key=which).value is None
    assert "unlisted" not in texts(app)


def test_a_link_to_a_checkpoint_outside_the_roots_is_refused(
    make_run: Make, open_page: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = make_run(images=12)
    outside = str(tmp_path_factory.mktemp("outside"))
    app = open_page("dataset", checkpoint=outside, dataset=str(run.manifest["dataset"]["path"]))
    assert "outside the folders" in app.sidebar.error[0].value
    assert app.sidebar.selectbox(key="checkpoint").value is None
    assert "Run inference" not in buttons(app)


def test_in_teaching_mode_the_demo_waits_for_the_teacher(
    open_page: Open, launched: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    app = open_page("dataset")
    assert "Nothing is prepared yet" in app.info[0].value
    assert launched == []


def test_trainings_are_searched_sorted_and_labelled(
    make_run: Make, open_page: Open, trained: Callable[..., Job]
) -> None:
    make_run(images=12)
    one, other = trained("one"), trained("other")
    app = open_page("training", job=one.id)
    app.text_input(key=f"job-tags-{one.id}").set_value("pilot, **bold**")
    app.text_area(key=f"job-notes-{one.id}").set_value("Lower rate. [x](http://example.org/a.png)")
    app.button(key=f"job-label-{one.id}").click().run()
    assert not app.exception and not app.error
    assert jobs.labels.labels(one).tags == ("pilot", "**bold**")
    assert not any("[x](http" in text for text in texts(app).split("\n"))
    table = next(each.value for each in app.dataframe if "Title" in each.value)
    tags = dict(zip(table["Name"], map(list, table["Tags"]), strict=True))
    assert tags == {"one": ["pilot", "**bold**"], "other": []}
    app.text_input(key="found-words").set_value("PILOT").run()
    table = next(each.value for each in app.dataframe if "Title" in each.value)
    assert table["Name"].tolist() == ["one"]
    app.text_input(key="found-words").set_value("nothing like it").run()
    assert not app.exception
    assert "No training has all of these words." in texts(app)
    assert other.id in {job.id for job in jobs.list_jobs()}


def test_in_teaching_mode_nobody_labels(
    make_run: Make, open_page: Open, trained: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    make_run(images=12)
    job = trained()
    app = open_page("training")
    assert not app.exception and not app.error
    assert f"job-label-{job.id}" not in {button.key for button in app.button}


def test_the_form_compares_values_of_settings_as_one_study(
    make_run: Make, open_page: Open, launched: list[Job]
) -> None:
    make_run(images=12)
    app = opened(open_page("training"))
    field = app.text_input(key=Key.SETTING.of(form(app), "sweep"))
    for wrong, complaint in (("epochs=3", "several, with commas"), ("colour=1,2", "no setting")):
        field.set_value(wrong).run()
        assert complaint in app.error[0].value
        assert "start-train" not in {button.key for button in app.button}
    field.set_value("learning_rate=1e-3,5e-4 balance=0,0.5").run()
    assert not app.error and not app.exception
    app.selectbox(key=Key.SETTING.of(form(app), "priority")).set_value("high").run()
    app.text_input(key=Key.SETTING.of(form(app), "tags")).set_value("pilot, rates").run()
    app.button(key="start-train").click().run()
    (job,) = launched
    assert (job.priority, jobs.labels.labels(job).tags) == ("high", ("pilot", "rates"))
    assert job.arguments["sweep"] == {"learning_rate": [1e-3, 5e-4], "balance": [0.0, 0.5]}
    assert job.arguments["halving"] is True


def test_a_sweep_shows_its_ranking_and_opens_its_best(
    make_run: Make, open_page: Open, trained: Callable[..., Job], launched: list[Job]
) -> None:
    run = make_run(images=12)
    dataset = str(run.manifest["dataset"]["path"])
    job = trained(sweep={"learning_rate": [1e-3, 5e-4]}, dataset=dataset)
    output = Path(str(job.arguments["output"]))
    best = "learning_rate=0.0005/seed-0/fold-0"
    rows = [
        {"network": "learning_rate=0.0005", "members": 1, "epochs": "8 of 8", "rank": 1},
        {"network": "learning_rate=0.001", "members": 1, "epochs": "4 of 8", "rank": 2},
    ]
    study = {"table": [row | {"auc_mean": 0.9, "auc_sd": None} for row in rows], "best": best}
    write(output / "study.json", study | {"differences": [], "note": "Two settings."})
    write(job.files.result(1), {"state": "succeeded", "value": {"study": str(output)}})
    for folder in (output / best, output / "learning_rate=0.001" / "seed-0" / "fold-0"):
        folder.mkdir(parents=True)
        history().to_csv(folder / "history.csv", index=False)
    app = open_page("training")
    assert not app.exception and not app.error
    shown = next(each.value for each in app.dataframe if "Rank" in each.value)
    assert shown["Settings"].tolist() == ["learning_rate=0.0005", "learning_rate=0.001"]
    assert shown["Epochs"].tolist() == ["8 of 8", "4 of 8"]
    next(button for button in app.button if button.label == "Open result").click().run()
    assert app.query_params["checkpoint"] == str(output / best)
