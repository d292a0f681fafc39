"""What a file of predictions or embeddings would become, before it is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.runs.predictions import archive, table
from dermxai.runs.predictions.file_content import NOTHING, FileContent, ImportOptions, meaning
from dermxai.runs.predictions.importing import Joined, suffix_of

FEW = 10
"""Rows that are shown."""
MOST_COLUMNS = 60
"""That are shown of a table."""


@dataclass(frozen=True)
class ColumnRole:
    """
    Attributes:
        example: its first cell.
        role: one of `file_content.ROLES`.
        output: what it is the output of; "" of other columns.
    """

    name: str
    example: str
    role: str
    output: str = ""


@dataclass(frozen=True, eq=False)
class Preview:
    """
    Attributes:
        rows: the first `FEW` as they are written; of an archive its arrays.
        columns: of a table, each with its role; empty of an archive.
        notes: what it would become.
        refusal: why it cannot be imported so; "" where it can.
    """

    rows: pd.DataFrame
    columns: tuple[ColumnRole, ...]
    notes: tuple[str, ...]
    refusal: str


def preview(path: str | Path, samples: pd.DataFrame, dataset: str, asked: ImportOptions) -> Preview:
    """Everything that `import_predictions` would do but write.

    Args:
        samples, dataset: sample table and name of the dataset.

    Raises:
        InputError: the file cannot be read at all.
    """
    file = paths.readable(paths.named(path))
    if suffix_of(file) == archive.SUFFIX:
        return _of_archive(file, samples, dataset, asked)
    rows, problems = table.rows_in(file)
    names = list(map(str, rows))
    roles = dict.fromkeys(names, NOTHING) | dict(asked.roles or {})
    outputs: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    refusal = ""
    try:
        found = table.understood(file, rows, samples, asked)
        roles = found.roles(names)
        of_one = len(found.outputs) == 1
        named = (", ".join(found.names),) if of_one else found.names
        outputs = {each.name: name for each, name in zip(found.outputs, named, strict=True)}
        given = table.content_of(rows, problems, found)
        notes = _notes(given, Joined(file, given, samples, dataset, asked), samples)
    except InputError as error:
        refusal = str(error)
    columns = tuple(
        ColumnRole(name, _cell(rows[name].iloc[0]), roles[name], outputs.get(name, ""))
        for name in names
    )
    return Preview(first_rows(rows), columns, notes, refusal)


def _of_archive(file: Path, samples: pd.DataFrame, dataset: str, asked: ImportOptions) -> Preview:
    arrays = archive.contents(file)
    try:
        given = archive.read_archive(file, asked)
        joined = Joined(file, given, samples, dataset, asked)
        summed = given.numbers[:FEW].sum(axis=1) if len(given.heads) > 1 else given.numbers[:FEW, 0]
        rows = pd.DataFrame(summed, columns=list(given.outputs[: summed.shape[1]]))
        rows.insert(0, str(given.read["ids"]), given.names[:FEW])
        return Preview(first_rows(rows), (), _notes(given, joined, samples), "")
    except InputError as error:
        return Preview(arrays, (), (), str(error))


def _notes(given: FileContent, joined: Joined, samples: pd.DataFrame) -> tuple[str, ...]:
    kind = joined.kind
    meant = meaning(kind.kind, kind.activation, given.outputs, joined.classes)
    several = f", {count(len(given.heads), 'head')}" if len(given.heads) > 1 else ""
    spaces = [
        f"Feature space {name}: {values.shape[1]:,} dimensions."
        for name, values in given.spaces.items()
    ]
    return (
        f"{len(joined.images):,} of {count(len(samples), 'image')} get a prediction{several}.",
        f"Understood as {meant}.",
        *spaces,
        *joined.notes,
    )


def first_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """`FEW` rows and the first columns, as text where they hold anything but numbers."""
    shown = rows.iloc[:FEW, :MOST_COLUMNS]
    return pd.DataFrame(
        {
            name: column if column.dtype.kind in "fiu" else column.map(_cell)
            for name, column in shown.items()
        }
    )


def _cell(value: str | float | Sequence[object] | NDArray[np.generic] | None) -> str:
    if not isinstance(value, str) and isinstance(value, Sequence | np.ndarray):
        return f"{len(value)} numbers"
    return "" if pd.isna(value) else str(value)[:80]
