"""What of a workspace is of no use, and what to do about it: ``python -m dermxai doctor``.

Lists and pages leave such entries out (`left_out`); `examine` opens everything, also what only one
page would read.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from dermxai.access.files import rules_file
from dermxai.access.rules import rules
from dermxai.core import arrays, disk, entries, paths
from dermxai.core.components import LeftOut
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.data import kept_options
from dermxai.data.dataset import find_datasets, load_dataset
from dermxai.data.files import scan
from dermxai.data.places import mappings_folder, selections_folder, unpacked_folder
from dermxai.explain.attribution.files import maps_folder
from dermxai.explain.confusion.files import PairFiles
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.jobs import Job, notices, slurm_settings
from dermxai.jobs.accounts import administers
from dermxai.jobs.files import notify_settings_file, slurm_settings_file
from dermxai.jobs.job import Noted, Result, find_jobs
from dermxai.jobs.launchers.local import Supervised
from dermxai.kinds import kinds
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import find_checkpoints
from dermxai.pages import PAGES, pages
from dermxai.projection.files import ProjectionFiles
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.listing import find_runs
from dermxai.slices import annotations
from dermxai.slices import slice as slices
from dermxai.slices.files import SliceFiles, slices_folder

LITTLE_ROOM = 1_000_000_000  # bytes
MOST_IN_A_DATASET = 20  # odd files that are named of each
_AGAIN = "Remove it; it is computed again when it is wanted."
_FOLDERS = (
    *("datasets", "checkpoints", "runs", "jobs", "selections", "attributions", "arrays"),
    *("studies", "slices"),
)


def left_out() -> list[Unusable]:
    """What is in no list of the dashboard, by its path; quick enough to be asked often."""
    found = (find_runs, find_checkpoints, find_datasets, find_jobs)
    return sorted((odd for find in found for odd in find()[1]), key=lambda odd: odd.path)


def examine() -> list[Unusable]:
    """Everything in the workspace that is of no use, by its path. Opens it all, which takes a while
    where datasets are large."""
    parts: tuple[Callable[[], Iterable[Unusable]], ...] = (
        _home,
        left_out,
        _runs,
        _checkpoints,
        _datasets,
        _jobs,
        _small_files,
        _locks,
    )
    found = {odd.path: odd for part in reversed(parts) for odd in part()}
    return sorted(found.values(), key=lambda odd: odd.path)


def plugins_left_out() -> list[tuple[str, LeftOut]]:
    """Plug-ins that cannot be used, each with the title of its kind."""
    found = [
        (kind.title, each) for kind in kinds() if kind is not PAGES for each in kind.left_out()
    ]
    return [*found, *((PAGES.title, each) for each in pages()[1])]


def _home() -> Iterator[Unusable]:
    """The workspace's folder itself, and those in it."""
    home = paths.home()
    if not os.path.lexists(home):
        return
    try:
        entries.check_folder(home)
    except UnusableError as error:
        yield Unusable(home, str(error), "Name another folder in DERMXAI_HOME.")
        return
    if not os.access(home, os.W_OK):
        yield Unusable(home, "cannot be written", "Nothing is kept; let this account write to it.")
    if (free := shutil.disk_usage(home).free) < LITTLE_ROOM:
        yield Unusable(home, f"has {free / 1e9:.1f} GB free on its disk", "Free some space.")
    here, odd = entries.listed(home)
    yield from odd
    for place in here:
        if place.name in _FOLDERS:
            yield from _checked(place, entries.check_folder, "Move it away.")
    for file, read in (
        (slurm_settings_file(), slurm_settings.read_settings),
        (notify_settings_file(), notices.read_settings),
        (rules_file(), rules),
    ):
        try:
            read()
        except InputError as error:
            yield Unusable(file, str(error).rstrip("."), "Mend or remove it.")


def _runs() -> Iterator[Unusable]:
    from dermxai.explain.faithfulness.results import find_results, open_results  # with torch

    for root in find_runs()[0]:
        files, faithfulness = RunFiles(root), FaithfulnessFiles.of(root)
        try:
            run = open_run(root)
        except InputError as error:
            yield Unusable(root, str(error).rstrip("."), "Remove it and infer again.")
            continue
        yield from find_results(run)[1]
        for name in find_results(run)[0]:
            if open_results(run, name) is None:
                study = faithfulness.asked(name)
                yield Unusable(
                    study, "is damaged, or its table is", "Remove it and evaluate again."
                )
        yield from _each(faithfulness.root / "scores", ".json", _score, _AGAIN)
        yield from _each(ProjectionFiles.of(root).root, ".npz", _array, _AGAIN)
        yield from _each(PairFiles.of(root).root, ".npz", _array, _AGAIN)
        if os.path.lexists(files.near_duplicates):
            yield from _checked(files.near_duplicates, entries.check_file, _AGAIN)


