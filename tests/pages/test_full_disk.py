"""A full disk, or a workspace that cannot be written: pages say so in a sentence and go on."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core import disk, paths
from dermxai.jobs import list_jobs
from dermxai.runs import Run

Make, Open = Callable[..., Run], Callable[..., AppTest]
CODES = {errno.ENOSPC: "The disk is full", errno.EROFS: "The disk is read-only"}


@pytest.fixture(params=CODES)
def said(request: pytest.FixtureRequest) -> str:
    """What a page says of the disk, which takes nothing once `unwritable` is called."""
    return CODES[request.param]


def unwritable(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    code = next(code for code, words in CODES.items() if words == said)

    def refuse(path: Path) -> None:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(disk, "replacing", refuse)


def test_a_callback_is_guarded_like_a_page(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    make_run(images=12)
    app = open_page("dataset", run="run")
    app.main.text_input[0].set_value("1").run()
    (button,) = [each for each in app.main.button if each.label == "Make them the selection"]
    unwritable(monkeypatch, said)
    button.click().run()
    assert not app.exception
    assert [each.value for each in app.error if said in each.value]
    assert app.title


def test_a_job_that_cannot_be_submitted_is_told_and_leaves_nothing(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    make_run(images=12)
    app = open_page("dataset", run="run")
    (button,) = [each for each in app.sidebar.button if "inference" in each.label]
    unwritable(monkeypatch, said)
    button.click().run()
    assert not app.exception
    assert [each.value for each in app.error if said in each.value]
    assert list_jobs() == []
    assert not [path for path in paths.jobs().glob("*") if not path.name.startswith(".")]


@pytest.mark.parametrize("page", ["dataset", "image", "feature_map", "faithfulness", "training"])
def test_pages_need_no_disk_to_write_to(
    page: str, make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(images=12)
    unwritable(monkeypatch, CODES[errno.EROFS])
    app = open_page(page, run="run")
    assert not app.exception
    wrong = [each.value for each in app.error if "checkpoint" not in each.value]
    if page == "feature_map":  # which a job computes
        (told,) = wrong
        assert told.startswith("The disk is read-only")
    else:
        assert not wrong
