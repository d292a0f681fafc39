"""The guide "From an error to its remedy": its pictures are there, its commands are understood."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from dermxai.cli import main
from dermxai.core import paths

GUIDE = paths.PROJECT / "docs/guides/remedy.md"
TEXT = GUIDE.read_text("utf-8")
COMMANDS = [
    line
    for code in re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in code.splitlines()
]


def test_each_picture_is_there_and_each_is_shown() -> None:
    shown = re.findall(r"\]\(\.\./images/(remedy-[\w-]+\.webp)\)", TEXT)
    there = {each.name for each in (paths.PROJECT / "docs/images").glob("remedy-*.webp")}
    assert set(shown) == there and len(shown) == len(there) >= 6
    assert all((paths.PROJECT / "docs/images" / name).stat().st_size < 150_000 for name in there)


def test_its_commands_are_those_of_the_way() -> None:
    verbs = [shlex.split(line)[1] for line in COMMANDS]
    assert list(dict.fromkeys(verbs)) == [
        *("evaluate", "causes", "remedy", "infer", "compare", "report")
    ]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_understood(
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """As far as the run that it names, which is not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    assert main() == 2
    told = capsys.readouterr().err
    assert "option" not in told.lower() and "--help" not in told, told
    assert re.search(r"RUN|MENDED|mended|DATASET", told), told
