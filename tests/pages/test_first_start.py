from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.jobs import State
from dermxai.runs import Run

Make, Open = Callable[..., Run], Callable[..., AppTest]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The demo is not really started; which jobs were asked for."""
    asked: list[str] = []

    class Running:
        kind, arguments, title, id, error, reason = "demo", {}, "Demo", "1", "", ""
        stopping = False
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
