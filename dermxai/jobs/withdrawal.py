"""Withdrawing a dataset: everything that was made of it in the workspace goes.

What holds nothing but numbers learnt from many images, which is a trained checkpoint, stays and is
named; so does what was written outside of the workspace.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import pandas as pd

from dermxai.access import audit
from dermxai.access.roles import Person
from dermxai.core import disk, entries, parquet, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import kept_options
from dermxai.data.archives import is_compressed_tar
from dermxai.data.images import container
from dermxai.data.places import place_of, selections_folder, unpacked_folder
from dermxai.explain.attribution.files import maps_folder
from dermxai.jobs.files import withdrawn_folder
from dermxai.jobs.job import Job, list_jobs
from dermxai.runs.files import RunFiles
from dermxai.slices.files import SliceFiles
from dermxai.training.files import TrainingFiles

_ARCHIVE = ".npz"
STUDY = "reader study with its answers"
SESSION = "session of a lesson with its answers"


@dataclass(frozen=True)
class Part:
    """Something that goes.

    Attributes:
        what: in words, in the singular.
    """

    what: str
    path: Path

    @cached_property
    def size(self) -> int:
        """Bytes."""
        files = self.path.rglob("*") if self.path.is_dir() else [self.path]
        with suppress(OSError):
            return sum(file.lstat().st_size for file in files if not file.is_dir())
        return 0


@dataclass(frozen=True)
class Withdrawal:
    """
    Attributes:
        dataset: its path.
        fingerprints: of its content, as runs have seen it.
        parts: what goes.
        stays: sentences on what does not.
        studies: names of reader studies that go with their readers and all their answers.
        sessions: ids of sessions of lessons that go with their students and all their answers; the
            lessons stay, without images.
    """

    dataset: Path
    fingerprints: frozenset[str]
    parts: tuple[Part, ...]
    stays: tuple[str, ...]
    studies: tuple[str, ...] = ()
    sessions: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self.parts)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind go."""
        found: dict[str, int] = {}
        for part in self.parts:
            found[part.what] = found.get(part.what, 0) + 1
        kept = {STUDY: len(self.studies), SESSION: len(self.sessions)}
        return found | {what: number for what, number in kept.items() if number}


def find(dataset: str | Path, *, images: bool = False) -> Withdrawal:
    """What a withdrawal would remove; nothing is touched.

    Args:
        dataset: path, as `load_dataset` takes it, or name of one of the workspace; it may be gone.
        images: whether the dataset itself goes too.

    Raises:
        InputError: nothing is known of it here; or its images do not lie in the workspace, and are
            to go too; or the database of reader studies cannot be reached.
    """
    place = _place(dataset)
    runs = {root: _manifest(root) for root in _folders(paths.runs())}
    prints = _fingerprints(place, runs.values())
    mine = [root for root, manifest in runs.items() if _is_of(manifest, place, prints)]
    samples = [_samples(root) for root in mine]
    jobs = [job for job in list_jobs() if _names(job.arguments, [place, *mine])]
    parts = [
        *(Part("run", root) for root in mine),
        *(Part("array unpacked from it", folder) for folder in _arrays(place, samples)),
        *(Part("selection of its images", file) for file in _selections(samples)),
        *(Part("file of predictions", folder) for folder in _predictions(mine, jobs)),
        *(Part("job", job.root) for job in jobs),
        *(Part("mapping of its columns and labels", file) for file in _mapping(place)),
        *(Part("folder of its slices and annotations", folder) for folder in _slices(place)),
        *(Part("training's copy of its images", path) for path in _prepared(prints, jobs)),
    ]
    studies, sessions = _reader_studies(place, mine, samples), _sessions(place, mine, samples)
    if studies or sessions:
        parts += [Part("copy of the database of reader studies", file) for file in _backups()]
    if not (parts or studies or sessions or place.exists()):
        raise InputError(
            f"There is no dataset {dataset}, and nothing here was made of one; give its path as "
            "`run.json` of a run has it."
        )
    # kept by their pixels, so that nobody knows which are whose
    parts += [Part("attribution map (of any dataset)", file) for file in _maps()]
    if images:
        parts.append(Part("dataset", _own(place)))
    elif place.exists():
        stays = (f"The images at {place} stay.", *_stays(prints, jobs))
        return Withdrawal(place, prints, tuple(parts), stays, studies, sessions)
    return Withdrawal(place, prints, tuple(parts), _stays(prints, jobs), studies, sessions)


