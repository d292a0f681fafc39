"""Answers in the long form: what is understood, what is refused, and that nothing is lost."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import harmless
from dermxai.readers import answered, answers_file
from dermxai.readers.answered import Answer, Arm, Case, Help, Reader, Study
from dermxai.readers.answers_file import read_answers, write_answers
from tests.readers.studies import CLASSES, drawn, written

MINIMAL = pd.DataFrame(
    {
        "reader": ["a", "a", "b", "b"],
        "case": ["1", "2", "1", "2"],
        "truth": ["MN", "SK", "MN", "SK"],
        "answer": ["MN", "MN", "SK", "SK"],
    }
)


def test_four_columns_are_enough(tmp_path: Path) -> None:
    found = read_answers(written(tmp_path, MINIMAL))
    assert found.classes == ("SK", "MN")
    assert [each.case_id for each in found.cases] == ["1", "2"]
    assert found.independent == "cases"
    assert found.arms == (Arm("readers"),)
    assert len(found.answers) == 4
    np.testing.assert_array_equal(found.chosen()[0], [[1, 1], [0, 0]])
    assert "Classes offered: SK, MN" in found.notes[0]
    assert np.isnan(found.number("confidence")).all()


def test_everything_that_is_written_is_read_again(tmp_path: Path) -> None:
    given = read_answers(
        written(tmp_path, drawn(1, arms=("alone", "with AI"))), classes=CLASSES, device="net"
    )
    assert given.arms == (Arm("alone"), Arm("with AI", Help.START))
    assert given.independent == "patients"
    assert given.readers[1] == Reader("r1", "resident", 2.0)
    again_at = tmp_path / "again.csv"
    write_answers(given, again_at)
    again = read_answers(again_at, classes=CLASSES)
    assert (again.cases, again.readers, again.arms) == (given.cases, given.readers, given.arms)
    for what in ("confidence", "seconds"):
        np.testing.assert_array_equal(again.number(what), given.number(what))
    np.testing.assert_array_equal(again.chosen(), given.chosen())
    np.testing.assert_array_equal(again.chosen("shown"), given.chosen("shown"))


def test_the_device_is_no_reader(tmp_path: Path) -> None:
    found = read_answers(written(tmp_path, drawn(2)), classes=CLASSES, device="net")
    assert found.device is not None
    assert [each.reader_id for each in found.readers] == ["r0", "r1", "r2", "r3"]
    rows = drawn(2)
    answers = rows.loc[rows["reader"] == "net", "answer"].to_numpy()
    np.testing.assert_array_equal(np.array(CLASSES)[found.of_device], answers)
    with pytest.raises(InputError, match="no reader 'nobody'"):
        read_answers(written(tmp_path, drawn(2)), device="nobody")


def test_columns_and_classes_of_other_names_are_understood(tmp_path: Path) -> None:
    named = MINIMAL.rename(columns={"truth": "diagnosis"}).replace("MN", "melanocytic nevus")
    path = written(tmp_path, named)
    with pytest.raises(InputError, match=r"no column 'truth'.*--column truth=NAME"):
        read_answers(path)
    found = read_answers(path, columns={"truth": "diagnosis"})
    assert found.cases[0].truth == "MN"
    with pytest.raises(InputError, match="No column is called 'colour'"):
        read_answers(path, columns={"colour": "diagnosis"})


def test_lines_that_say_the_same_count_once(tmp_path: Path) -> None:
    twice = pd.concat([MINIMAL, MINIMAL.iloc[:1]])
    found = read_answers(written(tmp_path, twice))
    assert len(found.answers) == 4
    assert "1 line said the same twice" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"answer": ["MN", "MN", "SK", ""]}, "row 4: the answer is missing"),
        ({"reader": ["a", "a", "a", "b"]}, "rows 1 and 3: reader 'a' answers the case '1' twice"),
        ({"truth": ["MN", "SK", "SK", "SK"]}, "the case '1' has the truth 'MN' on one line and"),
        ({"confidence": ["0.5", "80", "", ""]}, "row 2: the confidence '80' came, a number from 0"),
        ({"confidence": ["0.5", "high", "", ""]}, "row 2: the confidence 'high' came"),
        ({"rating": ["1", "inf", "", ""]}, "row 2: the rating 'inf' came"),
        ({"years": ["1", "1", "-3", "-3"]}, "row 3: the years '-3' came"),
        ({"arm": ["x", "x", "", "x"]}, "row 3: the arm is missing"),
        ({"help": ["magic"] * 4}, "the help 'magic' of the arm"),
        ({"faulty": ["perhaps"] * 4}, "faulty is 'perhaps'; yes or no"),
        ({"patient": ["p", "", "p", ""]}, "the case '2' names no patient"),
        ({"group": ["x", "y", "x", "x"]}, "the reader 'a' has the group 'x' on one line"),
        ({"case": ["1" * 300, "2", "1", "2"]}, "row 1: a case of more than 200 characters"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    tmp_path: Path, change: dict[str, list[str]], sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_answers(written(tmp_path, MINIMAL.assign(**change)))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_classes_that_were_not_offered_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    with pytest.raises(InputError, match="of class 'SK', which was not offered: MN, BCC"):
        read_answers(path, classes=["MN", "BCC"])
    with pytest.raises(InputError, match="two classes or more"):
        read_answers(path, classes=["MN"])
    strange = MINIMAL.assign(answer=["MN", "MN", "SK", "BCC"])
    with pytest.raises(InputError, match="'b' calls the case '2' 'BCC'"):
        read_answers(written(tmp_path, strange), classes=["MN", "SK"])


def test_a_clock_that_was_set_costs_the_time_alone(tmp_path: Path) -> None:
    found = read_answers(written(tmp_path, MINIMAL.assign(seconds=[3.5, -20, 4, 5])))
    assert len(found.answers) == 4
    assert np.isnan(found.number("seconds")).sum() == 1
    assert "1 answer took less than no time" in " ".join(found.notes)


@pytest.mark.parametrize("name", ["=cmd()", "@x", "<b>bold</b>", "a;=1+1", "'quoted", "ünï"])
def test_odd_names_come_and_go_unchanged(tmp_path: Path, name: str) -> None:
    odd = MINIMAL.assign(reader=[name, name, "b", "b"], case=[name, "2", name, "2"])
    given = read_answers(written(tmp_path, odd))
    assert given.readers[0].reader_id in {name, name.removeprefix("'")}
    write_answers(given, tmp_path / "again.csv")
    text = (tmp_path / "again.csv").read_text("utf-8")
    assert not any(line.startswith(("=", "@", "+", "-")) for line in text.splitlines())
    again = read_answers(tmp_path / "again.csv")
    assert repr(again.readers) == repr(given.readers)
    assert harmless(given.readers[0].reader_id) in text.replace('""', '"')


def test_too_much_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, MINIMAL)
    with monkeypatch.context() as patched:
        patched.setattr(answers_file, "MOST_BYTES", 10)
        with pytest.raises(InputError, match="longer than 0 MB"):
            read_answers(path)
    with monkeypatch.context() as patched:
        patched.setattr(answers_file, "MOST_ANSWERS", 3)
        with pytest.raises(InputError, match="4 lines; at most 3"):
            read_answers(path)
    with monkeypatch.context() as patched:
        patched.setattr(answered, "MOST_PLACES", 3)
        with pytest.raises(InputError, match="room for 4 answers"):
            read_answers(path)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.csv"):
        read_answers(tmp_path / "nothing.csv")
    with pytest.raises(InputError):
        read_answers(tmp_path)
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\0\0")
    with pytest.raises(InputError, match="not text"):
        read_answers(tmp_path / "image.csv")
    (tmp_path / "empty.csv").write_text("reader,case,truth,answer\n")
    with pytest.raises(InputError):
        read_answers(tmp_path / "empty.csv")
    (tmp_path / "ragged.csv").write_text("reader,case,truth,answer\na,1,MN,MN,x,y\n")
    with pytest.raises(InputError, match="6 cells"):
        read_answers(tmp_path / "ragged.csv")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="pipe"):
        read_answers(pipe)


def test_a_study_is_checked_whoever_fills_it() -> None:
    cases, readers = (Case("1", "MN", "1"), Case("2", "SK", "2")), (Reader("a"),)
    given = ("study", ("MN", "SK"), cases, readers, (Arm("alone"),))
    one = Answer("a", "1", "alone", "MN")
    assert Study(*given, (one,)).summary() == "1 reader, 2 cases, 2 classes, 1 arm, 1 answer"
    for answers, sentence in (
        ((), "no answers"),
        ((one, one), "twice in the arm"),
        ((Answer("b", "1", "alone", "MN"),), "does not have"),
        ((Answer("a", "1", "other", "MN"),), "which there is not"),
        ((Answer("a", "1", "alone", "BCC"),), "not offered"),
    ):
        with pytest.raises(InputError, match=sentence):
            Study(*given, answers)
    with pytest.raises(InputError, match="names the case '1' twice"):
        Study(given[0], given[1], (cases[0],) * 2, *given[3:], (one,))


def test_what_a_study_here_writes_is_read(tmp_path: Path) -> None:
    """Both stages of a case are one answer, the network is the device."""
    rows = [
        ("1", "without-then-with", "alone", "c1", "MN", "SK", "1", "", 5),
        ("1", "without-then-with", "with AI", "c1", "MN", "MN", "5", "MN", 9),
        ("1", "with-faulty", "with AI", "c1", "MN", "SK", "3", "SK", 7),
        ("1", "without", "alone", "c1", "MN", "MN", "4", "", 6),
        ("1", "without", "alone", "c2", "SK", "SK", "2", "", 6),
        ("network", "network", "alone", "c1", "MN", "MN", "", "", ""),
    ]
    names = ["reader", "arm", "stage", "case", "label", "choice", "confidence", "ai_class"]
    table = pd.DataFrame(rows, columns=[*names, "seconds"]).assign(study="First", unit="p1")
    found = read_answers(written(tmp_path, table))
    arms = {each.name: each for each in found.arms}
    assert arms["without-then-with"].help is Help.AFTER
    assert arms["with-faulty"] == Arm("with-faulty", Help.START, faulty=True)
    assert arms["without"].help is Help.NONE
    assert found.device is not None and found.device.cases == ("c1",)
    assert found.independent == "patients" and len(found.answers) == 4
    (both,) = [each for each in found.answers if each.arm == "without-then-with"]
    assert (both.first, both.answer, both.shown, both.seconds) == ("SK", "MN", "MN", 9)
    assert both.confidence == 1.0
    assert "Confidence 1 to 5 is taken as 0 to 1." in found.notes
