"""Sample tables of datasets and runs, and what is counted in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import Problem, audit, kept_options, load_dataset, overview, split_words
from dermxai.data import selection as selections
from dermxai.data.files import last_change
from dermxai.data.selection import Selection
from dermxai.data.table import Reading
from dermxai.data.tables.survey import raw_tables
from dermxai.runs.files import RunFiles
from dermxai.ui.components import filters
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.caches.memory import kept

PREVIEW = 10
"""Rows of a table that are shown before it is mapped."""


class Source(NamedTuple):
    """Where a sample table comes from: a run, or a dataset that has none yet; and when that was
    last changed, in ns."""

    run: str | None
    dataset: str | None
    changed: int


@dataclass(frozen=True)
class Table:
    name: str
    samples: pd.DataFrame
    """The sample table by sample id."""
    problems: tuple[Problem, ...]
    files: NDArray[np.bytes_] | None
    """(n,) what tells each image's file from another; None where that is not known."""
    reading: Reading = field(default_factory=Reading)
    options: Mapping[str, object] = field(default_factory=dict)
    """How a dataset was understood, and what it was told."""

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        return tuple(self.samples.index)


def source(run_id: str | None, dataset: str | None) -> Source:
    """The run, or else the dataset, as it is now; what is not there, or may not be read, never
    changes."""
    try:
        if run_id:
            manifest = paths.readable(RunFiles(paths.runs() / run_id).manifest)
            return Source(run_id, None, manifest.stat().st_mtime_ns)
        changed = last_change(paths.readable(dataset)) if dataset else 0
        return Source(None, dataset, max(changed, _mapped(dataset)))
    except (OSError, ValueError):
        return Source(run_id, dataset, 0)


def _mapped(dataset: str | None) -> int:
    """When a person has last said how the dataset is to be read, in ns."""
    try:
        return kept_options.file_of(dataset).stat().st_mtime_ns if dataset else 0
    except OSError:
        return 0


@kept("Reading the dataset …")
def table(source: Source) -> Table:
    """
    Raises:
        InputError: the run or dataset cannot be opened.
    """
    if source.run is not None:
        opened = stored_runs.run(source.run)
        name, samples, problems, files = (
            opened.manifest["dataset"]["name"],
            opened.samples,
            opened.problems,
            opened.fingerprints,
        )
    elif source.dataset is not None:
        dataset = load_dataset(source.dataset, confine=True)
        name, samples, problems = dataset.name, dataset.samples, dataset.problems
        known = dataset.file_fingerprints
        files = np.array([known[sample_id] for sample_id in samples["sample_id"]], np.bytes_)
    else:
        raise InputError("No dataset is open: choose one at the left.")
    reading, told = (Reading(), {}) if source.run else (dataset.reading, dataset.options)
    by_id = samples.set_index("sample_id", drop=False)
    return Table(name, by_id, problems, files, reading, told)


class Raw(NamedTuple):
    """A table as it is written."""

    name: str
    columns: tuple[str, ...]
    rows: pd.DataFrame
    """The first ones."""


@kept("Looking at the tables …")
def raw(source: Source) -> tuple[Raw, ...]:
    """The tables of a dataset as they are written, whether or not it can be opened.

    Raises:
        InputError: it may not be read.
    """
    assert source.dataset is not None
    with paths.confining():
        found = raw_tables(paths.readable(source.dataset))
        return tuple(
            Raw(file.name, tuple(map(str, rows)), rows.head(PREVIEW)) for file, rows in found
        )


@kept()
def summary(source: Source) -> tuple[pd.Series, pd.DataFrame]:
    """`overview.whole` and `overview.by_class`."""
    samples = table(source).samples.reset_index(drop=True)
    return overview.whole(samples), overview.by_class(samples)


@kept()
def leaks(source: Source) -> pd.DataFrame:
    """Patients, lesions of unknown patients, and copies of an image, in several splits."""
    opened = table(source)
    return audit.torn(opened.samples, opened.files)


@kept()
def splits(source: Source) -> Mapping[str, int]:
    """Images of each split, in the usual order; empty where there are no splits."""
    return _counted(table(source).samples.get("split"))


@kept()
def run_splits(run_id: str) -> Mapping[str, int]:
    """The same of a run, where the dataset has none those of its checkpoint's training."""
    return _counted(stored_runs.run(run_id).split)


def _counted(split: pd.Series | None) -> Mapping[str, int]:
    counts = pd.Series(dtype=int) if split is None else split.value_counts()
    usual = [name for name in ("train", "validation", "test") if name in counts]
    return {name: int(counts[name]) for name in [*usual, *sorted(set(counts.index) - set(usual))]}


@kept()
def choices(source: Source) -> Mapping[str, list[str]]:
    """What a sample table can be filtered by."""
    return filters.choices(table(source).samples)


@kept()
def split_notes(source: Source) -> tuple[str, ...]:
    """What of a dataset's splits is not understood."""
    return tuple(split_words.notes(table(source).samples))


@kept()
def selection(key: str) -> Selection:
    """
    Raises:
        InputError: there is none under this key.
    """
    return selections.read(key)
