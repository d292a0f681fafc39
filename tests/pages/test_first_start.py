import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.core import paths
from dermxai.data.places import demo_dataset
from dermxai.jobs import State, open_job
from dermxai.jobs.files import JobFiles
from dermxai.jobs.kinds import find_kind, infer
from dermxai.jobs.launchers import local
from dermxai.jobs.records import identity, read, write
from dermxai.runs import Run
from dermxai.ui.app import first_start
from tests.pages.conftest import PAGES

Make, Open = Callable[..., Run], Callable[..., AppTest]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The demo is not really started; which jobs were asked for."""
    asked: list[str] = []

    class Running:
        kind, arguments, title, id, error, reason = "demo", {}, "Demo", "1", "", ""
        stopping, elsewhere, owner = False, "", ""
        state = State.RUNNING
        progress = jobs.Progress("atlas", 28, 560, 2.0, 38.0, {})

    job = Running()

    def submit(kind: str, arguments: object, **where: str) -> Running:
        asked.append(kind)
        return job

    monkeypatch.setattr(jobs, "submit", submit)
    monkeypatch.setattr(jobs, "list_jobs", lambda: [job] if asked else [])
    return asked


def test_the_demo_starts_by_itself_and_shows_how_far_it_is(
    demo: list[str], open_page: Open
) -> None:
    app = open_page("dataset")
    assert demo == ["demo"]
    assert app.get("progress")[0].proto.text == (
        "Drawing the synthetic atlas · 28 of 560 · 38 s left"
    )
    app.run()
    assert demo == ["demo"], "one job, however often the page is drawn"


def test_a_failed_demo_says_why_and_can_be_tried_again(
    demo: list[str], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page("dataset")
    (job,) = jobs.list_jobs()
    job.state, job.error = State.FAILED, "The disk is full."
    app = open_page("dataset")
    assert "The disk is full" in app.error[0].value
    app.button(key="start").click().run()
    assert demo == ["demo", "demo"]


def test_a_workspace_with_a_run_needs_no_demo(
    demo: list[str], make_run: Make, open_page: Open, workspace: Path
) -> None:
    make_run(images=3)
    assert open_page("dataset").title[0].value == "Dataset"
    assert demo == []


@pytest.fixture
def at_work(workspace: Path) -> jobs.Job:
    """A training of somebody's that this process is taken to be at work on."""
    root = paths.jobs() / "20260101-000000-train-abc"
    files = JobFiles(root)
    arguments = {"dataset": "/data/lite", "output": str(paths.checkpoints() / "mine")}
    spec = {"kind": "train", "arguments": arguments, "title": "T", "lane": "device"}
    write(files.spec, spec | {"submitted": 1.7e9})
    write(files.submit(1), {"supervisor": identity(os.getpid())})
    return open_job(root)


def submitted_demo() -> bool:
    return any(job.kind == "demo" for job in jobs.list_jobs())


def test_a_first_training_is_followed_and_no_demo_waits_behind_it(
    at_work: jobs.Job, open_page: Open
) -> None:
    app = open_page("dataset")
    assert not app.exception and not app.error
    assert app.title[0].value == "Training"
    assert not submitted_demo()
    for name in PAGES:
        if name != "training":
            app.switch_page(str(PAGES[name])).run()
            assert not app.exception and not app.error, name
            assert app.title[0].value == "Nothing is open yet", "only who comes is led to Training"
    assert not submitted_demo()


def test_a_training_that_begins_meanwhile_opens_the_dashboard(
    demo: list[str], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("dataset")
    assert app.title[0].value == "DermXAI"
    (waiting,) = jobs.list_jobs()
    other = type("Other", (type(waiting),), {"kind": "train", "id": "2", "arguments": {}})()
    other.arguments = {"dataset": "/data/lite", "output": "/x/mine"}
    monkeypatch.setattr(jobs, "list_jobs", lambda: [waiting, other])
    assert first_start.needed() is False


def test_a_dataset_of_ones_own_is_opened_without_a_demo(open_page: Open) -> None:
    folder = paths.datasets() / "lite" / "EAD"
    folder.mkdir(parents=True)
    Image.new("RGB", (40, 30), (200, 120, 110)).save(folder / "a.png")
    app = open_page("dataset")
    assert not app.exception and not app.error
    assert app.title[0].value == "Dataset"
    assert app.query_params["dataset"] == str(folder.parent)
    assert not submitted_demo()


def test_a_checkpoint_of_ones_own_is_a_reason_to_open(
    tiny_checkpoint: Path, open_page: Open
) -> None:
    shutil.copytree(tiny_checkpoint, paths.checkpoints() / "mine")
    app = open_page("dataset")
    assert not app.exception and not app.error
    assert app.title[0].value == "Nothing is open yet"
    assert "Prepare the demo" in {button.label for button in app.button}
    assert not submitted_demo()


def test_the_demos_own_atlas_is_no_reason(demo: list[str], open_page: Open) -> None:
    demo_dataset().mkdir(parents=True)
    assert open_page("dataset").title[0].value == "DermXAI"


def test_the_demo_is_skipped(demo: list[str], open_page: Open) -> None:
    app = open_page("dataset")
    app.button(key="skipped-demo").click().run()
    assert not app.exception and not app.error
    assert app.title[0].value == "Nothing is open yet"
    assert "Cancel" in {button.label for button in app.sidebar.button}, "it goes on at the left"
    app.switch_page(str(PAGES["training"])).run()
    assert app.title[0].value == "Training"
    assert demo == ["demo"]


def test_the_demo_takes_no_gpu_and_waits_for_none(
    monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    launched: list[str] = []
    monkeypatch.setattr(
        local, "detached", lambda command, *_: launched.append(command[1]) or os.getpid()
    )
    job = jobs.submit("demo")
    said = read(job.files.submit(1))
    assert len(launched) == 1
    assert (said["queue"], said["slots"]) == ("processor", 1)
    asked: dict[str, object] = {}
    monkeypatch.setattr(infer.Infer, "run", lambda self, report, **given: asked.update(given))
    monkeypatch.setattr("dermxai.data.atlas.write_atlas", lambda *_: None)
    find_kind("demo").run(lambda *_: None)
    assert asked["device"] == "cpu"


def test_a_demo_that_was_made_since_the_last_look_is_opened_and_not_made_again(
    demo: list[str], open_page, make_run
) -> None:
    app = open_page("dataset")
    (job,) = jobs.list_jobs()
    app.run()
    make_run(images=3)
    job.state = State.SUCCEEDED
    app.run()
    assert demo == ["demo"]
