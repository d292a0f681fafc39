"""Every measure under both decision rules, and ROC and precision-recall curves."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dermxai import taxonomy
from dermxai.core.formatting import fixed, interval_basis
from dermxai.figures import vector
from dermxai.metrics import basis
from dermxai.metrics.measures import ALL, Measures
from dermxai.report.curves import band_table, bands_of
from dermxai.report.document.content import Block, Drawing, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.words import estimate, titled
from dermxai.report.measures import NAMES, notes, rule_in_words, to_table
from dermxai.report.sentences import sentences

DECISIONS = ("sensitivity", "specificity", "ppv", "npv", "f1")
AGREEMENT = ("accuracy", "balanced_accuracy", "kappa", "mcc")
RANKS = ("auc", "average_precision", "partial_auc")
_SCOPES = {
    "macro": "Macro average",
    "weighted": "Weighted average",
    "micro": "Micro average",
    ALL: "All classes together",
}


def measures(material: Material) -> Section:
    """The measures of the images that are measured."""
    shown = material.shown
    counts = shown.counts
    title = "Measures"
    if not counts.evaluated:
        told = f"Nothing is measured: {' '.join(shown.image_notes)}"
        return Section("measures", title, (Text(told),))
    told = f"Measured are {material.where}. {_rests_on(material)}"
    about = (*shown.regrouping_notes, *sentences(shown.on_images))
    blocks: list[Block] = [Text(told), *map(Text, about)]
    blocks += [_overall(material), *_rule(material, material.argmax, "argmax")]
    answers = {"measures", "intervals", "argmax"}
    if isinstance(material.at_point, str):
        blocks.append(Text(f"No measures at operating points: {material.at_point}"))
    else:
        blocks += _rule(material, material.at_point, "operating-point")
        answers.add("operating points")
    blocks.append(_table(material, material.argmax, ("ranking", _BY_RANK, ""), RANKS))
    blocks += _curves(material)
    if any(np.isfinite(curve.auc) for curve in shown.roc.values()):
        answers.add("curves")
    return Section("measures", title, tuple(blocks), frozenset(answers))


_BY_RANK = "Measures of the ranking by probability, which no decision rule changes"


def _rests_on(material: Material) -> str:
    shown = material.shown
    return f"{interval_basis(basis.basis(shown.clusters, shown.level))}."


def _overall(material: Material) -> Table:
    found = material.shown.overall
    rows = [
        {
            "Measure": titled(row["name"], row["measure"]),
            f"Value ({100 * material.shown.level:.0f} % CI)": estimate(
                row["measure"], row["value"], row["low"], row["high"]
            ),
        }
        for row in found.to_dict("records")
    ]
    note = "Decision rule: argmax, the class with the highest score."
    return Table("overall", "Overall", pd.DataFrame(rows), material.with_basis(found), note)


def _rule(material: Material, found: Measures, name: str) -> Iterator[Block]:
    """Two tables, and what is undefined."""
    rule = f"{rule_in_words(found.rule, found.clusters)}."
    heading = "argmax" if found.rule.point is None else "operating points"
    yield _table(material, found, (f"{name}-decisions", f"By class at {heading}", rule), DECISIONS)
    yield _table(material, found, (f"{name}-agreement", f"Further, at {heading}", rule), AGREEMENT)
    yield from (Text(note, "note") for note in notes(found, (*DECISIONS, *AGREEMENT)))


def _estimates(found: Measures) -> dict[tuple[str, str, str], tuple[float, float, float]]:
    """Value, low and high by scope, class and measure."""
    return {
        (row["scope"], row["class"], row["measure"]): (row["value"], row["low"], row["high"])
        for row in found.table.to_dict("records")
    }


def _table(
    material: Material, found: Measures, named: tuple[str, str, str], columns: Sequence[str]
) -> Table:
    """A row a class and an average.

    Args:
        named: name, title and note.
    """
    name, title, note = named
    codes = taxonomy.ordered(found.counts["class"])
    known = _estimates(found)
    counts = {row["class"]: row for row in found.counts.to_dict("records")}
    lines = []
    for scope, code in [*(("class", code) for code in codes), *((each, "") for each in _SCOPES)]:
        cells = {
            titled(NAMES[measure], measure): estimate(measure, *known[scope, code, measure])
            for measure in columns
            if (scope, code, measure) in known
        }
        if not cells:
            continue
        line = {"Class": taxonomy.titled(code) if code else _SCOPES[scope]}
        if columns is DECISIONS:
            line["Images"] = f"{counts[code]['images']:,}" if code else ""
            if found.rule.point is not None:
                line["Threshold"] = fixed(counts[code]["threshold"], 3) if code else ""
        lines.append(line | cells)
    numbers = to_table(found)
    level = f"Values with {100 * found.level:.0f} % intervals."
    return Table(
        name,
        title,
        pd.DataFrame(lines).fillna("–"),
        material.with_basis(numbers[numbers["measure"].isin(columns)]),
        f"{note} {level}".strip(),
    )


def _curves(material: Material) -> Iterator[Block]:
    shown, known = material.shown, _estimates(material.argmax)
    codes = [code for code in taxonomy.ordered(shown.common) if np.isfinite(shown.roc[code].auc)]
    if not codes:
        yield Text("No curve: it needs images of two classes with labels.")
        return

    def ends(measure: str) -> dict[str, str]:
        of = {code: vector.with_ends(*known["class", code, measure]) for code in codes}
        return of | {"": vector.with_ends(*known["macro", "", measure])}

    unit = f"{100 * shown.level:.0f} % intervals over {shown.clusters}"
    roc = vector.roc({code: shown.roc[code] for code in codes}, shown.macro, ends("auc"))
    yield drawing("roc", roc, f"ROC curves of {material.where}, one-vs-rest. AUC with {unit}.")
    banded = bands_of(shown, codes)
    made = vector.precision_recall(
        {code: banded[code].precision_recall for code in codes}, ends("average_precision")
    )
    yield drawing(
        "precision-recall",
        made,
        f"Precision-recall curves of {material.where}, one-vs-rest; precision as with the classes' "
        f"frequencies here. Average precision with {unit}.",
    )
    for name, title in (("roc", "ROC curves"), ("precision_recall", "Precision-recall curves")):
        parts = [
            band_table(getattr(banded[code], name), name).assign(**{"class": code})
            for code in codes
        ]
        numbers = material.with_basis(pd.concat(parts, ignore_index=True))
        yield Table(f"{name.replace('_', '-')}-curves", title, numbers, numbers, embedded=False)


def drawing(name: str, made: Figure, caption: str, *, embedded: bool = True) -> Drawing:
    """A figure as a block."""
    return Drawing(name, caption, vector.svg(made, caption), vector.pdf(made, caption), embedded)
