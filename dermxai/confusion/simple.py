"""What is known of an image without its network: a few columns of the table, fifteen statistics of
its colours.

Colours: mean, standard deviation and skewness of each channel in RGB, and mean and standard
deviation of hue's cosine and sine and of saturation (the moments of Stricker & Orengo 1995,
doi:10.1117/12.205308).
"""

import re
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data.images import read_image
from dermxai.data.transforms import resize
from dermxai.metrics.differences import MOST_VALUES, NOT_STATED

Floats = NDArray[np.float64]

SIMPLE = re.compile(
    r"age|sex|site|skin_type|modality|device|camera|dermatoscope|manufacturer|scanner|(?:.*_)?site"
)
"""Columns that are simple: whole names."""
READERS = re.compile(
    r"(?:second|2nd|third|3rd)[_ -](?:reader|rater|grader|label|class|diagnosis|dx|opinion)"
    r"|(?:reader|rater|grader|annotator|observer|expert|dermatologist)(?:[_ -]?\d+)?"
    r"(?:[_ -](?:label|class|diagnosis|dx|opinion))?"
    r"|(?:label|dx|diagnosis)[_ -]?2"
)
"""Columns in which another reader named a class."""
COLOURS = 15
_SIDE = 64  # pixels whose colours are counted


def design(samples: pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    """(n, d) numbers of the simple columns of a table, and the names of these: a number as it is,
    squared and whether it is known, a text by its most frequent values."""
    parts: list[Floats] = []
    names: list[str] = []
    for name, column in samples.items():
        if not SIMPLE.fullmatch(str(name).lower()):
            continue
        made = list(_parts(column))
        if made:
            parts += made
            names.append(str(name))
    if not parts:
        return np.empty((len(samples), 0)), ()
    return np.column_stack(parts), tuple(names)


def _parts(column: pd.Series) -> Iterator[Floats]:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        if known.any() and np.ptp(values[known]) > 0:
            filled = np.where(known, values, values[known].mean())
            centred = (filled - filled.mean()) / filled.std()
            yield from (centred, centred**2)
            if not known.all():
                yield known.astype(np.float64)
        return
    texts = column.astype("str").where(column.notna(), NOT_STATED)
    if len(set(texts)) > 1:
        for value in sorted(texts.value_counts().index[:MOST_VALUES]):
            yield np.asarray(texts == value, dtype=np.float64)


def other_readers(samples: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Columns in which another reader names classes of the model, and nothing else."""
    found = {}
    for name, column in samples.items():
        if READERS.fullmatch(str(name).lower()):
            texts = column.astype("str").where(column.notna(), "")
            if texts.isin((*classes, "")).all() and texts.isin(classes).any():
                found[str(name)] = texts
    return pd.DataFrame(found, index=samples.index)


def colour_statistics(
    paths: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Floats:
    """(n, 15) of images; NaN of one that cannot be read."""
    made = np.full((len(paths), COLOURS), np.nan)
    for row, path in enumerate(paths):
        if progress:
            progress(row, len(paths))
        try:
            made[row] = _colours(read_image(path, at_least=_SIDE, profiles=True))
        except InputError:
            continue
    return made


def _colours(image: NDArray[np.uint8]) -> Floats:
    small = np.asarray(resize(image, (_SIDE, _SIDE)), dtype=np.uint8)
    rgb = small.reshape(-1, 3) / 255
    mean, spread = rgb.mean(axis=0), rgb.std(axis=0)
    skew = ((rgb - mean) ** 3).mean(axis=0) / np.maximum(spread, 1e-6) ** 3
    hue, saturation, _ = np.moveaxis(cv2.cvtColor(small, cv2.COLOR_RGB2HSV_FULL), -1, 0)
    turn = hue.ravel() / 256 * 2 * np.pi
    others = np.stack([np.cos(turn), np.sin(turn), saturation.ravel() / 255])
    return np.concatenate([mean, spread, skew, others.mean(axis=1), others.std(axis=1)])
