import io

import pandas as pd
import pytest
from rich.console import Console
from rich.progress import Progress

from dermxai.cli import console
from dermxai.core.formatting import interval_basis
from dermxai.explain.faithfulness.results import EvaluationRequest, Results
from dermxai.metrics.basis import basis
from dermxai.metrics.faithfulness import Scale, summarised


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
    console.show_faithfulness(table, Results(EvaluationRequest(), {}, (), values, ""), "lesions")
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"{interval_basis(basis('lesions'))}."
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
