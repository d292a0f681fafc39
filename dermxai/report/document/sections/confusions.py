"""Which classes are taken for each other: the confusion matrix, and its largest cells."""

import pandas as pd

from dermxai import taxonomy
from dermxai.core.formatting import percent
from dermxai.figures import vector
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.sections.measures import drawing

_MOST_CELLS = 15
_MOST_CLASSES = 25
"""Up to which the matrix is a table of the page, too."""


def confusions(material: Material) -> Section:
    """Under argmax."""
    shown, title = material.shown, "Confusion matrix"
    table = shown.cross_table
    if table.empty:
        told = "No image here has a label to compare with its prediction."
        return Section("confusion", title, (Text(told),))
    caption = (
        f"Confusion matrix of {material.where}, decision rule argmax: numbers are images, colours "
        "shares of the true class."
    )
    blocks: list[Block] = [drawing("confusion-matrix", vector.confusion(table), caption)]
    numbers = table.rename_axis("true").reset_index()
    if max(table.shape) <= _MOST_CLASSES:
        written = numbers.astype(str).rename(columns={"true": "True class"})
        note = "True classes as rows, predicted classes as columns; images."
        blocks.append(
            Table(
                "confusion-matrix", "Confusion matrix", written, material.with_origin(numbers), note
            )
        )
    cells = shown.confused()[:_MOST_CELLS]
    if cells:
        blocks.append(_largest(material, cells))
    else:
        blocks.append(Text("Nothing is confused here."))
    return Section("confusion", title, tuple(blocks), frozenset({"cross-tabulation"}))


def _largest(material: Material, cells: list[tuple[str, str, int]]) -> Table:
    of = {str(true): int(n) for true, n in material.shown.cross_table.sum(axis=1).items()}
    rows = pd.DataFrame(
        [
            {
                "True class": taxonomy.titled(true),
                "Predicted as": taxonomy.titled(predicted),
                "Images": f"{images:,} of {of[true]:,}",
                "Share": percent(images / of[true]),
            }
            for true, predicted, images in cells
        ]
    )
    numbers = pd.DataFrame(cells, columns=["true", "predicted", "images"])
    numbers["of"] = numbers["true"].map(of)
    return Table("confusions", "Largest confusions", rows, material.with_origin(numbers), "")
