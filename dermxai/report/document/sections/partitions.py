"""How the images are divided, and what leaks from training into those that are measured."""

import numpy as np
import pandas as pd

from dermxai.core.formatting import count
from dermxai.data.audit import torn
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.words import difference, estimate, titled
from dermxai.report.leakage import KINDS, describe_leakage, not_compared
from dermxai.report.sentences import OVERALL, sentences, with_names


def partitions(material: Material) -> Section:
    """Splits and leakage."""
    run = material.run
    blocks: list[Block] = [Text(_divided(material))]
    answers = {"partitions"} if run.split is not None else set()
    if run.split is not None and _owners_known(material):
        answers.add("disjoint")
        blocks.append(Text(_torn(material)))
    rows = run.in_split(material.split)
    blocks.append(Text(describe_leakage(run, rows)))
    if run.leaks is not None:
        answers.add("leakage")
        counts = run.leaks.counts(rows)
        shown = pd.DataFrame(
            {
                "What was seen in training": list(KINDS.values()),
                "Compared": ["yes" if kind in run.leaks.compared else "no" for kind in KINDS],
                "Images": [
                    f"{counts.get(kind, 0):,}" if kind in run.leaks.compared else "–"
                    for kind in KINDS
                ],
            }
        )
        note = f"Each of {count(rows.size, 'image')} by its surest kind."
        lacking = not_compared(run.leaks)
        note += f" Not compared: {'; '.join(lacking)}." if lacking else ""
        numbers = shown.assign(kind=list(KINDS))
        title = f"Leakage into {material.where}"
        blocks.append(Table("leakage", title, shown, material.with_origin(numbers), note))
    if material.premium is not None:
        blocks += _premium(material)
    return Section("partitions", "Splits and leakage", tuple(blocks), frozenset(answers))


def _divided(material: Material) -> str:
    run = material.run
    if run.split is None:
        return (
            "The images are not divided into training, validation and test images, nor does the "
            "model tell how it divided them: all are measured."
        )
    own = run.samples.get("split")
    whose = "the dataset" if own is not None and own.notna().any() else "the model's training"
    undivided = int(run.split.isna().sum())
    told = f"The images are divided by {whose}; measured are {material.where}."
    return told + (f" {count(undivided, 'image')} are in no split." if undivided else "")


def _owners_known(material: Material) -> bool:
    samples = material.run.samples
    return "patient_id" in samples and bool(samples["patient_id"].notna().any())


def _torn(material: Material) -> str:
    samples = material.run.samples.assign(split=np.asarray(material.run.split, dtype=object))
    found = torn(samples)
    if found.empty:
        return "No patient, and no lesion whose patient is not known, is in two splits."
    parts = [count(int(n), str(kind)) for kind, n in found["kind"].value_counts().items()]
    return f"In more than one split: {' and '.join(parts)}, with {found['images'].sum():,} images."


def _premium(material: Material) -> list[Block]:
    added = material.premium
    assert added is not None
    rows = with_names(added.table, OVERALL).to_dict("records")
    shown = pd.DataFrame(
        [
            {
                "Measure": titled(row["name"], row["measure"]),
                "All": estimate(row["measure"], row["value"], row["low"], row["high"]),
                "Without": estimate(
                    row["measure"], row["without"], row["without_low"], row["without_high"]
                ),
                "Premium": difference(
                    row["measure"],
                    row["difference"],
                    row["difference_low"],
                    row["difference_high"],
                ),
            }
            for row in rows
        ]
    )
    note = (
        f"On all {count(added.seen + added.unseen, 'image')} and without the {added.seen:,} that "
        "leak from training."
    )
    table = Table(
        "leakage-premium",
        "Leakage premium",
        shown,
        material.with_basis(with_names(added.table, OVERALL)),
        note,
    )
    return [table, *map(Text, sentences(added.notes))]
