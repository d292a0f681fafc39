"""Measures in groups of images, by metadata and by clusters of the features, each beside the
rest."""

from collections.abc import Iterator

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.core.formatting import percent
from dermxai.figures import vector
from dermxai.metrics.subgroups import BALANCED, TOP1
from dermxai.report.document.content import Block, Drawing, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.sections.measures import drawing
from dermxai.report.errors import Errors, errors_of, found_slices, grown_tree
from dermxai.report.subgroups import TITLES, Grouped, grouped, shown

_PEOPLE = ("age", "sex", "site", "skin_type")
_MOST_DRAWN = 60


def subgroups(material: Material) -> Section:
    """Under argmax: the share of right predictions, and the mean sensitivity of the classes."""
    title = "Subgroups"
    blocks: list[Block] = []
    for measure in (TOP1, BALANCED):
        material.report("subgroups")
        try:
            found = grouped(
                material.run, material.split, measure=measure, regrouping=material.regrouping
            )
        except InputError as error:
            return Section("subgroups", title, (Text(f"No groups are measured: {error}"),))
        if not blocks:
            blocks += [Text(f"{found.rule}."), *(Text(note, "note") for note in _notes(found))]
            blocks.append(_forest(material, found))
        blocks.append(_table(material, found))
    blocks += list(_errors(material))
    columns = set(found.found.table["column"])
    answers = {"subgroups"} if columns & set(_PEOPLE) else set()
    return Section("subgroups", title, tuple(blocks), frozenset(answers))


def _errors(material: Material) -> Iterator[Block]:
    """What errors have in common: worst slices, and an error tree."""
    try:
        errors = errors_of(material.run, material.split, regrouping=material.regrouping)
    except InputError as error:
        yield Text(f"Nothing is sought that errors have in common: {error}")
        return
    yield from _worst(material, errors)
    yield from _tree(material, errors)


def _worst(material: Material, errors: Errors) -> Iterator[Block]:
    """Slices with many errors, found on half of the patients and confirmed on the other half."""
    try:
        found = found_slices(errors)
    except InputError as error:
        yield Text(f"No slices of errors are sought: {error}")
        return
    if len(found.found.table):
        names = [found.name(row) for row in range(len(found.found.table))]
        yield Table(
            "worst-slices",
            f"Slices of {material.where} with the most errors",
            found.shown(),
            material.with_basis(found.found.table.assign(slice=names)),
        )
    yield from (Text(note, "note") for note in found.own_notes)


def _tree(material: Material, errors: Errors) -> Iterator[Block]:
    """Error rates by what the images are, of patients who have not grown the tree."""
    try:
        found = grown_tree(errors)
    except InputError as error:
        yield Text(f"No error tree is grown: {error}")
        return
    nodes = found.tree.nodes
    if len(nodes) > 1:
        drawn = vector.error_tree(nodes, found.names)
        caption = (
            f"Error tree of {material.where}: error rates of patients who have not grown it, the "
            "darker the more, with numbers of their images."
        )
        yield drawing("error-tree", drawn, caption)
        numbers = pd.DataFrame(
            [
                {
                    "node": number,
                    "parent": node.parent if node.parent >= 0 else None,
                    "condition": found.names[number],
                    "leaf": node.leaf,
                    "images": node.images,
                    "units": node.units,
                    "value": node.value,
                    "low": node.low,
                    "high": node.high,
                }
                for number, node in enumerate(nodes)
            ]
        )
        title = f"Leaves of the error tree of {material.where}"
        yield Table("error-tree", title, found.shown(), material.with_basis(numbers))
    yield from (Text(note, "note") for note in found.own_notes)


def _notes(found: Grouped) -> list[str]:
    known = set(found.evaluation.image_notes)
    return [note for note in found.notes if note not in known]


def _table(material: Material, found: Grouped) -> Table:
    measure = found.found.measure
    value, *_ = found.found.whole
    return Table(
        f"subgroups-{measure.replace('_', '-')}",
        f"{TITLES[measure]} in groups of {material.where}",
        shown(found.found),
        material.with_basis(found.found.table, measure=measure, decision_rule="argmax"),
        f"All: {percent(value)}.",
    )


def _forest(material: Material, found: Grouped) -> Drawing:
    table = found.found.table.head(_MOST_DRAWN)
    names = [
        f"{row['column'].replace('_', ' ')}: {row['group']} ({row['counted']:,})"
        for row in table.to_dict("records")
    ]
    title = TITLES[found.found.measure]
    made = vector.forest(names, table, title, found.found.whole[0], table["small"].tolist())
    left_out = len(found.found.table) - len(table)
    caption = (
        f"{title} of {material.where} in groups, with images in brackets and "
        f"{100 * found.found.level:.0f} % intervals over {found.found.clusters}; dotted: all "
        "images; hollow: few patients on a side."
        f"{f' The first {len(table)} groups.' if left_out else ''}"
    )
    return drawing("subgroups", made, caption)
