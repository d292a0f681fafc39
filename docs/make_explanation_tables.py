"""Prints the tables of docs/explanations.md: `python -m docs.make_explanation_tables RUN`.

Of every finished study of maps that lies with the run, the oldest first: paired differences to each
baseline, and means of the measures on which baselines say nothing, as Markdown.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from dermxai.core.formatting import fixed, interval_basis, signed
from dermxai.explain.faithfulness.measure import find_measure
from dermxai.explain.faithfulness.results import Results, list_results, open_results
from dermxai.metrics.basis import basis
from dermxai.metrics.faithfulness import Verdict
from dermxai.report import faithfulness as report
from dermxai.runs import Run, open_run

_CONTROLS = {"random": "random", "centred": "Gaussian"}


def tables(run: Run, found: Results) -> Iterator[str]:
    """Lines of Markdown."""
    if found.outdated:
        yield from report.outdated(found)
        return
    summary = report.summary(run, found)
    summary = summary[~summary["method"].isin(report.CONTROLS)]
    cells = summary.set_index(["method", "measure"])
    units, images = report.units(run), found.table["sample_id"].nunique()
    yield f"### {images} images of {int(summary['units'].max())} {units}"
    yield f"\n{interval_basis(basis(units))}."
    compared = [name for name in found.asked.measures if find_measure(name).compared]
    for control, title in _CONTROLS.items():
        if compared:
            yield ""
            yield from _table(
                f"Less {title}",
                {find_measure(name).title: name for name in compared},
                found.asked.methods,
                lambda method, name, control=control: _difference(
                    cells.loc[(method, name)], control
                ),
            )
    alone = [name for name in found.asked.measures if name not in compared]
    if alone:
        yield ""
        yield from _table(
            "Mean",
            {find_measure(name).title: name for name in alone},
            found.asked.methods,
            lambda method, name: _mean(cells.loc[(method, name)]),
        )


def _table(
    corner: str,
    columns: Mapping[str, str],
    methods: Sequence[str],
    cell: Callable[[str, str], str],
) -> Iterator[str]:
    yield f"| {corner} | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for method in methods:
        values = [cell(method, name) for name in columns.values()]
        yield f"| {report.title(method)} | {' | '.join(values)} |"


def _difference(row: pd.Series, control: str) -> str:
    value, low, high = (signed(row[f"{control}_{part}"]) for part in ("difference", "low", "high"))
    bold = "**" if row[f"{control}_verdict"] == Verdict.BETTER else ""
    return f"{bold}{value}{bold} ({low.lstrip('+')} to {high.lstrip('+')})"


def _mean(row: pd.Series) -> str:
    if np.isnan(row["low"]):
        return fixed(row["mean"])
    digits = 3 if row["mean"] < 0.1 else 2
    return " ".join(
        fixed(row[part], digits).join(around)
        for part, around in (("mean", ("", "")), ("low", ("(", " to")), ("high", ("", ")")))
    )


if __name__ == "__main__":
    opened = open_run(sys.argv[1])
    for each in reversed(list_results(opened)):
        print(*tables(opened, open_results(opened, each)), "", sep="\n")
