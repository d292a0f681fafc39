"""What the command line shows: progress bars on a terminal, tables, one line for an error."""

import io
import json
import math
import sys
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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
    from dermxai.metrics.abstention import RiskCoverage
    from dermxai.metrics.decision_curve import DecisionCurve
    from dermxai.metrics.leakage import Premium
    from dermxai.metrics.measures import Measures
    from dermxai.readers.analysis.whole import StudyAnalysis
    from dermxai.remedies.outcome import Outcome
    from dermxai.report.calibration import Calibration
    from dermxai.report.comparison import Compared
    from dermxai.report.errors import FoundSlices, GrownTree
    from dermxai.report.evaluated import Evaluated
    from dermxai.report.prediction_sets import PredictionSets
    from dermxai.report.shift import Shift
    from dermxai.report.subgroups import Grouped
    from dermxai.runs import Run

FEW = 5  # problems that are told one by one
CASES_SHOWN = 10
PAIRS_SHOWN = 5
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


def say_problems(problems: Sequence[Mapping[str, object]]) -> None:
    """The first few problems with files and rows, each an item and a reason, and how many there
    are."""
    for problem in problems[:FEW]:
        say(printable(f"{problem['item']}: {problem['reason']}"))
    if problems:
        rest = " (all of them with --json)" if len(problems) > FEW else ""
        number = count(len(problems), "problem")
        say(f"{number} with files and rows{rest}; what cannot be used is left out.")


def say_reasons(jobs: Sequence[Mapping[str, object]]) -> None:
    """Why the first few jobs have failed, were interrupted, or are not at work as usual."""
    told = [job for job in jobs if job["reason"]]
    for job in told[:FEW]:
        say(printable(f"{job['id']}: {job['reason']}"))
    if len(told) > FEW:
        say(f"{count(len(told) - FEW, 'more job')} with a reason; see dermxai jobs show JOB.")


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
        table.add_column(Text(printable(name)), justify=side, no_wrap=True)
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
        if rounding := run.manifest.get("rounding"):
            from dermxai.runs.rounding import in_words

            print(in_words(rounding), file=sys.stderr)


