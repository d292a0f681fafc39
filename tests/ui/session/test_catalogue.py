import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.runs.files import RunFiles
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.catalogue import Entry
from dermxai.ui.session.state import View
from tests.generated import generated_run


def test_entries_leave_out_what_is_damaged() -> None:
    run = generated_run(paths.runs() / "good", 3)
    generated_run(paths.runs() / "bad", 3)
    RunFiles(paths.runs() / "bad").manifest.write_text("[]")
    assert catalogue.entries() == [
        Entry("good", run.manifest["checkpoint"]["path"], run.manifest["dataset"]["path"])
    ]


def test_what_lies_there_is_looked_at_once_for_all_visitors_and_a_run_just_made_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generated_run(paths.runs() / "old", 3)
    looked: list[int] = []
    find = catalogue.list_runs
    monkeypatch.setattr(catalogue, "list_runs", lambda: looked.append(1) or find())
    for _ in range(5):
        assert [entry.id for entry in catalogue.entries()] == ["old"]
        catalogue.datasets(catalogue.entries())
    assert len(looked) == 1
    generated_run(paths.runs() / "new", 3)
    monkeypatch.setattr(state, "view", lambda: View(run="new"))
    assert {entry.id for entry in catalogue.entries()} == {"old", "new"}


def test_a_run_that_has_gone_or_was_damaged_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("old", "open", "new"):
        generated_run(paths.runs() / name, 3)
    newest = catalogue.entries()[0].id
    shutil.rmtree(paths.runs() / newest)
    left = [entry.id for entry in catalogue.entries()]
    assert len(left) == 2 and newest not in left
    monkeypatch.setattr(state, "view", lambda: View(run=left[1]))
    RunFiles(paths.runs() / left[1]).manifest.write_text("[]")
    assert [entry.id for entry in catalogue.entries()] == left[:1]


def test_the_listing_is_forgotten_while_others_look() -> None:
    generated_run(paths.runs() / "a", 3)
    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(catalogue.entries) for _ in range(300)]
        for _ in range(300):
            catalogue.forget()
    assert {entry.id for look in looks for entry in look.result()} == {"a"}


def test_datasets_are_those_of_the_workspace_and_of_runs() -> None:
    (paths.datasets() / "atlas").mkdir(parents=True)
    (paths.datasets() / ".atlas.lock").touch()
    runs = [Entry("1", "/c", "/data/mine"), Entry("2", "/d", "/data/mine")]
    assert catalogue.datasets(runs) == [str(paths.datasets() / "atlas"), "/data/mine"]


def test_the_newest_run_of_a_pair() -> None:
    runs = [Entry("2", "/c", "/d"), Entry("1", "/c", "/d"), Entry("0", "/c", "/e")]
    assert catalogue.run_of(runs, "/c", "/d") == "2"
    assert catalogue.run_of(runs, "/x", "/d") is None


def test_options_of_one_name_are_told_apart() -> None:
    options = ["/a/images", "/b/images", "/c/a/images", "/other"]
    assert catalogue.told_apart(options, lambda path: Path(path).name) == {
        "/a/images": "images · /a",
        "/b/images": "images · b",
        "/c/a/images": "images · c/a",
        "/other": "other",
    }


def test_checkpoints_of_one_name_are_told_apart_by_the_end_of_their_path() -> None:
    options = [
        "/one/project/checkpoints/net",
        "/two/home/checkpoints/net",
        "/home/checkpoints/copy",
    ]
    assert list(catalogue.told_apart(options, lambda _: "net").values()) == [
        "net · project/checkpoints",
        "net · home/checkpoints",
        "net · copy",
    ]
