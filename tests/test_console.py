import io
from dataclasses import dataclass

import pandas as pd
import pytest
from rich.console import Console
from rich.progress import Progress

from dermxai import console
from dermxai.errors import InputError
from dermxai.explain.faithfulness.quality import Asked, Quality
from dermxai.metrics.basis import in_words
from dermxai.metrics.belief import Scale, summarised


@dataclass(frozen=True)
class Settings:
    steps: int = 8
    rate: float = 0.1
    signed: bool = True
    mode: str = "fast"


def test_settings_take_the_kind_of_their_default() -> None:
    given = console.typed(Settings, ["steps=12", "rate=1e-3", "signed=no", "mode=a=b"])
    assert given == {"steps": 12, "rate": 0.001, "signed": False, "mode": "a=b"}


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        ("steps", "name=value"),
        ("colour=red", "steps, rate, signed, mode"),
        ("steps=1.5", "whole number"),
        ("rate=fast", "a number"),
        ("signed=perhaps", "true or false"),
    ],
)
def test_settings_that_cannot_be_are_refused(pair: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        console.typed(Settings, [pair])


def test_tables_align_numbers_right_and_wide_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.show_table(("name", "value"), [["银屑病", 1.0], ["a", float("nan")]])
    assert capsys.readouterr().out.splitlines() == [
        "name    value",
        "银屑病  1.000",
        "a           –",
    ]


def test_a_table_without_rows_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(("name",), [])
    assert capsys.readouterr().out == ""


def test_what_a_measure_does_not_compare_is_a_dash_beside_its_standing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = pd.DataFrame(
        [
            (f"i{k}", method, 4, "stable", 0.1 + k / 100)
            for k in range(9)
            for method in ("cam", "noise", "bell")
        ],
        columns=["sample_id", "method", "cells", "measure", "value"],
    )
    scales = {"stable": Scale(False, compared=False, limit=0.5)}
    table = summarised(values, scales, {}, random="noise", centred="bell")
    console.show_belief(table, Quality(Asked(), {}, (), values, ""), "lesions")
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"{in_words('lesions')}."
    shown = {line.split()[1]: line for line in out.splitlines() if line}
    assert shown["cam"].endswith("  –               –                keeps to the limit")
    assert shown["noise"].split()[-3:] == ["–", "–", "–"]


def test_names_from_outside_break_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(("class", "n"), [["v\nasc\x1b[31m", 3], ["a\r=1", 12]])
    head, first, second = capsys.readouterr().out.splitlines()
    assert (head, first, second) == (
        "class        n",
        "v asc [31m   3",
        "a =1        12",
    )
    console.say_problems([{"item": "a\nb", "reason": "none"}])
    assert capsys.readouterr().err.splitlines()[0] == "a b: none"


def test_time_left_is_what_the_work_tells() -> None:
    progress = Progress(console.Remaining(), console=Console(file=io.StringIO()))
    bars = console.Bars(progress)
    bars("training", 5, 10, {"loss": 1.0, "left": 75.0})
    (task,) = progress.tasks
    assert console.Remaining().render(task).plain == "0:01:15"
    assert task.fields["figures"] == "loss 1"
    bars("training", 6, 10, {"loss": 1.0})
    assert console.Remaining().render(task).plain != "0:01:15", "at its pace, as of other work"
