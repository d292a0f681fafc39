"""The demo opens where its question is answered, and says that it is drawn."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.core import paths
from dermxai.data.places import AtlasFiles, demo_dataset, first_demo_dataset
from dermxai.jobs import State
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.ui.app import demo
from tests.generated import rewrite
from tests.pages.conftest import PAGES

Make, Open = Callable[..., Run], Callable[..., AppTest]
DRAWN = "not photographed"


def of_atlas(run: Run, atlas: Path, version: int) -> Run:
    """The run as one over that atlas."""
    atlas.mkdir(parents=True)
    AtlasFiles(atlas).about.write_text(json.dumps({"version": version}))
    files = RunFiles(run.root)
    manifest = json.loads(files.manifest.read_text())
    # longer than any name: the system refuses
    manifest["dataset"]["path"] = str(atlas)
    files.manifest.write_text(json.dumps(manifest))
    return open_run(run.root)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[jobs.Job]:
    """Jobs are not really started; which were asked for, at work for ever."""
    asked: list[jobs.Job] = []

    class Running:
        title, error, reason, stopping, progress = "", "", "", False, None
        state = State.RUNNING

        def __init__(self, kind: str, arguments: dict[str, object]) -> None:
            self.kind, self.arguments, self.id = kind, arguments, str(len(asked))
            self.result: dict[str, str] = {}

    def submit(kind: str, arguments: dict[str, object], **where: str) -> Running:
        asked.insert(0, Running(kind, arguments))
        return asked[0]

    monkeypatch.setattr(jobs, "submit", submit)
    monkeypatch.setattr(jobs, "list_jobs", lambda: list(asked))
    return asked


def captions(app: AppTest) -> str:
    return "\n".join(element.value for element in app.main.caption)


def asked_about(run: Run, rows: list[int]) -> Run:
    """The run with EAD taken for SD in those rows, all test images, and their truth."""
    codes = list(run.classes)
    logits = np.load(RunFiles(run.root).logits, mmap_mode="r+")
    logits[rows] = 0
    logits[rows, :, codes.index("SD")] = 1
    logits.flush()
    label = run.samples["label"].astype(object)
    label.iloc[rows] = "EAD"
    return rewrite(run, label=label.astype("str"), split="test", label_noise="no", other_share=0.0)


def test_it_opens_on_the_pair_of_the_question_with_an_image_of_it(
    make_run: Make, open_page: Open, started: list[jobs.Job]
) -> None:
    run = of_atlas(make_run(images=80), demo_dataset(), 2)
    run = asked_about(run, [3, 5, 9, 12])
    truth = pd.DataFrame(
        {
            "share": [0.9, 0.55, 0.2, 0.5],
            "other": ["SD", "SD", "SD", "Pso"],
            "noise": ["no", "no", "no", "no"],
        },
        index=[3, 5, 9, 12],
    ).reindex(range(80))
    run = rewrite(
        run,
        other_share=truth["share"].fillna(0.0),
        other_class=truth["other"],
        label_noise=truth["noise"].fillna("no"),
    )
    app = open_page("dataset")
    assert not app.exception
    assert app.title[0].value == "Confusion analysis"
    assert (app.query_params["first"], app.query_params["second"]) == ("EAD", "SD")
    assert app.query_params["primary"] == run.samples["sample_id"][5], "signs mixed most evenly"
    assert DRAWN in captions(app)
    # What the pages would else only offer is computed in the background, once.
    assert [job.kind for job in started] == ["maps", "infer", "faithfulness", "pair"]
    assert {job.arguments.get("run", str(run.root)) for job in started} == {str(run.root)}
    assert started[1].arguments["checkpoint"] == str(paths.PLAIN_CHECKPOINT)
    assert started[1].arguments["dataset"] == str(demo_dataset())
    app.switch_page(str(PAGES["dataset"])).run()
    assert app.title[0].value == "Dataset", "only who has just come is led there"
    assert len(started) == 4
    # What was interrupted goes on when the demo is opened again; what was cancelled does not.
    started[0].state, started[2].state = State.INTERRUPTED, State.CANCELLED
    open_page("dataset")
    assert [job.kind for job in started] == ["maps", "maps", "infer", "faithfulness", "pair"]


def test_what_a_demo_starts_takes_no_gpu_and_is_started_once(
    make_run: Make, open_page: Open, started: list[jobs.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    of_atlas(make_run(), demo_dataset(), 2)
    for _ in range(2):
        assert not open_page("dataset").exception
    assert [job.kind for job in started] == ["maps", "infer", "faithfulness", "pair"]
    assert {job.arguments["device"] for job in started} == {"cpu"}


def test_a_link_into_the_demo_opens_its_own_page(
    make_run: Make, open_page: Open, started: list[jobs.Job]
) -> None:
    of_atlas(make_run(), demo_dataset(), 2)
    app = open_page("dataset", run="run")
    assert app.title[0].value == "Dataset"
    assert DRAWN in captions(app)
    assert not started


def test_the_second_checkpoints_run_is_there_to_be_compared_not_to_be_opened(
    make_run: Make, open_page: Open, started: list[jobs.Job]
) -> None:
    of_atlas(make_run(), demo_dataset(), 2)
    second = RunFiles(make_run(name="second").root).manifest
    content = json.loads(second.read_text())
    content["dataset"]["path"] = str(demo_dataset())
    content["checkpoint"] |= {"path": str(paths.PLAIN_CHECKPOINT), "name": "atlas-plain"}
    second.write_text(json.dumps(content | {"id": "e" * 16}))
    later = second.stat().st_mtime_ns + 10**9
    os.utime(second, ns=(later, later))
    app = open_page("dataset")
    assert not app.exception and app.query_params["run"] == "run"
    app.switch_page(str(PAGES["model_comparison"])).run()
    assert not app.exception
    assert app.get_by_key("models-beside").value == ["second"]


def test_only_atlases_are_called_drawn(make_run: Make, open_page: Open) -> None:
    make_run()
    app = open_page("dataset")
    assert app.title[0].value == "Dataset"
    assert DRAWN not in captions(app)


def test_a_dataset_that_is_out_of_reach_is_not_called_drawn(
    make_run: Make, open_page: Open
) -> None:
    files = RunFiles(make_run().root)
    manifest = json.loads(files.manifest.read_text())
    manifest["dataset"]["path"] = str(paths.home() / ("x" * 300))
    files.manifest.write_text(json.dumps(manifest))
    app = open_page("dataset")
    assert app.title[0].value == "Dataset"
    assert not app.error
    assert DRAWN not in captions(app)


def test_in_teaching_mode_nothing_is_started(
    make_run: Make, open_page: Open, started: list[jobs.Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    of_atlas(make_run(), demo_dataset(), 2)
    assert open_page("dataset").title[0].value == "Confusion analysis"
    assert not started


def test_beside_the_demo_of_an_earlier_version_a_new_one_is_drawn_on_request(
    make_run: Make, open_page: Open, started: list[jobs.Job]
) -> None:
    of_atlas(make_run(name="old"), first_demo_dataset(), 1)
    app = open_page("dataset")
    assert app.title[0].value == "Dataset", "it goes on as it was"
    assert not started
    app.button(key="start-demo").click().run()
    assert [job.kind for job in started] == ["demo"]
    assert "start-demo" not in [button.key for button in app.button]
    new = of_atlas(make_run(name="new"), demo_dataset(), 2)
    started[0].state, started[0].result = State.SUCCEEDED, {"run": str(new.root)}
    app.run()
    assert app.query_params["run"] == "new"
    assert (app.query_params["first"], app.query_params["second"]) == ("EAD", "SD")


def test_who_looks_at_other_data_is_not_led_away(
    make_run: Make, open_page: Open, started: list[jobs.Job]
) -> None:
    make_run(name="mine")
    app = open_page("dataset")
    jobs.submit("demo", {})
    app.run()
    new = of_atlas(make_run(name="new"), demo_dataset(), 2)
    started[0].state, started[0].result = State.SUCCEEDED, {"run": str(new.root)}
    app.run()
    assert app.query_params["run"] == "mine"


@pytest.mark.parametrize("version", [1, 2])
def test_the_offer_is_for_the_first_version_alone(
    make_run: Make, open_page: Open, version: int
) -> None:
    of_atlas(make_run(), first_demo_dataset(), version)
    app = open_page("dataset")
    offered = "start-demo" in [button.key for button in app.button]
    assert offered == (version == 1)


def test_without_an_error_of_the_question_there_is_no_example(make_run: Make) -> None:
    run = make_run(images=30, classes=("MN", "BCC"))
    assert demo.example(run) is None


def test_an_example_is_found_without_the_truth(make_run: Make) -> None:
    run = asked_about(make_run(images=40), [7])
    run = rewrite(run, other_share=np.nan).samples.drop(columns=["label_noise", "other_share"])
    assert "other_share" not in run
    assert demo.example(asked_about(make_run(images=40), [7])) == "image 00007"
