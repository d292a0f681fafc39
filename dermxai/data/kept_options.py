"""How a dataset is to be read, as a person has said it: kept in the workspace by the dataset's
path, so that every way to open it reads it alike."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from dermxai.core import disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.places import mapping_file
from dermxai.data.table import COLUMNS, LEVEL_ROLES

Kept = dict[str, dict[str, str]]
NAMES = ("columns", "label_map", "levels")
"""The options of `load_dataset` that are kept."""
MOST_BYTES = 4_000_000
_SHAPE = {"path": str, **dict.fromkeys(NAMES, dict)}


def file_of(dataset: str | Path) -> Path:
    """Where the options of the dataset at a path are kept."""
    place = os.path.realpath(dataset)
    return mapping_file(sha256(os.fsencode(place)).hexdigest()[:32])


def kept(dataset: str | Path) -> Kept:
    """The options that are kept for a dataset; empty where there are none.

    Raises:
        InputError: they are damaged.
    """
    file = file_of(dataset)
    if not os.path.lexists(file):
        return {}
    try:
        found = check(file)
    except UnusableError as error:
        raise InputError(
            f"The mapping that is kept for this dataset {error}; remove {file}, or map its columns "
            "and labels again."
        ) from error
    return {name: dict(found[name]) for name in NAMES if found[name]}


def is_said(dataset: str | Path) -> bool:
    """Whether a person has said how a dataset is to be read."""
    return os.path.lexists(file_of(dataset))


def check(file: Path) -> Mapping[str, Mapping[str, str]]:
    """The content of a kept file.

    Raises:
        UnusableError: it is damaged.
    """
    found: Mapping[str, Mapping[str, str]] = entries.read_json(file, _SHAPE, MOST_BYTES)
    for name in NAMES:
        if not all(isinstance(value, str) for value in found[name].values()):
            raise UnusableError("holds something else than texts")
    return found


def keep(dataset: str | Path, options: Mapping[str, Mapping[str, str]]) -> None:
    """Keeps options for a dataset, in place of those that were kept; empty ones say that it is to
    be opened as it is recognised, also where a run was made otherwise.

    Raises:
        InputError: an option, column of ours or role of a level that there is not.
    """
    for name, known in (("columns", tuple(COLUMNS)), ("levels", LEVEL_ROLES)):
        given = options.get(name, {})
        for word in given if name == "columns" else given.values():
            if word not in known:
                raise InputError(f"There is no {word!r} in {name}; there are {', '.join(known)}.")
    if strange := [name for name in options if name not in NAMES]:
        raise InputError(f"{strange[0]!r} is not kept; {', '.join(NAMES)} are.")
    file = file_of(dataset)
    content: dict[str, object] = {"path": os.path.realpath(dataset)}
    content |= {name: dict(options.get(name, {})) for name in NAMES}
    file.parent.mkdir(parents=True, exist_ok=True)
    with disk.replacing(file) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def forget(dataset: str | Path) -> None:
    """The dataset is opened as it is recognised."""
    file_of(dataset).unlink(missing_ok=True)