def remove(withdrawal: Withdrawal, person: Person | None = None, *, address: str = "") -> None:
    """Removes what `find` has found, and writes it to the audit log first.

    Args:
        person: who asks; None at the command line.

    Raises:
        InputError: a job works on the dataset, or a run of it is being written; or the database of
            reader studies cannot be reached.
        OSError: the audit log cannot be written, and nothing was removed; or something could not be
            removed.
    """
    for job in list_jobs():
        if job.state.live and any(part.path == job.root for part in withdrawal.parts):
            raise InputError(
                f"Job {job.id} is at work on {withdrawal.dataset.name}; cancel it before the "
                "dataset is withdrawn."
            )
    audit.record(
        person,
        "withdrew dataset",
        address=address,
        account=None if person else audit.account(),
        dataset=withdrawal.dataset.name,
        fingerprints=sorted(withdrawal.fingerprints),
        removed=withdrawal.counts,
        bytes=withdrawal.size,
    )
    _remove_studies(withdrawal.studies)
    _remove_sessions(withdrawal.sessions)
    withdrawn_folder().mkdir(parents=True, exist_ok=True)
    for left in withdrawn_folder().iterdir():  # by a withdrawal that was killed
        _remove(left)
    for part in withdrawal.parts:
        if part.what == "run":
            with disk.locked(RunFiles(part.path).lock, waiting=lambda: _busy(withdrawal)):
                _remove(part.path)
        else:
            _remove(part.path)


def _busy(withdrawal: Withdrawal) -> None:
    raise InputError(
        f"A run of {withdrawal.dataset.name} is being written by another process; stop that one "
        "and withdraw the dataset again."
    )


def _remove(path: Path) -> None:
    """Removes a file or folder, in the workspace at once: nobody sees half of it."""
    gone = withdrawn_folder() / uuid4().hex
    with suppress(OSError):  # of another disk, or gone
        path.rename(gone)
        path = gone
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _place(dataset: str | Path) -> Path:
    place = paths.named(dataset)
    inside = paths.datasets() / place.name
    bare = Path(dataset).name == str(dataset)
    return inside if bare and not place.exists() and inside.exists() else place


def _folders(parent: Path) -> list[Path]:
    here = sorted(filter(paths.is_readable, parent.glob("*"))) if parent.is_dir() else []
    return [path for path in here if path.is_dir()]


def _manifest(root: Path) -> dict[str, object]:
    """What a run says of its dataset, an unfinished one too; empty where nothing can be read."""
    files = RunFiles(root)
    for file in (files.manifest, files.plan):
        with suppress(UnusableError):
            about = entries.read_json(file, {}).get("dataset")
            return about if isinstance(about, dict) else {"fingerprint": about}
    return {}


def _fingerprints(place: Path, manifests: Iterable[dict[str, object]]) -> frozenset[str]:
    """Of the content that the runs of a place have seen."""
    found = (about.get("fingerprint") for about in manifests if _same(about.get("path"), place))
    return frozenset(each for each in found if isinstance(each, str))


def _is_of(about: dict[str, object], place: Path, prints: frozenset[str]) -> bool:
    """Whether a run is of a dataset, copied elsewhere or not."""
    seen = about.get("fingerprint")
    return (isinstance(seen, str) and seen in prints) or _same(about.get("path"), place)


def _same(path: object, place: Path) -> bool:
    if not isinstance(path, str):
        return False
    with suppress(OSError, ValueError):
        return Path(path) == place or Path(path).resolve() == place.resolve()
    return False


def _samples(root: Path) -> pd.DataFrame:
    """A run's images; none where they cannot be read."""
    with suppress(Exception):  # a damaged run goes all the same
        file = paths.readable(RunFiles(root).samples)
        parquet.check(file)
        return pd.read_parquet(file, columns=["sample_id", "path"])
    return pd.DataFrame({"sample_id": [], "path": []}, dtype=str)


def _arrays(place: Path, samples: Iterable[pd.DataFrame]) -> list[Path]:
    """What was unpacked of the dataset's archives."""
    archives = {container(path) for table in samples for path in table["path"].map(str).unique()}
    archives |= {str(place)} if _is_unpacked(place) else set()
    if paths.is_readable(place) and place.is_dir():
        archives |= {str(file) for file in place.rglob("*") if _is_unpacked(file)}
    named = (archive for archive in map(str, archives) if _is_unpacked(Path(archive)))
    folders = {unpacked_folder(place_of(archive)) for archive in named}
    return sorted(folder for folder in folders if folder.is_dir())


def _predictions(runs: Iterable[Path], jobs: Iterable[Job]) -> list[Path]:
    """Folders of files that visitors have sent, of which a run or a job was made."""
    named = [job.arguments.get("predictions") for job in jobs]
    for root in runs:
        with suppress(UnusableError):
            about = entries.read_json(RunFiles(root).manifest, {}).get("predictions")
            named.append(about.get("path") if isinstance(about, dict) else None)
    files = {Path(each) for each in named if isinstance(each, str)}
    mine = {file.parent for file in files if _same(str(file.parent.parent), paths.predictions())}
    return sorted(folder for folder in mine if folder.is_dir())


