"""What the command line shows: progress bars on a terminal, tables, one line for an error."""

import io
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from dermxai.core.formatting import LEFT, count, fixed, jsonable

if TYPE_CHECKING:
    import pandas as pd

    from dermxai.explain.faithfulness.results import Results
    from dermxai.metrics import Evaluation
    from dermxai.metrics.leakage import Premium
    from dermxai.runs import Run

FEW = 5  # problems that are told one by one
_WIDEST = 100_000  # columns of a table's line: it is never wrapped


class Bars:
    """One bar a phase, on a terminal only."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None:
        if phase not in self._tasks:
            for task in self._tasks.values():
                self._progress.stop_task(task)
            self._tasks[phase] = self._progress.add_task(phase, total=None, figures="")
        shown = dict(figures or {})
        self._progress.update(
            self._tasks[phase],
            completed=step,
            total=total or None,
            left=shown.pop(LEFT, None),
            figures="  ".join(f"{name} {value:.4g}" for name, value in shown.items()),
        )


class Remaining(TimeRemainingColumn):
    """As the work tells it, else at the pace so far."""

    def render(self, task: Task) -> Text:
        left = task.fields.get("left")
        if left is None or task.finished:
            return super().render(task)
        return Text(str(timedelta(seconds=round(left))), style="progress.remaining")


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars on standard error, none where it is not a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Remaining(),
        TextColumn("{task.fields[figures]}", style="dim"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bars(progress)


def say(text: str) -> None:
    """A line on standard error, as it is."""
    print(text, file=sys.stderr)


def say_problems(problems: Sequence[Mapping[str, str]]) -> None:
    """The first few problems with files and rows, each an item and a reason, and how many there
    are."""
    for problem in problems[:FEW]:
        say(_line(f"{problem['item']}: {problem['reason']}"))
    if problems:
        rest = " (all of them with --json)" if len(problems) > FEW else ""
        number = count(len(problems), "problem")
        say(f"{number} with files and rows{rest}; what cannot be used is left out.")


def show_json(content: object) -> None:
    """What JSON has no number for, such as NaN, is null."""
    print(json.dumps(jsonable(content), indent=2, ensure_ascii=False, allow_nan=False))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned text, the same on a terminal and in a file; numbers stand right."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name, value in zip(columns, rows[0], strict=True):
        side: JustifyMethod = "right" if isinstance(value, int | float) else "left"
        table.add_column(Text(_line(name)), justify=side, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    wide = Console(file=io.StringIO(), width=_WIDEST, color_system=None)
    with wide.capture() as shown:
        wide.print(table, crop=False)
    for line in shown.get().splitlines():
        print(line.rstrip())


def show_run(run: "Run", json: bool) -> None:
    """Its folder, or all of its manifest, and what of the data could not be used."""
    say_problems(run.manifest["problems"])
    if json:
        show_json({"run": str(run.root), **run.manifest})
    else:
        print(run.root)


def show_evaluation(evaluation: "Evaluation") -> None:
    """Measures of the whole and of each class, with their intervals."""
    from dermxai.metrics.basis import in_words  # numpy, which --help need not wait for

    counts = evaluation.counts
    print(
        f"{counts.evaluated} of {counts.images} images evaluated; {counts.unlabelled} without a "
        f"label, {counts.outside} of classes that the model does not know.\n"
    )
    whole = evaluation.overall.to_dict("records")
    show_table(
        ("overall", "value", "95 % interval"),
        [[row["name"], row["value"], _interval(row["low"], row["high"])] for row in whole],
    )
    measures = ("accuracy", "sensitivity", "specificity", "auc")
    headings = [text for name in measures for text in (name, "95 % interval")]
    rows = []
    for row in evaluation.table.to_dict("records"):
        rows.append([row["class"], row["images"], row["units"]])
        for name in measures:
            rows[-1] += [row[name], _interval(row[f"{name}_low"], row[f"{name}_high"])]
    print()
    show_table(("class", "images", evaluation.clusters, *headings), rows)
    print(
        f"\n{in_words(evaluation.clusters, evaluation.level)}: Wilson's score with a design effect "
        "(docs/statistics.md)."
    )
    for note in evaluation.notes:
        print(f"\n{_line(note)}")


def show_premium(premium: "Premium") -> None:
    """Overall measures with and without the images that leak from training."""
    print(
        f"\nLeakage premium: {premium.seen} of {premium.seen + premium.unseen} evaluated images "
        "were seen in training.\n"
    )
    rows = [
        [
            row["name"],
            row["value"],
            row["without"],
            _interval(row["without_low"], row["without_high"]),
            row["difference"],
            _interval(row["difference_low"], row["difference_high"]),
        ]
        for row in premium.table.to_dict("records")
    ]
    columns = ("overall", "all", "without", "95 % interval", "difference", "95 % interval")
    show_table(columns, rows)
    for note in premium.notes:
        print(f"\n{_line(note)}")


def show_faithfulness(
    table: "pd.DataFrame", found: "Results", independent: str, notes: Iterable[str] = ()
) -> None:
    """Means of methods × measures with their intervals, what they beat and what that amounts to.

    Args:
        independent: what the intervals take as independent.
    """
    from dermxai.metrics.basis import in_words

    columns = ("measure", "method", "images", "mean", "95 % interval")
    verdicts = ["random_verdict", "centred_verdict", "standing"]
    told = table[verdicts].fillna("").replace("", "–").to_numpy()
    rows = [
        [
            *(row[name] for name in columns[:4]),
            _interval(row["low"], row["high"]),
            *verdict,
        ]
        for row, verdict in zip(table.to_dict("records"), told, strict=True)
    ]
    show_table((*columns, "against random", "against centred", "standing"), rows)
    print(f"\n{in_words(independent)}.")
    for note in notes:
        print(f"\n{_line(note)}")
    for name, reason in found.skipped.items():
        print(f"\n{name} is left out: {reason}")
    for problem in found.problems:
        print(f"\n{problem.item} is left out: {problem.reason}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return fixed(value, 3)
    return _line(str(value))


def _line(text: str) -> str:
    """Without line breaks and control characters, which names from outside may hold."""
    return "".join(char if char.isprintable() else " " for char in text)


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{fixed(low, 3)} to {fixed(high, 3)}"
