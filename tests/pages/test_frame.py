"""What surrounds the pages."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.core import paths
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.projection import project
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from tests.pages.conftest import PAGES, SCRIPT

Make, Open = Callable[..., Run], Callable[..., AppTest]


def test_no_script_lies_directly_in_pages() -> None:
    """Streamlit would take it for a page of the older kind, without the frame."""
    assert not list((paths.PROJECT / "pages").glob("*.py"))
    assert len(PAGES) >= 4


def test_the_newest_run_opens_by_itself(make_run: Make, open_page: Open) -> None:
    make_run(name="older")
    run = make_run(name="newer", images=7)
    manifest = RunFiles(run.root).manifest
    os.utime(manifest, (manifest.stat().st_atime, manifest.stat().st_mtime + 10))
    app = open_page("dataset")
    assert app.query_params["run"] == "newer"


def test_the_view_survives_a_page_link_that_drops_it(make_run: Make, open_page: Open) -> None:
    run = make_run()
    first = run.samples["sample_id"][0]
    app = open_page("dataset", run="run", primary=first)
    app.query_params.clear()
    app.switch_page(str(PAGES["performance"])).run()
    assert app.query_params["run"] == "run"
    assert app.query_params["primary"] == first


def test_the_selection_is_shown_and_cleared(make_run: Make, open_page: Open) -> None:
    run = make_run()
    key = selection.keep(Selection.of("Mine", run.samples["sample_id"][:3]))
    app = open_page("dataset", run="run", sel=key)
    assert any("3 images selected" in element.value for element in app.sidebar.markdown)
    app.button(key="clear").click().run()
    assert "sel" not in app.query_params
    assert not any("selected" in element.value for element in app.sidebar.markdown)


def test_samples_that_a_run_does_not_have_are_dropped_with_a_note(
    make_run: Make, open_page: Open
) -> None:
    run = make_run()
    ids = [*run.samples["sample_id"][:2], "of another dataset"]
    app = open_page("dataset", run="run", sel=selection.keep(Selection.of("Mixed", ids)))
    assert any("1 of the 3 selected images" in element.value for element in app.caption)
    assert any("2 images selected" in element.value for element in app.sidebar.markdown)


def test_another_pair_opens_its_run(make_run: Make, open_page: Open) -> None:
    make_run(name="one")
    other = make_run(name="two", images=9)
    app = open_page("dataset", run="one")
    app.selectbox(key="checkpoint").set_value(other.manifest["checkpoint"]["path"])
    app.selectbox(key="dataset").set_value(other.manifest["dataset"]["path"])
    app.run()
    assert app.query_params["run"] == "two"


def test_inference_from_the_sidebar(
    tiny_checkpoint: Path, make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pair without a run offers it; the run opens when the job has ended."""
    import shutil
    import time

    shutil.copytree(tiny_checkpoint, paths.checkpoints() / "tiny")
    run = make_run(images=8)
    folder = paths.datasets() / "new"
    folder.parent.mkdir()
    (run.root / "images").rename(folder)
    app = open_page("dataset", run="run")
    app.selectbox(key="checkpoint").set_value(str(paths.checkpoints() / "tiny"))
    app.selectbox(key="dataset").set_value(str(folder)).run()
    app.button(key="start").click().run()
    assert "start" not in {button.key for button in app.button}, "not offered twice"
    (job,) = jobs.list_jobs()
    until = time.monotonic() + 120
    while job.state.live and time.monotonic() < until:
        time.sleep(0.3)
    assert job.state is jobs.State.SUCCEEDED, job.log
    app.run()
    assert app.query_params["run"] == Path(job.result["run"]).name
    assert not app.error


def test_a_link_to_a_pair_opens_its_run(make_run: Make, open_page: Open) -> None:
    made = make_run(name="one").manifest
    pair = {part: made[part]["path"] for part in ("checkpoint", "dataset")}
    assert open_page("performance", **pair).query_params["run"] == "one"
    by_name = open_page("dataset", **(pair | {"dataset": Path(pair["dataset"]).name}))
    assert by_name.query_params["run"] == "one"


def test_a_page_that_needs_a_run_offers_inference_itself(make_run: Make, open_page: Open) -> None:
    run = make_run(images=8)
    folder = paths.datasets() / "new"
    folder.parent.mkdir()
    (run.root / "images").rename(folder)
    pair = {"checkpoint": run.manifest["checkpoint"]["path"], "dataset": str(folder)}
    app = open_page("performance", **pair)
    assert not app.exception and not app.error
    assert "start-infer" in {button.key for button in app.main.button}


@pytest.mark.parametrize("wanted", ["/etc", "../../..", "/no/such/folder"])
def test_a_path_outside_the_roots_is_refused(
    wanted: str, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dermxai.core.errors import InputError
    from dermxai.ui.app import sidebar

    make_run()
    with pytest.raises(InputError, match="outside the folders"):
        sidebar._allowed([], wanted)


@pytest.mark.parametrize("wanted", ["x" * 5_000, "..", "\0", "a/b", ".hidden"])
def test_a_run_that_no_folder_can_be_called_is_a_sentence(
    wanted: str, make_run: Make, open_page: Open
) -> None:
    run = make_run()
    pair = {part: run.manifest[part]["path"] for part in ("checkpoint", "dataset")}
    app = open_page("dataset", run=wanted, **pair)
    assert [error.value for error in app.error] == [
        "The run of this link is not in this workspace; choose a checkpoint and a dataset at the "
        "left."
    ]


@pytest.mark.parametrize("wanted", ["~nouser/x", "\0", "{home}/" + "x" * 400, "{home}/nothing"])
def test_a_dataset_that_no_file_can_be_called_is_a_sentence(
    wanted: str, make_run: Make, open_page: Open
) -> None:
    make_run()
    app = open_page("dataset", dataset=wanted.format(home=paths.home()))
    assert app.error and not app.exception
    assert not [error.value for error in app.error if "went wrong" in error.value]


def test_pages_that_need_no_model_do_not_import_torch(make_run: Make) -> None:
    run = make_run(images=30)
    project(run, "pca")
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(SCRIPT)!r}, default_timeout=120)
app.query_params["run"] = "run"
app.run()
assert "scipy.stats" not in sys.modules, "half a second before the first page"
for page in {[str(PAGES[name]) for name in ("dataset", "performance", "feature_map")]!r}:
    app.switch_page(page).run()
    assert not app.exception and not app.error, (page, app.error)
app.get_by_key("projection").set_value("pca").run()
assert not app.exception and not app.error
print("torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=paths.PROJECT,
        env=os.environ,
    )
    assert done.stdout.strip() == "False"
