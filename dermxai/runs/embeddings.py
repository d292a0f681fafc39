"""Embeddings of a run's images by another network: a further feature space of the run."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.data.table import as_text
from dermxai.runs import feature_spaces
from dermxai.runs.files import RunFiles
from dermxai.runs.predictions import archive, table
from dermxai.runs.predictions.file_content import title
from dermxai.runs.predictions.importing import SUFFIXES, digest_of
from dermxai.runs.predictions.matching import SEVERAL, Matching
from dermxai.runs.predictions.preview import first_rows
from dermxai.runs.run import Run

Features = NDArray[np.float32]
_NUMBERED = re.compile(r"(?P<words>.*?)(?P<number>[0-9]{1,6})")


def import_embeddings(
    run: Run, path: str | Path, *, name: str | None = None, ids: str | None = None
) -> str:
    """Adds embeddings to a run as a feature space of its own. Rows are joined by sample id or file
    name; each image of the run needs one, rows of other images are left out.

    Args:
        path: an ``.npz`` file with ``ids`` (n,) and ``embeddings`` (n, d), or a table with a column
            of ids and numbered columns, or a column of lists.
        name: of the space; the file's name if not given. One of the same name makes way.
        ids: the column that names the image.

    Returns:
        The name.

    Raises:
        InputError: the file cannot be read, or an image of the run has no row in it, or several, or
            one that is not finite.

    Examples:
        >>> import dermxai, numpy as np
        >>> from dermxai.runs.embeddings import import_embeddings
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> names = run.samples["sample_id"].to_numpy(dtype=str)
        >>> np.savez("dinov2.npz", ids=names, embeddings=np.random.rand(12, 8))
        >>> import_embeddings(run, "dinov2.npz")
        'dinov2'
        >>> dermxai.project(run, "pca", space="dinov2").coordinates.shape
        (12, 2)
    """
    file = paths.readable(paths.named(path))
    space = name or feature_spaces.named_after(file)
    feature_spaces.check_name(space)
    names, values = _read(file, run.samples, ids)
    ordered = _ordered(file, run, names, values)
    known = run.samples["sample_id"].to_numpy(dtype=object)
    files = RunFiles(run.root)
    with disk.locked(files.lock):
        made = feature_spaces.ImportedFeatures(space, file.name, digest_of(file), ordered)
        feature_spaces.write(files, known, made)
    return space


@dataclass(frozen=True, eq=False)
class Preview:
    """What `import_embeddings` would find.

    Attributes:
        rows: the first ten as they are written.
        columns: that may name the image; empty of an archive.
        note: what would become of it.
        refusal: why it cannot be imported so; "" where it can.
    """

    rows: pd.DataFrame
    columns: tuple[str, ...]
    note: str
    refusal: str


def preview(run: Run, path: str | Path, *, ids: str | None = None) -> Preview:
    """Everything that `import_embeddings` would do but write.

    Raises:
        InputError: the file cannot be read at all.
    """
    file = paths.readable(paths.named(path))
    columns: tuple[str, ...] = ()
    if _suffix_of(file) == archive.SUFFIX:
        rows = archive.contents(file)
    else:
        written = table.rows_in(file)[0]
        rows, columns = first_rows(written), tuple(map(str, written))
    try:
        names, values = _read(file, run.samples, ids)
        _ordered(file, run, names, values)
    except InputError as error:
        return Preview(rows, columns, "", str(error))
    note = f"{values.shape[1]:,} dimensions of {len(run):,} images."
    return Preview(rows, columns, note, "")


def _ordered(file: Path, run: Run, names: NDArray[np.object_], values: Features) -> Features:
    """(n, d) embeddings in the order of the run's images.

    Raises:
        InputError: an image has no row, or several.
    """
    at = Matching(run.samples).positions(names)
    rows = np.flatnonzero(at >= 0)
    known = run.samples["sample_id"].to_numpy(dtype=object)
    if not rows.size:
        raise InputError(
            f"None of the {len(at):,} rows of {title(file)} is of an image of run {run.id} "
            f"({names[0]} first, where it has {known[0]}); expected its sample ids or file names."
        )
    number = np.bincount(at[rows], minlength=len(run))
    if (number > 1).any():
        raise InputError(
            f"{title(file)} has {number.max()} rows for the image {known[number.argmax()]}; "
            "expected one for each image."
        )
    if missing := int((number == 0).sum()):
        alike = " Some names are of several images alike." if (at == SEVERAL).any() else ""
        raise InputError(
            f"{title(file)} has no embedding of {missing:,} of the {len(run):,} images of run "
            f"{run.id} ({known[number.argmin()]} first).{alike} Expected one for each."
        )
    ordered = np.empty((len(run), values.shape[1]), np.float32)
    ordered[at[rows]] = values[rows]
    return ordered


def _read(
    file: Path, samples: pd.DataFrame, asked: str | None
) -> tuple[NDArray[np.object_], Features]:
    """Names (n,) and embeddings (n, d).

    Raises:
        InputError: the file has none.
    """
    if _suffix_of(file) == archive.SUFFIX:
        return archive.read_embeddings(file)
    rows, ids = table.rows_of(file, samples, asked)
    values = _lists(rows.drop(columns=ids))
    if values is None:
        values = _columns(file, rows.drop(columns=ids))
    return as_text(rows[ids]).to_numpy(dtype=object), values


def _suffix_of(file: Path) -> str:
    """
    Raises:
        InputError: no file of embeddings has it.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{title(file)} is no file of embeddings; expected {', '.join(sorted(SUFFIXES))}."
        )
    return suffix


def _lists(rows: pd.DataFrame) -> Features | None:
    """A column of lists of one length, the longest; None where there is none."""
    found: list[Features] = []
    for name in rows:
        cells = rows[name].tolist()
        if not all(isinstance(cell, list | tuple | np.ndarray) for cell in cells):
            continue
        if len({len(cell) for cell in cells}) == 1 and len(cells[0]):
            try:
                found.append(np.asarray([list(cell) for cell in cells], dtype=np.float32))
            except (ValueError, TypeError):
                continue
    flat = [each for each in found if each.ndim == 2]
    return max(flat, key=lambda each: each.shape[1]) if flat else None


def _columns(file: Path, rows: pd.DataFrame) -> Features:
    """The largest set of numbered columns of numbers."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for name in map(str, rows):
        if found := _NUMBERED.fullmatch(name):
            groups.setdefault(found["words"], []).append((int(found["number"]), name))
    for group in sorted(groups.values(), key=len, reverse=True):
        group.sort()
        numbers = [number for number, _ in group]
        if len(group) < 2 or numbers[0] > 1 or numbers[-1] - numbers[0] != len(group) - 1:
            continue
        columns = [table.numbers(rows[name]) for _, name in group]
        if all(column is not None for column in columns):
            return np.column_stack([*map(np.asarray, columns)]).astype(np.float32)
    raise InputError(
        f"{title(file)} has no embeddings: {table.columns(rows)} Expected numbered columns (emb_0, "
        "emb_1, …), or a column of lists."
    )