def show_evaluation(evaluation: "Evaluated") -> None:
    """Measures of the whole and of each class, with their intervals."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis  # numpy, which --help need not wait for

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
        f"\n{interval_basis(basis(evaluation.clusters, evaluation.level))}: Wilson's score with a "
        "design effect (docs/statistics.md)."
    )
    for note in evaluation.notes:
        print(f"\n{printable(note)}")


def show_measures(found: "Measures") -> None:
    """Every measure under the decision rule: averages with intervals, and each class."""
    from dermxai.metrics.measure_estimates import AVERAGES
    from dermxai.metrics.measures import ALL
    from dermxai.report.measures import NAMES, notes, rule_in_words

    print(f"\n{rule_in_words(found.rule, found.clusters)}.\n")
    rows = found.table.to_dict("records")
    of = {(row["scope"], row["class"], row["measure"]): row for row in rows}
    names = [name for name in NAMES if ("macro", "", name) in of]
    scopes = [*AVERAGES, ALL]
    titles = {ALL: "all classes"}
    headings = [text for scope in scopes for text in (titles.get(scope, scope), "95 % interval")]
    averages = []
    for name in names:
        averages.append([NAMES[name]])
        for scope in scopes:
            row = of.get((scope, "", name))
            averages[-1] += [row["value"], _interval(row["low"], row["high"])] if row else ["", ""]
    show_table(("measure", *headings), averages)
    print()
    classes = list(found.counts["class"])
    by_class = [name for name in NAMES if ("class", classes[0], name) in of]
    show_table(
        ("class", *(NAMES[name] for name in by_class)),
        [[code, *(of["class", code, name]["value"] for name in by_class)] for code in classes],
    )
    for note in notes(found):
        print(f"\n{printable(note)}")


def show_calibration(found: "Calibration") -> None:
    """Calibration errors and scores, as predicted and at the temperature."""
    from dermxai.report.calibration import as_table, in_words

    print("\nCalibration\n")
    columns = ("probabilities", "ECE", "debiased", "Brier score", "95 % interval", "log loss")
    rows = [
        [
            *(row[name] for name in ("probabilities", "ece", "ece_debiased", "brier")),
            _interval(row["low"], row["high"]),
            row["log_loss"],
        ]
        for row in as_table(found).to_dict("records")
    ]
    show_table(columns, rows)
    print(f"\n{printable(in_words(found))}")


def show_rules(argmax: "Measures", point: "Measures") -> None:
    """Argmax and operating points side by side, and what their errors add up to."""
    from dermxai.report.rules import MEASURES, both_rules, sums_in_words

    print("\nBoth decision rules: argmax | operating point\n")
    table = both_rules(argmax, point)
    names = [*MEASURES, "false_negatives", "false_positives"]
    rows = []
    for row in table.to_dict("records"):
        rows.append([row["class"] or "macro, sum", row["images"]])
        for name in names:
            pair = (row[f"{rule}_{name}"] for rule in ("argmax", "operating_point"))
            rows[-1].append(" | ".join(_cell(value) for value in pair))
    show_table(("class", "images", *(name.replace("_", " ") for name in names)), rows)
    for line in sums_in_words(table):
        print(f"\n{printable(line)}")


def show_prediction_sets(
    found: "PredictionSets | None", why_not: str, pairs: Sequence[Sequence[str]]
) -> None:
    """Coverage of each class, and how often a set is exactly the classes asked for."""
    from dermxai.report.prediction_sets import in_words, notes

    print("\nPrediction sets\n")
    if found is None:
        print(printable(why_not))
        return
    measured = found.measured
    rows = [
        [code, row["images"], row["coverage"], _interval(row["low"], row["high"]), row["size"]]
        for code, row in zip(
            [*found.classes, "all"],
            [*measured.by_class.to_dict("records"), *measured.overall.to_dict("records")],
            strict=True,
        )
    ]
    show_table(("class", "images", "coverage", "95 % interval", "mean size"), rows)
    for codes in pairs:
        alike = found.exactly(codes).iloc[0]
        share = f"{_cell(float(alike['share']))} [{_interval(alike['low'], alike['high'])}]"
        print(f"\nExactly {{{printable(', '.join(codes))}}}: {alike['exactly']} sets, {share}")
    for line in (in_words(found), *notes(found)):
        print(f"\n{printable(line)}")


def show_curves(benefit: "Mapping[str, DecisionCurve]", abstention: "RiskCoverage") -> None:
    """Errors where the least sure are left out, and where acting on each class has a benefit."""
    from dermxai.report.curves import useful_in_words

    print(f"\nAbstention, area under the risk–coverage curve {_cell(abstention.area)}\n")
    rows = abstention.table[abstention.table["at_least"].isin((0.5, 0.7, 0.8, 0.9, 1.0))]
    show_table(
        ("kept", "images", "probability from", "errors", "95 % interval"),
        [
            [
                *(row[name] for name in ("kept", "images", "threshold", "risk")),
                _interval(row["low"], row["high"]),
            ]
            for row in rows.to_dict("records")
        ],
    )
    print("\nNet benefit\n")
    show_table(
        ("class", "prevalence", "useful"),
        [[code, curve.prevalence, useful_in_words(curve)] for code, curve in benefit.items()],
    )


def show_premium(premium: "Premium") -> None:
    """Overall measures with and without the images that leak from training."""
    from dermxai.report.sentences import OVERALL, sentences

    print(
        f"\nLeakage premium: {premium.seen} of {premium.seen + premium.unseen} evaluated images "
        "were seen in training.\n"
    )
    rows = [
        [
            OVERALL[row["measure"]],
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
    for note in sentences(premium.notes):
        print(f"\n{printable(note)}")


def show_outcome(found: "Outcome") -> None:
    """A stack of remedies beside the unchanged network."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis
    from dermxai.report import remedies

    for place, (title, told) in enumerate(remedies.steps(found), 1):
        print(printable(f"{place}. {title}. {told}"))
    before, after = remedies.rules(found)
    print("\n" + printable(f"Decision rule before: {before}; after: {after}.") + "\n")
    columns = ("before", "after", "difference", "95 % interval")
    numbers = ("before", "after", "difference")

    def cells(row: Mapping[Hashable, float]) -> list[object]:
        return [*(row[name] for name in numbers), _interval(row["low"], row["high"])]

    shown = remedies.headlines(found).to_dict("records")
    show_table((found.split, *columns), [[row["name"], *cells(row)] for row in shown])
    print()
    shown = remedies.by_class(found, "sensitivity").to_dict("records")
    show_table(("sensitivity", *columns), [[row["class"], *cells(row)] for row in shown])
    changed = found.changed["change"].value_counts()
    parts = ", ".join(f"{number} {kind}" for kind, number in changed.items())
    print(f"\n{count(len(found.changed), 'prediction')} changed{f': {parts}' if parts else ''}.")
    if lost := remedies.losing(found).to_dict("records"):
        print("\nThe price:\n")
        show_table(
            ("class", "measure", *columns),
            [[row["class"], row["measure"], *cells(row)] for row in lost],
        )
    print(f"\n{interval_basis(basis(found.before.clusters, found.paired.level))}: Newcombe's.")
    for note in (*found.notes, remedies.looked(found)):
        print(f"\n{printable(note)}")


