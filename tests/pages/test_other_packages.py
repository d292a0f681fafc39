"""Pages that another package offers, in the app."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai import pages
from dermxai.runs import Run
from tests.installed import Install, installing
from tests.test_extending_formats_and_pages import shown

Open = Callable[..., AppTest]
MINE = ("dermxai.pages", "patients = my_pages:PATIENTS")


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Install]:
    with installing(monkeypatch, tmp_path / "site") as made:
        yield made


def switched(app: AppTest, address: str) -> AppTest:
    """To a page that is no file, which `AppTest.switch_page` does not know."""
    (app._page_hash,) = (
        page for page, about in app._registered_pages.items() if about["url_pathname"] == address
    )
    return app.run()


def test_it_is_drawn_like_the_projects_own(
    make_run: Callable[..., Run], open_page: Open, install: Install
) -> None:
    install(*MINE, my_pages=shown("my_pages.py"), my_patients=shown("my_patients.py"))
    make_run()
    app = switched(open_page("dataset"), "patients")
    assert not app.exception and not app.error
    assert [title.value for title in app.title] == ["Patients"]
    assert len(app.dataframe) == 1


@pytest.mark.parametrize(
    "body",
    [
        "import nothing_of_this_name",
        "1 / 0",
        "def draw(): 1 / 0",
        "raise SystemExit",
        "draw = None",
        "",
    ],
)
def test_one_that_fails_is_a_sentence_and_the_others_go_on(
    make_run: Callable[..., Run], open_page: Open, install: Install, body: str
) -> None:
    install(*MINE, my_pages=shown("my_pages.py"), my_patients=body)
    make_run()
    app = switched(open_page("dataset"), "patients")
    assert not app.exception
    (error,) = app.error
    if "def" not in body and body != "draw = None":
        assert "page Patients does not load" in error.value
    app = switched(app, "performance")
    assert not app.exception and not app.error
    assert [title.value for title in app.title] == ["Performance"]


def test_a_file_of_ours_that_fails_is_a_sentence_and_the_others_go_on(
    make_run: Callable[..., Run],
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(pages.FOLDER, tmp_path / "pages"))
    broken = '"""Looks."""\nimport nothing_of_this_name\nICON = ":material/home:"\n'
    (folder / "1_explore" / "5_mine.py").write_text(broken)
    monkeypatch.setattr(pages, "FOLDER", folder)
    make_run()
    app = switched(open_page("dataset"), "mine")
    assert not app.exception and len(app.error) == 1
    app = switched(app, "performance")
    assert not app.exception and not app.error
