"""What a model leaves open: prediction sets with their coverage, and errors where it abstains."""

from collections.abc import Hashable, Mapping

import pandas as pd

from dermxai import taxonomy
from dermxai.core.formatting import count, fixed, interval, percent
from dermxai.report.curves import risk_coverage_of
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.prediction_sets import PredictionSets, in_words, notes, sets_or_why_not

_KEPT = (1.0, 0.9, 0.8, 0.7, 0.5)
"""Shares of the images that are kept, of the table."""


def uncertainty(material: Material) -> Section:
    """Fitted on validation patients, measured on others."""
    title = "Prediction sets and abstention"
    if not material.shown.counts.evaluated:
        told = "No image here has a label that the model knows: there is nothing to measure."
        return Section("uncertainty", title, (Text(told),))
    found, why_not = sets_or_why_not(material.run, material.shown, regrouping=material.regrouping)
    answers = {"abstention"}
    if found is None:
        blocks: list[Block] = [Text(f"No prediction sets: {why_not}")]
    else:
        answers.add("prediction sets")
        blocks = [Text(in_words(found)), *(Text(note, "note") for note in notes(found))]
        blocks.append(_sets(material, found))
    blocks.append(_abstention(material))
    return Section("uncertainty", title, tuple(blocks), frozenset(answers))


def _sets(material: Material, found: PredictionSets) -> Table:
    measured = found.measured
    rows = measured.by_class.assign(**{"class": list(found.classes)})
    by_code = {row["class"]: row for row in rows.to_dict("records")}
    told = [
        _row(taxonomy.titled(code), by_code[code])
        for code in taxonomy.ordered(found.classes)
        if by_code[code]["images"]
    ]
    overall = measured.overall.to_dict("records")[0]
    if set(taxonomy.OVERLAPPING) <= set(found.classes):
        exactly = found.exactly(taxonomy.OVERLAPPING).iloc[0]
        pair = " and ".join(taxonomy.OVERLAPPING)
        note = f"The set is exactly {pair} for {count(int(exactly['exactly']), 'image')}."
    else:
        note = ""
    numbers = pd.concat([rows, measured.overall.assign(**{"class": ""})], ignore_index=True)
    return Table(
        "prediction-sets",
        f"Prediction sets of {material.where}: how often they hold the true class",
        pd.DataFrame([*told, _row("All", overall)]),
        material.with_basis(numbers, coverage_asked_for=found.rule.coverage),
        note,
    )


def _row(name: str, row: Mapping[Hashable, float]) -> dict[str, str]:
    return {
        "Class": name,
        "Images": f"{row['images']:,.0f}",
        "Coverage": percent(row["coverage"]),
        "95 % CI": interval(row["low"], row["high"]),
        "Mean size": fixed(row["size"]),
    }


def _abstention(material: Material) -> Table:
    found = risk_coverage_of(material.shown)
    rows = found.table.set_index(found.table["at_least"].round(2)).loc[list(_KEPT)]
    shown = pd.DataFrame(
        [
            {
                "Images kept": f"{row['images']:,} ({percent(row['kept'], 0)})",
                "Lowest probability": fixed(row["threshold"], 3),
                "Errors among them": percent(row["risk"]),
                "95 % CI": interval(row["low"], row["high"]),
            }
            for row in rows.to_dict("records")
        ]
    )
    note = (
        "Where the model abstains from the images that it is least sure of (argmax). Area under "
        f"the risk-coverage curve {fixed(found.area, 3)}; {fixed(found.area_best, 3)} where all "
        "errors were the least sure."
    )
    return Table("abstention", "Abstention", shown, material.with_basis(found.table), note)
