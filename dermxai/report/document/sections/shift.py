"""How the measured images differ from the development data, and how far they lie from the training
images."""

from collections.abc import Iterator

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.figures import vector
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material, usual_split
from dermxai.report.document.sections.measures import drawing
from dermxai.report.shift import LEVEL, TITLES, Shift
from dermxai.report.shift import shift as shift_of


def shift(material: Material) -> Section:
    """Columns compared, and foreign classes told from known ones by distance."""
    title = "Distribution shift"
    material.report("shift")
    second = material.split or usual_split(material.run) or "test"
    try:
        found = shift_of(material.run, second)
    except InputError as error:
        return Section("shift", title, (Text(f"No shift is measured: {error}"),))
    answers = {"drift"} if found.found is not None else set()
    if found.detections:
        answers.add("out of distribution")
    return Section("shift", title, tuple(_blocks(material, found)), frozenset(answers))


def _blocks(material: Material, found: Shift) -> Iterator[Block]:
    if found.found is not None:
        told = {"compared_split": found.second, "compared_with": found.first}
        yield Table(
            "shift",
            f"The {found.second} images against {found.first}",
            found.shown(),
            material.with_origin(found.found.table, **told),
            "Means of numbers; their shift is in pooled standard deviations.",
        )
    if found.detections:
        numbers = pd.DataFrame(
            [
                {
                    "distance": name,
                    "auc": made.area,
                    "low": made.low,
                    "high": made.high,
                    "foreign": made.foreign,
                    "known": made.known,
                }
                for name, made in found.detections.items()
            ]
        )
        yield Table(
            "out-of-distribution",
            "Foreign classes told from known ones by their distance to the training images",
            found.detected(),
            material.with_basis(numbers),
        )
        drawn = vector.foreign_classes(
            {TITLES[name]: made.curve for name, made in found.detections.items()},
            {
                TITLES[name]: vector.with_ends(made.area, made.low, made.high)
                for name, made in found.detections.items()
            },
        )
        caption = (
            "ROC curves of the distance to the training images: foreign classes count as positive. "
            f"AUC with {100 * LEVEL:.0f} % intervals over {found.clusters}."
        )
        yield drawing("out-of-distribution", drawn, caption)
    yield from (Text(note, "note") for note in found.notes)
