"""Whatever lies in the workspace, every page opens, for everyone."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai import doctor
from dermxai.core import paths
from dermxai.explain.confusion.files import PairFiles
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.jobs import list_jobs
from dermxai.jobs.records import identity
from dermxai.projection.files import ProjectionFiles
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.ui.session import catalogue
from dermxai.ui.session.caches import workspace
from tests.odd import KINDS, NAMES, ordinary
from tests.pages.conftest import PAGES

Make, Open = Callable[..., Run], Callable[..., AppTest]
PLACES = {
    "runs": ["run.json", "samples.parquet", "logits.npy", "pooled.npy", "fingerprints.npy"],
    "jobs": ["spec.json"],
    "checkpoints": ["model.json", "study.json"],
    "datasets": ["samples.csv", "a.npz", "a.parquet", "a.png"],
}
SPEC = {
    "kind": "train",
    "arguments": {"dataset": "/data", "output": "/out"},
    "title": "Training",
    "lane": "device",
    "submitted": 1e9,
}
STRANGE_PLACES = (
    "",
    "x" * 5000,
    "/" + "y" * 300,
    "~nobody/x",
    "../..",
    "a\nb",
    "<b>x</b>",
    "/dev/zero",
)
OF_AN_ATTEMPT = ("submit", "supervisor", "progress", "result")


def plant(home: Path, run: Run) -> None:
    """Something odd in place of every entry, and of every file of one."""
    for folder in (*PLACES, "selections", "attributions", "arrays"):
        (home / folder).mkdir(exist_ok=True)
        for kind, make in KINDS.items():
            make(home / folder / f"odd {kind}")
        for name in NAMES:
            (home / folder / name).mkdir()
            (home / folder / f"{name[:200]}.json").touch()
    _plant_in_place_of_files(home, run)
    for part in OF_AN_ATTEMPT:
        for kind, make in KINDS.items():
            job(home, f"{part}-{kind}", {part: make})
    for number, place in enumerate(STRANGE_PLACES):
        root = home / "runs" / f"place-{number}"
        linked(run, root, "run.json")
        manifest = json.loads(RunFiles(run.root).manifest.read_text())
        for part in ("checkpoint", "dataset"):
            manifest[part] |= {"path": place, "name": place}
        RunFiles(root).manifest.write_text(json.dumps(manifest))
        strange = {**SPEC["arguments"], "dataset": place, "output": place}  # type: ignore[dict-item]
        job(home, f"place-{number}", {}, {**SPEC, "arguments": strange})
        job(home, f"folds-{number}", {}, {**SPEC, "arguments": {**strange, "folds": 5}})
    for name, ill in ill_typed_specs():
        job(home, name, {}, ill)
    for number, written in enumerate(ill_typed_attempts()):
        made = job(home, f"ill-{number}", {})
        for part, content in written.items():
            (made / f"{part}-1.json").write_text(json.dumps(content))
    _plant_in_a_run(run)
    KINDS["deep list"](home / "slurm.toml")


def _plant_in_place_of_files(home: Path, run: Run) -> None:
    for folder, files in PLACES.items():
        for file in files:
            for kind, make in KINDS.items():
                root = home / folder / f"{file}-{kind}".replace(" ", "-")
                if folder == "runs":
                    linked(run, root, file)
                else:
                    root.mkdir()
                make(root / file)


def linked(run: Run, root: Path, but: str) -> None:
    """A run that has all files of another, but for one."""
    root.mkdir()
    for other in run.root.iterdir():
        if other.name != but:
            (root / other.name).symlink_to(other)


def _plant_in_a_run(run: Run) -> None:
    own = RunFiles(run.root)
    for folder, suffix in (
        (ProjectionFiles.of(run.root).root, ".npz"),
        (PairFiles.of(run.root).root, ".npz"),
        (FaithfulnessFiles.of(run.root).root, ".json"),
        (FaithfulnessFiles.of(run.root).root, ".parquet"),
    ):
        folder.mkdir(exist_ok=True)
        for kind, make in KINDS.items():
            make(folder / f"{kind}{suffix}")
    KINDS["pipe"](own.near_duplicates)


def job(
    home: Path, name: str, odd: dict[str, Callable[[Path], object]], spec: object = SPEC
) -> Path:
    root = home / "jobs" / name
    root.mkdir()
    (root / "spec.json").write_text(json.dumps(spec))
    if "submit" not in odd:
        gone = identity(os.getpid()) | {"since_boot": 1.0}
        (root / "submit-1.json").write_text(json.dumps({"supervisor": gone}))
    for part, make in odd.items():
        make(root / f"{part}-1.json")
    return root


def ill_typed_specs() -> Iterator[tuple[str, object]]:
    for name in SPEC:
        for number, value in enumerate((None, [], {}, 5, True, "text", -1e300, {"dataset": [1]})):
            yield f"spec-{name}-{number}", {**SPEC, name: value}
    yield "spec-more", {**SPEC, "more": 1}
    yield "spec-where", {**SPEC, "where": "the moon"}
    yield "spec-title", {**SPEC, "title": "x" * 1_000_000}


def ill_typed_attempts() -> Iterator[dict[str, object]]:
    for process in (5, [], {}, {"pid": -1, "create_time": 0}, {"pid": 1e9, "create_time": "x"}):
        yield {"submit": {"supervisor": process}}
        yield {"supervisor": {"worker": process}}
        yield {"progress": {"process": process}}
    yield {"supervisor": {"ended": -10_000}}
    yield {"supervisor": {"ended": "x", "waiting": 5}}
    noted = {"phase": "x", "step": 1, "total": 2, "first": 0, "began": 0, "updated": 1}
    yield {"progress": {**noted, "figures": {"loss": "x", "members": None}}}
    yield {"progress": {**noted, "figures": 5}}
    yield {"progress": {"phase": 5}}
    yield {"result": {"state": "sleeping"}}
    yield {"result": {"state": "succeeded", "value": {"study": 5, "checkpoint": []}}}
    yield {"result": {"state": "failed", "error": ["x"]}}


@pytest.fixture
def odd_workspace(make_run: Make, workspace: Path) -> Run:
    run = make_run(images=12)
    plant(workspace, run)
    newest = time.time_ns() + 10**12
    os.utime(RunFiles(run.root).manifest, ns=(newest, newest))
    return run


def test_every_page_opens_beside_whatever_lies_in_the_workspace(
    odd_workspace: Run, open_page: Open
) -> None:
    broken = {}
    with ordinary():
        for page in PAGES:
            app = open_page(page, run="run")
            wrong = [each.value for each in (*app.exception, *app.error)]
            wrong = [text for text in wrong if "checkpoint" not in text]  # a made-up run has none
            if wrong or not app.title:
                broken[page] = wrong
    assert not broken
    told = " ".join(each.value for each in app.sidebar.caption)
    assert "entries of the workspace left out" in told
    assert "python -m dermxai doctor" in told


def test_a_visitor_without_a_run_is_not_led_to_a_damaged_one(
    odd_workspace: Run, open_page: Open
) -> None:
    with ordinary():
        app = open_page("performance")
    assert not app.exception
    assert app.query_params["run"] == "run"


def test_what_is_left_out_is_in_no_choice(odd_workspace: Run, open_page: Open) -> None:
    with ordinary():
        app = open_page("dataset", run="run")
        odd = {str(each.path) for each in doctor.left_out()}
        runs = catalogue.entries()
        offered = {*catalogue.checkpoints(runs), *catalogue.datasets(runs)}
    assert len(odd) > 100
    assert not odd & offered
    assert len(app.sidebar.selectbox[1].options) <= len(offered)
    assert "run" in {entry.id for entry in runs}
    assert not {str(paths.runs() / entry.id) for entry in runs} & odd
    shown = [each.value for each in app.sidebar.caption]
    assert not any("<b>" in text or "![" in text for text in shown)


def test_a_damaged_run_that_a_link_names_is_told_of_on_its_page_alone(
    odd_workspace: Run, open_page: Open
) -> None:
    with ordinary():
        for name in (
            "logits.npy-pipe",
            "samples.parquet-loop",
        ):
            app = open_page("performance", run=name)
            assert not app.exception
            assert "damaged" in app.error[0].value, name
    assert workspace.left_out(str(paths.home()))


def test_trainings_with_odd_records_are_shown_beside_each_other(
    odd_workspace: Run, open_page: Open
) -> None:
    with ordinary():
        odd = [path.name for path in (paths.jobs()).glob("ill-*")]
        odd += [f"{kind}-{n}" for n in range(len(STRANGE_PLACES)) for kind in ("place", "folds")]
        odd += [f"{part}-{kind}" for part in OF_AN_ATTEMPT for kind in ("pipe", "list", "loop")]
        known = {each.id for each in list_jobs()}
        assert set(odd) <= known
        app = open_page("training", job=",".join(odd))
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    assert sum("gone" in each.value or "SIGKILL" in each.value for each in app.caption) > 5
