"""Opened runs of the workspace."""

import os
from pathlib import Path

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.listing import NAME
from dermxai.runs.manifest import Manifest, read_manifest
from dermxai.ui.session.caches.memory import changed, kept


def run(run_id: str) -> Run:
    """An opened run of the workspace.

    Raises:
        InputError: there is none of this id.
    """
    folder = paths.runs() / run_id
    file = RunFiles(folder).manifest
    if not NAME.fullmatch(run_id) or not paths.is_readable(file) or not _is_there(file):
        raise InputError(
            "The run of this link is not in this workspace; choose a checkpoint and a dataset at "
            "the left."
        )
    return _run(str(folder), file.stat().st_mtime_ns)


def _is_there(file: Path) -> bool:
    """Whether there is a run over data that this server may read, asked each time: who may not read
    them does not learn where they lie."""
    try:
        return paths.is_readable(manifest(file.parent)["dataset"]["path"])
    except (OSError, ValueError, KeyError, TypeError):
        return os.path.isfile(file)  # noqa: PTH113  # damaged: opening it says why


@kept()
def _run(folder: str, _changed: int) -> Run:
    return open_run(folder)


def quality_stamp(opened: Run) -> int:
    """Tells whether, and when, a run's image quality was measured."""
    return changed(RunFiles(opened.root).image_quality)


def manifest(folder: Path) -> Manifest:
    """run.json of a run's folder.

    Raises:
        UnusableError: it is missing, or holds something else.
    """
    return read_manifest(folder)


@kept()
def has_changed(run_id: str, sample_id: str, _path: str, _written: int) -> bool:
    """Whether an image's file is another than the run has seen.

    Raises:
        InputError: it cannot be opened.
    """
    return run(run_id).has_changed(sample_id)