def show_comparison(made: "Compared") -> None:
    """Measures of each model, differences of each pair, and how far predictions agree."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis
    from dermxai.report.comparison import difference_table, kappa_table, table_3, trainings_table

    found = made.found
    images = count(found.sample_ids.size, "image")
    of = "" if found.clusters == "images" else f" of {found.units} {found.clusters}"
    print(f"{images}{of} that all models have predicted. {made.rule}.\n")
    tables = {
        "Measures, macro average": table_3(found),
        "Differences": difference_table(found),
        "Agreement of predictions": kappa_table(found),
    }
    if made.trained_alike:
        tables["Trained alike, mean ± SD over seeds and splits"] = trainings_table(made)
    for title, table in tables.items():
        print(f"{title}\n")
        rows = [[str(cell) for cell in row] for row in table.to_numpy()]
        show_table([str(name) for name in table.columns], rows)
        print()
    print(
        f"{interval_basis(basis(found.clusters, found.level))}; p adjusted for the number of pairs "
        "(Holm). Classes: --json."
    )
    for note in made.about:
        print(f"\n{printable(note)}")


def show_study(found: "StudyAnalysis") -> None:
    """A reader study: classes beside the device, agreement, and what help changes."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis

    study, classes = found.study, found.classes.rows
    print(f"{printable(study.summary())}. Arm: {printable(found.arm)}.\n")
    beside = study.device is not None
    _show_beside(classes, beside)
    if not found.classes.operating.empty:
        for points, rows in found.classes.operating.groupby("points", sort=False):
            _show_beside(rows, beside, f", {points}")
    _show_confused(found.confused, beside)
    show_table(
        ("agreement of readers", "value", "95 % interval"),
        [
            [row["coefficient"], row["value"], _interval(row["low"], row["high"])]
            for row in found.kappas.among.to_dict("records")
        ],
    )
    for title, cases in (
        ("No reader agrees with the label of", found.errors.doubtful),
        ("The readers' majority and the device err on", found.errors.both_wrong),
    ):
        if len(cases):
            names = [printable(str(case)) for case in cases["case"].head(CASES_SHOWN)]
            more = f" and {len(cases) - CASES_SHOWN:,} more" if len(cases) > CASES_SHOWN else ""
            print(f"\n{title}: {', '.join(names)}{more}.")
    for gain in found.gains:
        print(f"\n{printable(gain.with_)} less {printable(gain.without)}\n")
        show_table(
            ("class", "measure", "readers", "before", "after", "gain", "95 % interval", "p"),
            [
                [
                    row["class"],
                    row["measure"],
                    row["group"],
                    row["before"],
                    row["after"],
                    row["difference"],
                    _interval(row["low"], row["high"]),
                    row["p"],
                ]
                for row in gain.rows.to_dict("records")
            ],
        )
        print()
        show_table(list(gain.changes.columns), gain.changes.to_numpy().tolist())
    print(
        f"\n{interval_basis(basis(study.independent, found.level))}; for other {found.classes.to}."
    )
    for note in found.notes:
        print(f"\n{printable(note)}")