def _checkpoints() -> Iterator[Unusable]:
    for root in find_checkpoints()[0]:
        files = CheckpointFiles(root)
        weights = files.weights_index if os.path.lexists(files.weights_index) else files.weights
        for file in (weights, files.card, files.training_images, files.training_features):
            if file == weights or os.path.lexists(file):
                yield from _checked(file, entries.check_file, "Copy the checkpoint again.")


def _datasets() -> Iterator[Unusable]:
    for place in find_datasets()[0]:
        try:
            problems = list(scan(place).problems) if place.is_dir() else []
            problems += load_dataset(place).problems
        except (InputError, OSError) as error:
            yield Unusable(place, str(error).rstrip("."), "See docs/data.md for what is read.")
            continue
        for problem in list(dict.fromkeys(problems))[:MOST_IN_A_DATASET]:
            yield Unusable(place / problem.item, problem.reason, "Mend it or move it away.")


def _jobs() -> Iterator[Unusable]:
    for job in find_jobs()[0]:
        for attempt in range(1, job.attempt + 1):
            for file, shape in (
                (job.files.submit(attempt), dict),
                (job.files.supervisor(attempt), Supervised),
                (job.files.progress(attempt), Noted),
                (job.files.result(attempt), Result),
            ):
                if os.path.lexists(file):
                    yield from _checked(
                        file,
                        partial(entries.read_json, shape=shape),
                        "Remove the job; what it had made stays.",
                    )
        yield from _strange_attempt(job)


def _strange_attempt(job: Job) -> Iterator[Unusable]:
    """What lies in a job's folder in place of its next attempt."""
    following = job.files.submit(job.attempt + 1)
    if os.path.lexists(following):
        yield from _checked(following, entries.check_file, "Remove the job.")
    for file in (job.files.logs, job.files.metrics):
        if os.path.lexists(file):
            yield from _checked(file, entries.check_folder, "Remove the job.")


def _small_files() -> Iterator[Unusable]:
    """Selections, mappings of datasets, slices, annotations, kept maps and unpacked images."""
    yield from _each(selections_folder(), ".json", _selection, "Remove it; select again.")
    yield from _each(mappings_folder(), ".json", kept_options.check, "Remove it; map again.")
    yield from _each(maps_folder(), ".npz", _array, _AGAIN)
    datasets, odd = entries.listed(slices_folder())
    yield from odd
    for place in datasets:
        files = SliceFiles(place)
        yield from _each(files.slices, ".json", slices.read, "Remove it; make the slice again.")
        yield from _each(files.annotations, ".json", annotations.read, "Mend or remove it.")
    here, odd = entries.listed(unpacked_folder())
    yield from odd
    for place in here:
        yield from _checked(place, entries.check_folder, _AGAIN)
        yield from _each(place, ".npy", entries.check_file, _AGAIN)


def _locks() -> Iterator[Unusable]:
    """Locks that this account cannot take, which all jobs would wait for."""
    try:
        found = [Path(entry.path) for entry in os.scandir(paths.jobs())]
    except OSError:
        return
    for lock in found:
        if not (lock.name.startswith(".") and lock.suffix == ".lock"):
            continue
        try:
            mode = lock.lstat().st_mode
            os.close(disk.open_lock(lock))
        except (InputError, OSError) as error:
            remedy = "Remove it while no job is at work." if administers() else "Ask its owner."
            yield Unusable(lock, str(error).rstrip("."), remedy)
        else:
            if stat.S_IMODE(mode) & 0o077 == 0 and paths.shared():
                yield Unusable(
                    lock, "is its owner's alone", f"Run: chmod g+rw {entries.shown(str(lock))}"
                )


def _each(
    folder: Path, suffix: str, check: Callable[[Path], object], remedy: str
) -> Iterator[Unusable]:
    """What is odd in a folder whose files all end alike."""
    here, odd = entries.listed(folder)
    yield from odd
    for path in here:
        if path.suffix == suffix:
            yield from _checked(path, check, remedy)


def _checked(path: Path, check: Callable[[Path], object], remedy: str) -> Iterator[Unusable]:
    try:
        check(path)
    except UnusableError as error:
        yield Unusable(path, str(error), remedy)


def _score(path: Path) -> None:
    entries.read_json(path, dict)


def _array(path: Path) -> None:
    with arrays.archive(path) as found:
        for name in arrays.members(found):
            arrays.described(found, name)


def _selection(path: Path) -> None:
    content = entries.read_json(path, list)
    if len(content) != 2 or not entries.fits(content[:1], [str]):
        raise UnusableError("is not a title and its images")
    entries.check_shape(content[1], [str])