def _is_unpacked(file: Path) -> bool:
    """Whether a file is an archive that is unpacked into the workspace."""
    return file.suffix == _ARCHIVE or is_compressed_tar(file.name)


def _mapping(place: Path) -> list[Path]:
    """How a person has said that the dataset is to be read."""
    file = kept_options.file_of(place)
    return [file] if os.path.lexists(file) else []


def _slices(place: Path) -> list[Path]:
    folder = SliceFiles.of(place).root
    return [folder] if os.path.lexists(folder) else []


def _reader_studies(
    place: Path, runs: Iterable[Path], samples: Iterable[pd.DataFrame]
) -> tuple[str, ...]:
    """Studies of its images: they hold paths, labels, patients and maps of them."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database, is_there

    if not is_there():
        return ()
    images = {str(path) for table in samples for path in table["path"]}
    inside = f"{place}{os.sep}"
    names = {root.name for root in runs}
    return tuple(
        study.name
        for study, shown in studies.images_of_all(database())
        if _same(study.settings.dataset, place)
        or Path(study.settings.run).name in names
        or any(path in images or path.startswith(inside) for path in shown)
    )


def _sessions(
    place: Path, runs: Iterable[Path], samples: Iterable[pd.DataFrame]
) -> tuple[int, ...]:
    """Sessions of lessons that show its images: they hold paths, labels and maps of them."""
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database, is_there

    if not is_there():
        return ()
    images = {str(path) for table in samples for path in table["path"]}
    inside = f"{place}{os.sep}"
    return sessions.showing(
        database(),
        [root.name for root in runs],
        lambda path: path in images or path.startswith(inside),
    )


def _remove_sessions(ids: Iterable[int]) -> None:
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    for session_id in ids:
        sessions.remove(database(), session_id)


def _remove_studies(names: Iterable[str]) -> None:
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    for name in names:
        studies.remove(database(), name)


def _backups() -> list[Path]:
    from dermxai.readers.files import backups

    return backups()


def _selections(samples: Iterable[pd.DataFrame]) -> Iterator[Path]:
    """Kept selections, all images of which are the dataset's."""
    known = {str(sample_id) for table in samples for sample_id in table["sample_id"]}
    for file in sorted(selections_folder().glob("*.json")):
        with suppress(ValueError, TypeError):  # something else
            _, ids = entries.read_json(file, list, zeros=True)
            if ids and set(ids) <= known:
                yield file


def _names(value: object, places: Iterable[Path]) -> bool:
    """Whether a job's arguments name one of the places."""
    if isinstance(value, dict):
        return any(_names(each, places) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, places) for each in value)
    return any(_same(value, place) for place in places)


def _trainings(jobs: Iterable[Job]) -> set[Path]:
    outputs = {Path(str(job.arguments["output"])) for job in jobs if "output" in job.arguments}
    return outputs | set(_folders(paths.checkpoints()))


def _learnt_from(folder: Path, prints: frozenset[str]) -> bool:
    with suppress(UnusableError, TypeError):  # something else
        return entries.read_json(TrainingFiles(folder).about, {}).get("data") in prints
    return False


def _prepared(prints: frozenset[str], jobs: Iterable[Job]) -> Iterator[Path]:
    """Copies of images, and of the sample table, that trainings which have not ended keep."""
    for folder in sorted(_trainings(jobs)):
        files = TrainingFiles(folder)
        if _learnt_from(folder, prints):
            yield from (path for path in (files.images, files.data) if path.exists())


def _stays(prints: frozenset[str], jobs: Iterable[Job]) -> tuple[str, ...]:
    learnt = [path for path in sorted(_trainings(jobs)) if _learnt_from(path, prints)]
    written = {str(job.arguments["output"]) for job in jobs if job.kind == "explain"}
    return (
        *(f"The checkpoint {path} has learnt from it and stays." for path in learnt),
        *(
            f"The maps in {path} were written there on request and stay."
            for path in sorted(written)
        ),
    )


def _maps() -> list[Path]:
    return sorted(maps_folder().glob("*.npz"))


def _own(place: Path) -> Path:
    """
    Raises:
        InputError: it is not one of the workspace's datasets.
    """
    if place.parent.resolve() != paths.datasets().resolve() or not place.exists():
        raise InputError(
            f"{place} does not lie in {paths.datasets()}, so its images are not DermXAI's to "
            "remove; withdraw it without --images, and remove them yourself."
        )
    return place
