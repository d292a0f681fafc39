"""``lesson``: from a file to a session and its answers' deletion."""

import json
import sys
from pathlib import Path

import pytest

from dermxai.cli import main
from dermxai.lessons import attending, definition, library, sessions
from dermxai.lessons.attending import Given
from dermxai.lessons.definition import Lesson
from dermxai.readers.store.database import Database, database
from tests.lessons.conftest import CHOICE, backend, db, lesson, run

__all__ = ["backend", "db", "lesson", "run"]


def command(*line: object) -> int:
    sys.argv = ["dermxai", "lesson", *map(str, line)]
    return main()


@pytest.fixture
def file(lesson: Lesson, db: Database, tmp_path: Path) -> Path:
    path = tmp_path / "lesson.json"
    path.write_text(definition.written(lesson), "utf-8")
    return path


def test_a_lesson_from_a_file_to_its_deletion(
    file: Path, lesson: Lesson, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command("check", file) == 0 and library.all_of(database()) == []
    assert "First: 6 steps" in capsys.readouterr().err
    assert command("import", file) == 0
    assert command("export", "First", "--output", tmp_path / "again.json") == 0
    assert library.read_file(tmp_path / "again.json") == lesson
    assert command("start", "First", "--run", "run", "--url", "https://x.example/d", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["link"] == f"https://x.example/d/lesson#{told['code']}"
    assert sessions.led_by(database(), told["key"]).code == told["code"]
    shown = attending.join(database(), told["code"])
    attending.give(database(), shown, Given(CHOICE, "A"))
    assert command("list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["steps"], listed["sessions"]) == ("First", 6, 1)
    assert command("sessions", "First", "--json") == 0
    (given,) = json.loads(capsys.readouterr().out)
    assert (given["students"], given["answers"], given["open"]) == (1, 1, True)
    assert command("close", told["code"]) == 0
    assert not sessions.by_code(database(), told["code"]).is_open
    assert command("open", told["code"]) == 0
    assert command("list") == 0 and command("sessions", "First") == 0
    assert told["key"] not in capsys.readouterr().out
    assert command("delete-answers", "First", "--yes") == 0
    assert "1 answers deleted" in capsys.readouterr().err
    assert sessions.of_lesson(database(), "First")[0].attending == 0
    assert command("remove", "First", "--yes") == 0 and library.all_of(database()) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["check", "none.toml"], "not there"),
        (["export", "None"], "no lesson 'None'; there are: none"),
        (["start", "None"], "no lesson"),
        (["close", "xxxx"], "no session of this code"),
        (["start", "First", "--url", "ftp://x"], "--url"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    line: list[str], told: str, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*line) == 2
    assert told in capsys.readouterr().err


def test_a_file_that_is_no_lesson_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lesson.toml"
    for content in ("name = 5", "[[steps]]", "{"):
        file.write_text(content)
        assert command("check", file) == 2
        assert capsys.readouterr().err.count("Error: ") == 1
    assert command("check", tmp_path) == 2
