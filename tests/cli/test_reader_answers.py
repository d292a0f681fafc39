"""`readers` on answers in a file."""

import json
from pathlib import Path

import pytest

from dermxai.metrics.basis import basis
from tests.cli.conftest import Command, one_line
from tests.readers.studies import drawn, written


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return written(tmp_path, drawn(1, arms=("alone", "with AI")))


def test_a_study_is_analysed(command: Command, answers: Path, tmp_path: Path) -> None:
    code, out, _ = command("readers", "analyse", answers, "--device", "net")
    assert code == 0
    for words in ("4 readers, 48 cases", "Fleiss' kappa", "with AI less alone", "right to wrong"):
        assert words in out
    assert "for other readers and cases" in out
    code, out, err = command(
        *("readers", "analyse", answers, "--device", "net", "--json", "--to", "readers"),
        *("--output", tmp_path / "out"),
    )
    assert code == 0
    told = json.loads(out)
    assert told["intervals"] == basis("patients")
    assert told["applies_to"] == "readers"
    assert told["study"]["device"] == "net"
    assert (tmp_path / "out" / "classes.csv").is_file()
    assert "classes.csv" in err


def test_answers_are_exported(command: Command, answers: Path, tmp_path: Path) -> None:
    for form in ("r", "imrmc", "answers"):
        target = tmp_path / f"out.{form}"
        code, _, _ = command(
            *("readers", "export", answers, target, "--form", form, "--class", "MN")
        )
        assert code == 0 and target.stat().st_size > 1000
    code, _, err = command("readers", "export", answers, tmp_path / "none")
    assert code == 2 and one_line(err) and "--class" in err


def test_sizes_are_told(command: Command, answers: Path) -> None:
    line = ("readers", "power", answers, "--device", "net", "--difference", "0.1")
    code, out, _ = command(*line, "--readers", 4, "--cases", 48, "--readers", 12, "--json")
    assert code == 0
    told = json.loads(out)
    assert [each["readers"] for each in told["sizes"]] == [4, 12]
    assert 0 < told["sizes"][0]["power"] < 1
    code, out, _ = command(*line, "--readers", 4, "--cases", 48, "--arms", "alone", "with AI")
    assert code == 0 and "power" in out


def test_the_published_study_is_told(command: Command) -> None:
    code, out, _ = command("readers", "published", "--json")
    assert code == 0
    told = json.loads(out)
    assert "doi:10.3389/fmed.2021.626369" in told["source"]
    assert len(told["checks"]) == 15
    code, out, _ = command("readers", "published")
    assert code == 0 and "does not follow" in out and "8,915 false positives" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--arm", "other"), "The arm 'other' came; the study has alone, with AI"),
        (("--device", "net", "--network", "run"), "A device and a network came"),
        (("--classes", "MN"), "two classes or more"),
        (("--rule", "best"), "best"),
        (("--network", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    command: Command, answers: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, _, err = command("readers", "analyse", answers, *options)
    assert code == 2
    assert one_line(err)
    assert sentence in err
