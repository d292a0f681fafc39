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


def test_without_a_pair_it_is_on_the_run(command: Command, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "out" / "run.html"
    code, out, _ = command("report", run.root, "--pairs", 0, "--output", page)
    assert (code, out.split()) == (0, [str(page), str(page.with_suffix(".zip"))])
    assert "<title>generated on generated" in page.read_text()
    code, out, _ = command("report", run.root, "--pairs", 0, "--split", "all", "--json")
    told = json.loads(out)
    assert code == 0 and told["origin"]["split"] == "all" and len(told["digest"]) == 64
    assert told["sections"]["measures"]["tables"]["overall"]["rows"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--split", "x"], "no split 'x'"),
        (["--rule", "argmax"], "it is in every report"),
        (["--rule", "best"], "The decision rule 'best' came"),
        (["--most", "61"], "expected between 0 and 60"),
        (["--pairs", "21"], "expected between 0 and 20"),
    ],
)
def test_a_report_on_a_run_that_cannot_be_is_one_line(
    command: Command,
    run: Run,
    arguments: list[str],
    words: str,
    tmp_path: Path,
) -> None:
    code, out, err = command("report", run.root, *arguments, "--output", tmp_path / "run.html")
    assert (code, out) == (2, "") and one_line(err) and words in err
    assert not list(tmp_path.glob("*.html"))
