"""What people of each role may do, where it is done; and what is noted of it."""

import ast
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.access import audit, codes, gate, visits
from dermxai.access.files import audit_log
from dermxai.access.roles import Role
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, open_job
from dermxai.jobs.files import JobFiles
from dermxai.jobs.launchers import local
from dermxai.jobs.records import write
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.ui.app import jobs_panel, permissions, sidebar
from dermxai.ui.app.guard import callback
from dermxai.ui.session.caches import memory

Open = Callable[..., AppTest]
Make = Callable[..., Run]


@pytest.fixture
def come(monkeypatch: pytest.MonkeyPatch) -> Callable[[Role], codes.Code]:
    """Logs in by a new code of a role, from now on."""
    monkeypatch.setattr(codes, "_COST", 2**10)
    monkeypatch.setattr(permissions, "address", lambda: "10.0.0.7")

    def come_(role: Role) -> codes.Code:
        code, _ = codes.make(f"The {role}", role, 1)
        visit, _ = visits.begin(code)
        monkeypatch.setattr(permissions, "_reference", lambda: gate.reference_to(visit))
        return code

    return come_


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs that were launched, though nothing works on them."""
    found: list[Job] = []

    def launch(self: object, job: Job, attempt: int) -> dict[str, object]:
        found.append(job)
        return {"supervisor": {}}

    monkeypatch.setattr(local.Local, "launch", launch)
    return found


def _training(name: str, owner: str, state: State = State.CANCELLED) -> Job:
    root = paths.jobs() / f"20260101-000000-train-{name}"
    output = paths.checkpoints() / name
    spec = {
        **{"kind": "train", "title": "Training on atlas", "lane": "device", "submitted": 1.7e9},
        **{"arguments": {"dataset": "/atlas", "output": str(output)}, "owner": owner},
    }
    files = JobFiles(root)
    write(files.spec, spec)
    write(files.submit(1), {"supervisor": {}})
    write(files.result(1), {"state": state})
    return open_job(root)


def _buttons(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def _actions() -> list[str]:
    return [entry["action"] for entry in audit.entries()]


def test_without_a_visit_nothing_is_drawn_where_people_log_in(
    make_run: Make, open_page: Open
) -> None:
    run = make_run(images=12)
    codes.make("Students", Role.VIEWER, 1)
    for page in ("dataset", "image", "training"):
        app = open_page(page, run=run.root.name)
        assert "visit has ended" in app.error[0].value
        assert not app.title and not app.sidebar.children and not app.get("download_button")
    with pytest.raises(InputError, match="visit has ended"):
        permissions.check("start jobs")


def test_a_viewer_looks_and_starts_nothing(
    make_run: Make, open_page: Open, come: Any, launched: list[Job]
) -> None:
    run = make_run(images=12)
    code = come(Role.VIEWER)
    app = open_page("dataset", run=run.root.name)
    assert not app.exception and not app.error
    assert "The viewer · viewer" in {caption.value for caption in app.sidebar.caption}
    forbidden = {"Fine-tune", "Run inference", "Run inference again", "Withdraw this dataset"}
    assert not forbidden & _buttons(app)
    with pytest.raises(InputError, match="role here is viewer"):
        jobs_panel.start("infer", checkpoint="a", dataset="b")
    with pytest.raises(InputError, match="role here is viewer"):
        sidebar._allowed([], str(run.root / "images"))
    assert not launched
    app.run()
    opened = [entry for entry in audit.entries() if entry["action"] == "opened dataset"]
    assert len(opened) == 1, "once, not with each run of the script"
    name = run.manifest["dataset"]["name"]
    assert opened[0] == opened[0] | {
        "person": f"code {code.id}",
        "dataset": name,
        "run": run.root.name,
    }


def test_an_operator_has_jobs_of_his_own(
    make_run: Make, open_page: Open, come: Any, launched: list[Job]
) -> None:
    make_run(images=12)
    code = come(Role.OPERATOR)
    mine, others = _training("mine", f"code {code.id}"), _training("others", "code abcdef")
    app = open_page("training")
    app.multiselect(key="trainings").set_value([mine.id, others.id]).run()
    keys = {str(button.key) for button in app.button}
    assert f"job-resume-{mine.id}" in keys
    assert f"job-resume-{others.id}" not in keys
    assert not {key for key in keys if key.startswith("job-delete")}
    app.button(key=f"job-resume-{mine.id}").click().run()
    assert [job.id for job in launched] == [mine.id]
    assert _actions()[0] == "resumed job"
    started = jobs_panel.start("infer", checkpoint="a", dataset="b")
    assert started.owner == f"code {code.id}"
    assert _actions()[0] == "started job"


def test_cancelling_is_refused_where_it_is_done(
    make_run: Make, come: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[str] = []
    monkeypatch.setattr(jobs, "cancel", lambda job, **_: cancelled.append(job.id))
    monkeypatch.setattr(jobs_panel.state, "put", lambda *_: None)
    press = callback(jobs_panel.stop)
    code = come(Role.OPERATOR)
    mine, others = _training("mine", f"code {code.id}"), _training("others", "")
    for job in (mine, others):
        press(job)
    assert cancelled == [mine.id]
    codes.withdraw(code.id)
    press(mine)
    come(Role.VIEWER)
    press(mine)
    assert cancelled == [mine.id]
    come(Role.ADMIN)
    press(others)
    assert cancelled == [mine.id, others.id]
    assert _actions().count("cancelled job") == 2


def test_an_admin_deletes_and_a_demotion_counts_at_once(
    make_run: Make, open_page: Open, come: Any
) -> None:
    make_run(images=12)
    come(Role.ADMIN)
    first, second = _training("first", "code abcdef"), _training("second", "")
    app = open_page("training")
    app.multiselect(key="trainings").set_value([first.id, second.id]).run()
    app.button(key=f"job-delete-{first.id}").click().run()
    assert first not in jobs.list_jobs() and second in jobs.list_jobs()
    assert _actions()[0] == "deleted job"
    button = app.run().button(key=f"job-delete-{second.id}")
    come(Role.OPERATOR)
    button.click().run()
    assert second in jobs.list_jobs()


def test_in_teaching_mode_only_the_teacher_does_more_than_look(
    come: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    assert permissions.person().role is Role.VIEWER
    come(Role.OPERATOR)
    assert not permissions.may("start jobs")
    come(Role.ADMIN)
    assert permissions.may("start jobs")


def test_an_export_is_noted_when_it_is_taken_without_the_files_name(
    make_run: Make, open_page: Open, come: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, taken = make_run(images=24), {}
    monkeypatch.setattr(
        st, "download_button", lambda label, data, name, *_, **__: taken.update({name: data})
    )
    code = come(Role.VIEWER)
    open_page("performance", run=run.root.name)
    assert "exported" not in _actions()
    name = next(name for name in taken if name.endswith(".csv"))
    made = taken[name]()
    newest = audit.entries()[0]
    wanted = {"action": "exported", "kind": "csv", "run": run.root.name, "bytes": len(made)}
    assert newest == newest | wanted | {"person": f"code {code.id}"}
    assert name not in audit_log().read_text()


def test_nothing_is_downloaded_past_the_log() -> None:
    found = [
        str(file.relative_to(paths.PROJECT))
        for file in (*paths.PROJECT.glob("dermxai/**/*.py"), *paths.PROJECT.glob("pages/**/*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "download_button"
    ]
    assert found == ["dermxai/ui/components/downloads.py"]


def test_an_admin_withdraws_the_dataset_of_a_page(
    make_run: Make, open_page: Open, come: Any
) -> None:
    run, other = make_run(images=12), make_run(images=12, name="other")
    manifest = RunFiles(other.root).manifest
    seen = run.manifest["dataset"]["fingerprint"]
    manifest.write_text(manifest.read_text().replace(seen, "another"))
    come(Role.ADMIN)
    app = open_page("dataset", run=run.root.name)
    app.button(key="withdraw").click().run()
    assert not app.exception and not app.error
    assert any("1 × run" in markdown.value for markdown in app.markdown)
    assert run.root.is_dir()
    assert str(run.root) in repr(memory.RESULTS._kept.keys())
    app.button(key="withdraw-now").click().run()
    assert not app.exception
    assert str(run.root) not in repr(memory.RESULTS._kept.keys()), "no result of it is kept"
    assert not run.root.exists() and other.root.is_dir()
    newest = next(each for each in audit.entries() if each["action"] == "withdrew dataset")
    assert newest["name"] == "The admin" and newest["removed"] == {"run": 1}
