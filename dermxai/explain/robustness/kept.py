"""Robustness cards on disk."""

from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import arrays, entries
from dermxai.core.entries import UnusableError
from dermxai.explain.attribution import store
from dermxai.explain.robustness.evaluate import Robustness

VERSION = 1
"""Raised where the same input gives other numbers."""
_MOST = 1_000_000  # bytes
_TEXTS = ("group", "name", "prediction")
_NUMBERS = ("flipped", "margin", "rank_correlation", "overlap")


class _About(TypedDict):
    prediction: str
    against: str
    margin: float
    notes: list[str]
    group: list[str]
    name: list[str]
    perturbed: list[str]


def name_of(classifier_hash: str, image: NDArray[np.uint8], against: str, seed: int) -> str:
    """Names a card by everything that it depends on."""
    of = (VERSION, classifier_hash, store.pixels(image), image.shape)
    return store.digest(["robustness", *of, against, seed])


def write(path: Path, made: Robustness) -> None:
    """Keeps it where that is possible."""
    about = _About(
        prediction=made.prediction,
        against=made.against,
        margin=made.margin,
        notes=list(made.notes),
        group=made.table["group"].tolist(),
        name=made.table["name"].tolist(),
        perturbed=made.table["prediction"].tolist(),
    )
    store.keep(path, about, {column: made.table[column].to_numpy() for column in _NUMBERS})


def read(path: Path) -> Robustness | None:
    """What was kept; None where nothing was, or what is no such card."""
    try:
        held = arrays.load(path, "about", *_NUMBERS, most=_MOST)
        about = entries.parse_json(str(held["about"]).encode("utf-8", "surrogatepass"), _About)
    except UnusableError:
        return None
    texts = {"group": about["group"], "name": about["name"], "prediction": about["perturbed"]}
    numbers = {column: held[column] for column in _NUMBERS}
    count = len(texts["name"])
    kinds = [each.dtype.kind for each in numbers.values()]
    shapes = {each.shape for each in numbers.values()}
    if kinds != ["b", "f", "f", "f"] or shapes != {(count,)} or not count:
        return None
    if any(len(each) != count for each in texts.values()):
        return None
    table = pd.DataFrame(texts | numbers)[[*_TEXTS, *_NUMBERS]]
    notes = tuple(about["notes"])
    return Robustness(about["prediction"], about["against"], about["margin"], table, notes)