def _show_beside(classes: "pd.DataFrame", beside: bool, rule: str = "") -> None:
    """Readers and device, a table a measure; ``rule`` says how the device decides where that is
    not its answer."""
    names = ["cases", "readers", "95 % interval"]
    if beside:
        names += ["device", "95 % interval", "difference", "95 % interval"]
        names += ["p", "p (Holm)"]
    for measure, rows in classes.groupby("measure", sort=False):
        shown = []
        for row in rows.to_dict("records"):
            cells = [row["class"], row["cases"], row["readers"]]
            cells.append(_interval(row["readers_low"], row["readers_high"]))
            if beside:
                cells += [row["device"], _interval(row["device_low"], row["device_high"])]
                cells += [row["difference"], _interval(row["low"], row["high"])]
                cells += [row["p"], row["p_holm"]]
            shown.append(cells)
        show_table((f"{measure}{rule}", *names), shown)
        print()


def _show_confused(confused: "pd.DataFrame", beside: bool) -> None:
    """Which classes are taken for which, the most frequent pairs."""
    names = ["called", "cases", "readers", "95 % interval"]
    names += ["device", "95 % interval", "difference", "95 % interval", "p"] if beside else []
    shown = []
    for row in confused.head(2 * PAIRS_SHOWN).to_dict("records"):
        cells = [row["truth"], row["answer"], row["cases"], row["readers"]]
        cells.append(_interval(row["readers_low"], row["readers_high"]))
        if beside:
            cells += [row["device"], _interval(row["device_low"], row["device_high"])]
            cells += [row["difference"], _interval(row["low"], row["high"]), row["p"]]
        shown.append(cells)
    if shown:
        show_table(("class", *names), shown)
        print()


def show_subgroups(found: "Grouped") -> None:
    """The groups, and what is to be known of them."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis
    from dermxai.report.subgroups import shown

    table = shown(found.found)
    show_table([str(name) for name in table.columns], table.to_numpy().tolist())
    print(f"\n{interval_basis(basis(found.found.clusters, found.found.level))}. {found.rule}.")
    for note in found.notes:
        print(f"\n{printable(note)}")


def show_shift(found: "Shift") -> None:
    """Columns, distances, and what is to be known of them."""
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis
    from dermxai.report.shift import LEVEL

    for table in (found.shown(), found.detected()):
        if len(table):
            show_table([str(name) for name in table.columns], table.to_numpy().tolist())
            print()
    print(f"{interval_basis(basis(found.clusters, LEVEL))}.")
    for note in found.notes:
        print(f"\n{printable(note)}")


def show_part(title: str, found: "FoundSlices | GrownTree | None", why: str) -> None:
    """A table and its notes under a title, or why there is none."""
    print(f"\n{title}\n")
    if found is None:
        print(printable(why))
        return
    table = found.shown()
    if len(table):
        show_table([str(name) for name in table.columns], table.to_numpy().tolist())
    for note in found.own_notes:
        print(f"\n{printable(note)}")


def show_faithfulness(
    table: "pd.DataFrame", found: "Results", independent: str, notes: Iterable[str] = ()
) -> None:
    """Means of methods × measures with their intervals, what they beat and what that amounts to.

    Args:
        independent: what the intervals take as independent.
    """
    from dermxai.core.formatting import interval_basis
    from dermxai.metrics.basis import basis
    from dermxai.report.faithfulness import with_words

    columns = ("measure", "method", "images", "mean", "95 % interval")
    verdicts = ["random_verdict", "centred_verdict", "standing"]
    told = with_words(table)[verdicts].fillna("").replace("", "–").to_numpy()
    rows = [
        [
            *(row[name] for name in columns[:4]),
            _interval(row["low"], row["high"]),
            *verdict,
        ]
        for row, verdict in zip(table.to_dict("records"), told, strict=True)
    ]
    show_table((*columns, "against random", "against centred", "standing"), rows)
    print(f"\n{interval_basis(basis(independent))}.")
    for note in notes:
        print(f"\n{printable(note)}")
    for name, reason in found.skipped.items():
        print(f"\n{name} is left out: {reason}")
    for problem in found.problems:
        print(f"\n{problem.item} is left out: {problem.reason}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return fixed(value, 3)
    return printable(str(value))


def printable(text: str) -> str:
    """Without line breaks and control characters, which names from outside may hold."""
    return "".join(char if char.isprintable() else " " for char in text)


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{fixed(low, 3)} to {fixed(high, 3)}"
