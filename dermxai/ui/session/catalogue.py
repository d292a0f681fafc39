"""What can be opened: checkpoints, datasets, and the runs of the one over the other."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from cachetools import TTLCache, cached

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data.dataset import find_datasets
from dermxai.models import list_checkpoints, list_foreign
from dermxai.runs import list_runs
from dermxai.runs.files import RunFiles
from dermxai.runs.manifest import Manifest
from dermxai.ui.app import permissions
from dermxai.ui.components.text import count
from dermxai.ui.session import state
from dermxai.ui.session.caches import models, stored_runs
from dermxai.ui.session.state import View

IMPORTED = "imported:"
"""Begins what stands for a checkpoint where predictions were imported; no path does."""
FRESH = 1.0
"""Seconds for which what lies in the workspace is not looked at again: all visitors share it."""


@dataclass(frozen=True)
class Entry:
    """A complete run."""

    id: str
    checkpoint: str
    """Its path; of an imported run what tells its file from others (`IMPORTED`)."""
    dataset: str
    """Its path, as the run was made with it."""


@dataclass(frozen=True)
class Listing:
    """What lies in a workspace: its runs, without damaged ones, and paths of all else."""

    runs: tuple[Entry, ...]
    changed: Mapping[str, int | None]
    """When each run was written, in ns, by its id."""
    closed: int
    """Runs that are left out since this server may not read their data."""
    checkpoints: tuple[str, ...]
    foreign: tuple[str, ...]
    """Weights of other programs."""
    datasets: tuple[str, ...]


@cached(TTLCache(maxsize=4, ttl=FRESH), key=paths.roots, lock=threading.Lock())
def _listing() -> Listing:
    runs = _complete()
    readable = tuple(entry for entry in runs if paths.is_readable(entry.dataset))
    return Listing(
        runs=readable,
        changed={entry.id: _changed(entry.id) for entry in readable},
        closed=len(runs) - len(readable),
        checkpoints=tuple(map(str, list_checkpoints())),
        foreign=tuple(map(str, list_foreign())),
        datasets=tuple(map(str, find_datasets()[0])),
    )


def forget() -> None:
    """What lies there has changed."""
    _listing.cache_clear()  # under its lock


def entries() -> list[Entry]:
    """The runs of the workspace over data that this server may read, newest first. The one that is
    open, else the newest, is there now, and as it is listed."""
    looked_at = state.view().run or next((entry.id for entry in _listing().runs), None)
    if looked_at and _changed(looked_at) != _listing().changed.get(looked_at):
        forget()
    return list(_listing().runs)


def _changed(run_id: str) -> int | None:
    try:
        return RunFiles(paths.runs() / run_id).manifest.stat().st_mtime_ns
    except (OSError, ValueError):
        return None


def note() -> None:
    """Says how many runs are left out because their data may not be read; not which."""
    if permissions.teaching():
        return
    if closed := _listing().closed:
        st.caption(
            f"Not shown: {count(closed, 'run')} whose data lie outside the folders of this server.",
            help="Name their folder in DERMXAI_ROOTS when starting the server.",
        )


def _complete() -> list[Entry]:
    """All runs, newest first; a damaged one is left out."""
    found = []
    for folder in list_runs():
        try:
            manifest = stored_runs.manifest(folder)
            found.append(Entry(folder.name, _maker(manifest), manifest["dataset"]["path"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _maker(manifest: Manifest) -> str:
    if (predictions := manifest.get("predictions")) is None:
        return str(manifest["checkpoint"]["path"])
    return f"{IMPORTED}{predictions['hash']}/{Path(predictions['name']).name}"


def is_imported(checkpoint: str) -> bool:
    """Whether what stands for a checkpoint is a file of predictions, without a network."""
    return checkpoint.startswith(IMPORTED)


def checkpoints(runs: list[Entry]) -> list[str]:
    """Paths of the checkpoints of the workspace, of the project and of the runs."""
    return _distinct([*_listing().checkpoints, *(run.checkpoint for run in runs)])


def inferable(runs: list[Entry]) -> list[str]:
    """These, and weights of other programs in the workspace."""
    return _distinct([*checkpoints(runs), *_listing().foreign])


def datasets(runs: list[Entry]) -> list[str]:
    """Paths of the datasets of the workspace and of the runs."""
    return _distinct([*_listing().datasets, *(run.dataset for run in runs)])


def check_listed(view: View) -> None:
    """
    Raises:
        InputError: visitors may open listed checkpoints and datasets only, and these are not.
    """
    runs = entries()
    listed = {None, *inferable(runs), *datasets(runs)}
    if not {view.checkpoint, view.dataset} <= listed:
        permissions.check("open paths")


def run_of(runs: list[Entry], checkpoint: str | None, dataset: str | None) -> str | None:
    """The newest run of a checkpoint over a dataset, by whichever paths lead there."""
    if not (checkpoint and dataset):
        return None
    asked = _place(checkpoint), _place(dataset)
    return next(
        (run.id for run in runs if (_place(run.checkpoint), _place(run.dataset)) == asked), None
    )


def _place(path: str) -> str:
    """Where a path leads; what is no path stays as it is."""
    if is_imported(path):
        return path
    try:
        return os.path.realpath(path)
    except ValueError:
        return path


def named_checkpoint(runs: list[Entry], view: View) -> str | None:
    """The path of the checkpoint that the view names: by its path, by its name, or by that of its
    folder."""
    return _named(view.checkpoint, inferable(runs), checkpoint_name)


def named_dataset(runs: list[Entry], view: View) -> str | None:
    """The path of the dataset that the view names: by its path or its name."""
    return _named(view.dataset, datasets(runs), lambda path: Path(path).name)


def _named(asked: str | None, known: list[str], name: Callable[[str], str]) -> str | None:
    """The only path of a name; what is asked for where there are several, or none."""
    if not asked or asked in known or os.sep in asked:
        return asked
    found = [path for path in known if asked in (name(path), Path(path).name)]
    return found[0] if len(found) == 1 else asked


def pair(runs: list[Entry], view: View) -> tuple[str | None, str | None]:
    """Checkpoint and dataset of the open run, else those that were chosen without one."""
    return next(
        ((run.checkpoint, run.dataset) for run in runs if run.id == view.run),
        (view.checkpoint, view.dataset),
    )


def checkpoint_name(path: str) -> str:
    """What a checkpoint calls itself, else the name of its folder or file of predictions."""
    if is_imported(path):
        return f"{Path(path).name} (imported)"
    try:
        return models.model_info(path).name or Path(path).name
    except InputError:
        return Path(path).name


def told_apart(options: Iterable[str], name: Callable[[str], str]) -> dict[str, str]:
    """A name for each path; those that share one are followed by the end of their path, as short as
    tells them apart."""
    names = {path: name(path) for path in options}
    longest = max((len(Path(path).parts) for path in names), default=0)
    for length in range(1, longest + 1):
        times = Counter(names.values())
        names = {
            path: f"{name(path)} · {_end(path, name(path), length)}" if times[said] > 1 else said
            for path, said in names.items()
        }
    return names


def _end(path: str, name: str, length: int) -> str:
    """The last folders of a path, without that of the name itself."""
    place = Path(path)
    parts = (place.parent if place.name == name else place).parts
    return str(Path(*parts[-length:]))


def _distinct(found: list[str]) -> list[str]:
    return list(dict.fromkeys(found))
