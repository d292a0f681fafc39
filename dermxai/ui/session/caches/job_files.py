"""Files that jobs and trainings write while they run."""

from contextlib import suppress
from pathlib import Path
from typing import NotRequired, TypedDict

import pandas as pd
from pandas.api.types import is_numeric_dtype

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.spreadsheet import read_csv
from dermxai.training.files import StudyFiles, TrainingFiles
from dermxai.ui.session.caches.memory import kept

_OF_HISTORY = (
    *("epoch", "loss", "validation_loss", "balanced_accuracy", "macro_auc"),
    *("images_per_second", "seconds"),
)
"""What history.csv holds."""


class Difference(TypedDict):
    """As `dermxai.training.studies.comparison.Difference`; what is undefined is None."""

    network: str
    less: str
    balanced_accuracy: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]


class Member(TypedDict):
    """A line of a study's table, with the mean and SD of each measure, and of a sweep its rank."""

    network: str
    members: int | str


class Study(TypedDict):
    """What study.json holds."""

    table: list[Member]
    differences: list[Difference]
    note: str
    doubts: NotRequired[list[str]]
    intervals: NotRequired[dict[str, object]]


def history(output: str) -> pd.DataFrame:
    """The epochs of a training, by its output folder; no row before the first has ended, or where
    the file holds something else."""
    path = TrainingFiles(Path(output)).history
    found = series(path) if output else pd.DataFrame()
    return found if set(_OF_HISTORY) <= set(found) else pd.DataFrame()


def cross_validation(output: str) -> Study | None:
    """study.json of a cross-validation that has ended; None where it was removed, or holds
    something else."""
    path = StudyFiles(Path(output)).about
    try:
        return entries.read_json(path, Study)
    except UnusableError:
        return None


def series(path: Path) -> pd.DataFrame:
    """A table of numbers that grows; empty where there is none, or something else."""
    try:
        entries.check_file(path)
        return _series(str(path), path.stat().st_size, path.stat().st_mtime_ns)
    except (UnusableError, OSError):
        return pd.DataFrame()


@kept()
def _series(path: str, _size: int, _changed: int) -> pd.DataFrame:
    try:
        found = read_csv(Path(path))
    except Exception:  # a damaged table fails in many ways
        return pd.DataFrame()
    texts = [name for name in found if not is_numeric_dtype(found[name])]
    return found if set(texts) <= {"keep_by", "kept_by", "phase"} else found.drop(columns=texts)


def reported(path: Path) -> pd.DataFrame:
    """``step`` and ``loss`` that a job has reported, at most some thousand of them."""
    try:
        entries.check_file(path)
        return _reported(str(path), path.stat().st_size)
    except (UnusableError, OSError):
        return pd.DataFrame(columns=["step", "loss"])


@kept()
def _reported(path: str, _size: int) -> pd.DataFrame:
    lines = entries.read_bytes(Path(path)).splitlines()
    told = []
    for each in lines[:: 1 + len(lines) // 4000]:
        with suppress(UnusableError):  # the last may be half written
            told.append(entries.parse_json(each, {"step": float, "loss": float}))
    return pd.DataFrame(told, columns=["step", "loss"], dtype=float).dropna()
