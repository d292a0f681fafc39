"""Predictions in an ``.npz`` file of numpy.

``ids`` (n,), and ``logits`` or ``probabilities`` (n, class) or (n, head, class), or ``fold_logits``
or ``fold_probabilities`` (n, fold, class); ``classes`` (class,); and, where they are known,
``heads`` (head,), ``embeddings`` (n, d), ``concepts`` (n, c) with ``concept_names`` (c,). Texts are
arrays of texts (``np.array(names)``), no objects.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import arrays
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.runs.predictions.file_content import (
    LOGITS,
    PERCENT,
    PROBABILITIES,
    FileContent,
    ImportOptions,
    title,
)

SUFFIX = ".npz"
_OUTPUTS = {
    "logits": LOGITS,
    "probabilities": PROBABILITIES,
    "probs": PROBABILITIES,
    "scores": None,
    "predictions": None,
}
_FOLDS = {f"fold_{name}": kind for name, kind in _OUTPUTS.items()}
_IDS = ("ids", "sample_ids", "sample_id", "image_ids", "image_id", "names", "filenames", "paths")
_CLASSES = ("classes", "class_names", "labels_names")
_HEADS = ("heads", "head_names")
_CONCEPTS = "concept_names"
_SPACES = {"embeddings": "embeddings", "features": "embeddings", "concepts": "concepts"}
_EXPECTED = (
    "expected ids, logits or probabilities (image, class), classes and, if there are any, "
    "embeddings"
)


def read_archive(file: Path, options: ImportOptions) -> FileContent:
    """
    Raises:
        InputError: the file cannot be read, an array is missing, or arrays do not fit each other.
    """
    held = _load(file)
    given = next((name for name in (*_OUTPUTS, *_FOLDS) if name in held), None)
    if options.kind in {PROBABILITIES, PERCENT}:
        given = next((name for name in held if "prob" in name and name in _OUTPUTS), given)
    ids = next((name for name in _IDS if name in held), None)
    if given is None or ids is None:
        missing = "no logits or probabilities" if given is None else "no ids"
        raise InputError(
            f"{title(file)} holds {missing}, but {', '.join(sorted(held)) or 'nothing'}; "
            f"{_EXPECTED}."
        )
    names = _texts(file, ids, held[ids])
    values = _numbers(file, given, held[given])
    if values.shape[0] != len(names) or values.ndim not in (2, 3):
        raise InputError(
            f"{title(file)} has {given} {values.shape} for {len(names):,} ids; {_EXPECTED}."
        )
    folds = None
    rows = np.arange(len(names))
    if given in _FOLDS:
        if values.ndim != 3:
            raise InputError(
                f"{title(file)} has {given} {values.shape}; expected (n, fold, class)."
            )
        number = values.shape[1]
        folds = np.tile(np.arange(number).astype(str).astype(object), len(names))
        rows, values = np.repeat(rows, number), values.reshape(-1, 1, values.shape[2])
    elif values.ndim == 2:
        values = values[:, None]
    heads = _heads(file, held, values.shape[1])
    return FileContent(
        names=names[rows],
        outputs=_classes(file, held, values.shape[2], options),
        numbers=values,
        folds=folds,
        kind=(_OUTPUTS | _FOLDS)[given],
        heads=heads,
        spaces=_spaces(file, held, len(names), rows),
        concepts=_concepts(file, held, rows),
        read={"ids": ids, "array": given, "folds": given if given in _FOLDS else None},
        notes=_unused(held, given, ids),
    )


def read_embeddings(file: Path) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
    """Names (n,) and embeddings (n, d).

    Raises:
        InputError: as `read_archive`.
    """
    held = _load(file)
    ids = next((name for name in _IDS if name in held), None)
    given = next((name for name in _SPACES if name in held), None)
    if ids is None or given is None:
        missing = "no ids" if ids is None else "no embeddings"
        raise InputError(
            f"{title(file)} holds {missing}, but {', '.join(sorted(held)) or 'nothing'}; expected "
            "ids (n,) and embeddings (n, d)."
        )
    names = _texts(file, ids, held[ids])
    spaces = _spaces(file, {given: held[given]}, len(names), np.arange(len(names)))
    return names, next(iter(spaces.values()))


def contents(file: Path) -> pd.DataFrame:
    """Name, shape and type of each array.

    Raises:
        InputError: it cannot be read.
    """
    held = _load(file)
    return pd.DataFrame(
        {
            "Array": list(held),
            "Shape": [" × ".join(map(str, each.shape)) for each in held.values()],
            "Type": [str(each.dtype) for each in held.values()],
        }
    )


def _load(file: Path) -> dict[str, NDArray[np.generic]]:
    try:
        return arrays.load(file)
    except UnusableError as error:
        raise InputError(f"{title(file)} {error}; {_EXPECTED}.") from error


def _texts(file: Path, name: str, values: NDArray[np.generic]) -> NDArray[np.object_]:
    if values.ndim != 1 or values.dtype.kind not in "USiu":
        raise InputError(
            f"{title(file)} has {name} as {values.dtype} {values.shape}; expected texts (n,)."
        )
    if values.dtype.kind == "S":
        values = np.char.decode(values.astype(np.bytes_), "utf-8", "replace")
    return values.astype(str).astype(object)


def _numbers(file: Path, name: str, values: NDArray[np.generic]) -> NDArray[np.float64]:
    if values.dtype.kind not in "fiu":
        raise InputError(f"{title(file)} has {name} as {values.dtype}; expected numbers.")
    return values.astype(np.float64)


def _classes(
    file: Path, held: dict[str, NDArray[np.generic]], outputs: int, options: ImportOptions
) -> tuple[str, ...]:
    given = next((name for name in _CLASSES if name in held), None)
    classes = options.classes or ()
    if not classes and given is not None:
        classes = tuple(_texts(file, given, held[given]))
    if not classes:
        raise InputError(
            f"{title(file)} names no classes for its {outputs} outputs; add an array classes, or "
            "give them in their order with --classes."
        )
    if len(classes) != max(outputs, 2) or not outputs:  # one number tells two classes apart
        raise InputError(
            f"{title(file)} has {outputs} outputs and {len(classes)} classes came "
            f"({', '.join(classes[:12])}); expected one for each, or two for a single output."
        )
    return classes


def _heads(file: Path, held: dict[str, NDArray[np.generic]], number: int) -> tuple[str, ...]:
    given = next((name for name in _HEADS if name in held), None)
    if given is None:
        return ("output",) if number == 1 else tuple(f"head {n + 1}" for n in range(number))
    heads = tuple(_texts(file, given, held[given]))
    if len(heads) != number or len(set(heads)) < number:
        raise InputError(
            f"{title(file)} has {number} heads and {len(heads)} names of heads; expected one name "
            "for each, none twice."
        )
    return heads


def _spaces(
    file: Path, held: dict[str, NDArray[np.generic]], images: int, rows: NDArray[np.intp]
) -> dict[str, NDArray[np.float32]]:
    found: dict[str, NDArray[np.float32]] = {}
    for name, called in _SPACES.items():
        if name in held and called not in found:
            values = _numbers(file, name, held[name])
            if values.ndim != 2 or len(values) != images:
                raise InputError(
                    f"{title(file)} has {name} {values.shape} for {images:,} ids; expected (n, d)."
                )
            found[called] = values.astype(np.float32)[rows]
    return found


def _concepts(
    file: Path, held: dict[str, NDArray[np.generic]], rows: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Scores (n,) by concept, where they have names."""
    if "concepts" not in held or _CONCEPTS not in held:
        return {}
    values = _numbers(file, "concepts", held["concepts"])
    names = _texts(file, _CONCEPTS, held[_CONCEPTS])
    if len(names) != values.shape[1] or len(set(names)) < len(names):
        raise InputError(
            f"{title(file)} has {values.shape[1]} concepts and {len(names)} names of concepts; "
            "expected one name for each, none twice."
        )
    return {str(name): values[rows, index] for index, name in enumerate(names)}


def _unused(held: dict[str, NDArray[np.generic]], given: str, ids: str) -> tuple[str, ...]:
    known = {given, ids, *_CLASSES, *_HEADS, *_SPACES, _CONCEPTS}
    unused = sorted(set(held) - known)
    return (f"Arrays that were not used: {', '.join(unused[:12])}.",) if unused else ()
