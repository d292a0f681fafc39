import json
from pathlib import Path

import pytest

from dermxai.runs import Run
from tests.cli.conftest import Command, one_line


def test_report_writes_a_page_and_numbers(command: Command, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "out" / "pair.html"
    code, out, _ = command("report", run.root, "--pair", "MN", "BCC", "--output", page)
    assert (code, out.strip()) == (0, str(page))
    assert "<title>MN and BCC" in page.read_text()
    code, out, _ = command("report", run.root, "--pair", "MN", "BCC", "--split", "train", "--json")
    content = json.loads(out)
    assert code == 0 and content["pair"] == ["MN", "BCC"] and content["split"] == "train"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pair", "MN", "mel", "--json"], "no class 'mel'"),
        (["--pair", "MN", "MN", "--json"], "MN came twice"),
        (["--pair", "MN", "BCC", "--split", "x", "--json"], "no split 'x'"),
        (["--pair", "MN", "BCC"], "--output"),
    ],
)
def test_a_report_that_cannot_be_is_one_line(
    command: Command, run: Run, arguments: list[str], words: str
) -> None:
    code, out, err = command("report", run.root, *arguments)
    assert (code, out) == (2, "") and one_line(err) and words in err
