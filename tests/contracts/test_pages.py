"""What every page must hold to, and what becomes of one that does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from dermxai import pages
from dermxai.core import components
from dermxai.pages import PAGES, Page, _trial
from tests.installed import Install, installing

GOOD = '"""Looks."""\nICON = ":material/home:"\n'
PAGE = Page(
    name="mine",
    title="Mine",
    icon=":material/home:",
    section="Explore",
    order=2,
    help="Shows mine.",
    body="theirs_page:draw",
)
DESCRIBED = f"from dermxai.pages import Page\nMINE = {PAGE!r}\n"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with installing(monkeypatch, tmp_path / "site") as made:
        yield made


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two pages of the project."""
    for name in ("1_explore/1_dataset.py", "2_train/1_training.py"):
        (tmp_path / "pages" / name).parent.mkdir(parents=True)
        (tmp_path / "pages" / name).write_text(GOOD)
    monkeypatch.setattr(pages, "FOLDER", tmp_path / "pages")
    return tmp_path / "pages"


def test_the_projects_own_are_all_used_and_each_can_be_imported() -> None:
    found, left_out = pages.pages()
    assert left_out == []
    assert len(found) == len(list(pages.FOLDER.glob("*/*.py")))
    assert all(page.help.endswith(".") and page.order >= 1 for page in found)
    assert _trial.failures(found) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('"""It lacks an icon."""', "It has no constant ICON; expected one such as ICON = "),
        ('"""Odd."""\nICON = "home"', "icon is 'home': string should match pattern"),
        ('ICON = ":material/home:"', "It has no docstring; expected what the page is for"),
        ('"""Half.', "It does not load (SyntaxError: "),
        (GOOD + 'TITLE = ""', "title is '': string should have at least 1 character"),
        (GOOD + 'TITLE = "\\ud800"', "title is '\\ud800': "),
    ],
)
def test_a_file_that_is_no_page_is_left_out_and_stops_no_other(
    folder: Path, content: str, reason: str
) -> None:
    (folder / "1_explore" / "2_mine.py").write_text(content)
    found, (left_out,) = pages.pages()
    assert [page.name for page in found] == ["dataset", "training"]
    assert left_out.name == "1_explore/2_mine.py" and reason in left_out.reason
    (folder / "1_explore" / "2_mine.py").write_text(GOOD + "# mended, and seen at once")
    assert [page.name for page in pages.pages()[0]] == ["dataset", "mine", "training"]


def test_of_two_files_of_one_name_the_first_is_used(folder: Path) -> None:
    (folder / "2_train" / "7_dataset.py").write_text(GOOD)
    (left_out,) = pages.pages()[1]
    assert left_out.reason == "There is another page 'dataset'."


def test_another_package_offers_one_without_its_body_being_imported(
    folder: Path, install: Install
) -> None:
    install("dermxai.pages", "mine = theirs:MINE", theirs=DESCRIBED, theirs_page="1 / 0")
    found, left_out = pages.pages()
    assert [page.name for page in found] == ["dataset", "mine", "training"] and left_out == []
    assert PAGES.origins() == {"mine": "theirs"}
    (failed,) = _trial.failures(found)
    assert failed.name == "mine"
    assert failed.reason == "It does not load (ZeroDivisionError: division by zero)."


def test_it_is_off_where_foreign_code_is_not_wanted(
    folder: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("dermxai.pages", "mine = theirs:MINE", theirs=DESCRIBED)
    monkeypatch.setenv(components.FOREIGN, "off")
    components.forget()
    assert [page.name for page in pages.pages()[0]] == ["dataset", "training"]


def test_the_first_page_stays_first_and_names_stay_the_projects(
    folder: Path, install: Install
) -> None:
    early, taken = replace(PAGE, order=-5), replace(PAGE, name="training")
    text = DESCRIBED.replace(repr(PAGE), repr(early)) + f"TAKEN = {taken!r}\n"
    install("dermxai.pages", "mine = theirs", theirs=text)
    found, (left_out,) = pages.pages()
    assert [page.name for page in found] == ["dataset", "mine", "training"]
    assert left_out.reason == "There is another page 'training'."


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (replace(PAGE, icon=""), "icon is '': string should match pattern"),
        (replace(PAGE, icon="home"), "icon is 'home': string should match pattern"),
        (replace(PAGE, name="start"), "name is 'start', the address of the first page"),
        (replace(PAGE, help=""), "help is '': string should have at least 1 character"),
        (replace(PAGE, order="2"), "order is '2': input should be a valid integer"),  # type: ignore[arg-type]
        (replace(PAGE, body="theirs_page"), "body is 'theirs_page': "),
        (replace(PAGE, body="os:path; import x"), "body is 'os:path; import x': "),
    ],
)
def test_a_wrong_one_is_found_as_it_is_loaded(made: Page, fault: str) -> None:
    assert any(fault in each for each in PAGES.faults_of(made, {}))
    assert list(PAGES.faults_of(PAGE, {})) == []


def test_one_without_an_icon_is_left_out_with_its_reason(folder: Path, install: Install) -> None:
    without = DESCRIBED.replace(f"icon={PAGE.icon!r}, ", "")
    install("dermxai.pages", "mine = theirs:MINE", theirs=without)
    found, (left_out,) = pages.pages()
    assert [page.name for page in found] == ["dataset", "training"]
    assert "missing 1 required keyword-only argument: 'icon'" in left_out.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named"),
        ("import os\nos._exit(3)", "ended the process (code 3)"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("while True: pass", "takes longer than 3 s"),
        ("draw = 5", "theirs_page:draw is no function"),
        ("draw = print", ""),
    ],
)
def test_whatever_a_body_does_as_it_is_imported_the_next_is_tried(
    install: Install, body: str, reason: str
) -> None:
    install("dermxai.pages", "mine = theirs:MINE", theirs=DESCRIBED, theirs_page=body)
    last = replace(PAGE, name="last", body="nothing_at_all:draw")
    *mine, missing = _trial.failures([PAGE, last], 3)
    assert missing.name == "last" and "No module named 'nothing_at_all'" in missing.reason
    assert [each.name for each in mine] == (["mine"] if reason else [])
    assert all(reason in each.reason for each in mine)
