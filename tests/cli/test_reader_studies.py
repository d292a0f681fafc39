"""``readers``: a study from a file to its answers."""

import json
import sys
from pathlib import Path

import pytest

from dermxai.cli import main
from dermxai.readers import sitting, studies
from dermxai.readers.sitting import Given, Shown
from dermxai.readers.store.database import database
from tests.readers.conftest import _quick, backend, db, images, settings

__all__ = ["_quick", "backend", "db", "images", "settings"]


def run(*line: object) -> int:
    sys.argv = ["dermxai", "readers", *map(str, line)]
    return main()


@pytest.fixture
def definition(images: Path, db: object) -> Path:
    file = images.parent / "study.toml"
    file.write_text('name = "First"\ndataset = "dataset.csv"\nper_class = 1\nconfidence = 0\n')
    return file


def test_a_study_from_a_file_to_its_answers(
    definition: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("new", definition) == 0
    assert "3 cases of 3 classes" in capsys.readouterr().err
    assert run("codes", "First", "--count", 2, "--url", "https://x.example/d", "--json") == 0
    codes = json.loads(capsys.readouterr().out)
    assert [each["reader"] for each in codes] == [1, 2]
    assert codes[0]["link"] == f"https://x.example/d/reader#{codes[0]['code']}"
    shown = sitting.enter(database(), codes[1]["code"])
    assert shown
    while isinstance(screen := sitting.go_on(database(), shown), Shown):
        sitting.give(database(), shown, Given(screen.token, "a", "MN", None, True))
    assert run("show", "First", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["answered"] for each in told["readers"]] == [0, 3]
    assert told["answered"] == 3 and told["of"] == 6 and told["open"] is True
    assert run("close", "First") == 0 and not studies.find(database(), "First").is_open
    assert run("open", "First") == 0 and studies.find(database(), "First").is_open
    assert run("answers", "First", "--output", tmp_path / "a.csv") == 0
    assert run("answers", "First", "--changes", "--output", tmp_path / "c.csv") == 0
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 4
    assert run("import", "Again", tmp_path / "a.csv") == 0
    capsys.readouterr()
    assert run("list", "--json") == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["Again", "First"]
    assert run("list") == 0 and run("show", "First") == 0
    assert codes[0]["code"] not in capsys.readouterr().out
    assert run("withdraw", told["readers"][0]["code"]) == 0
    assert run("remove", "Again", "--yes") == 0
    assert [each.name for each in studies.all_of(database())] == ["First"]


@pytest.mark.parametrize(
    "line",
    [
        ("new", "none.toml"),
        ("show", "none"),
        ("codes", "none"),
        ("close", "none"),
        ("open", "none"),
        ("remove", "none", "--yes"),
        ("withdraw", "none"),
        ("answers", "none", "--output", "a.csv"),
        ("import", "x", "none.csv"),
        ("codes", "First", "--url", "x"),
    ],
)
def test_what_is_not_there_ends_in_one_sentence(
    db: object, capsys: pytest.CaptureFixture[str], line: tuple[str, ...]
) -> None:
    assert run(*line) == 2
    told = capsys.readouterr().err
    assert told.startswith("Error: ") and len(told.splitlines()) == 1
