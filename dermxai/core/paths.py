"""Where things lie: every file name of a workspace, a checkpoint, a run and a job, spelled once."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dermxai.core.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = PACKAGE / "_app"  # in a wheel only
PROJECT = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent
"""Holds ``app.py``, ``pages/``, ``checkpoints/`` and ``.streamlit/``: the top of a checkout, or a
folder inside an installed package."""
APP = PROJECT / "app.py"
DEMO_VERSION = 2
SHOWN = 100  # characters of a path that cannot be
LONGEST = 1000  # characters of one that can
CONFINED = "DERMXAI_CONFINED"  # in the environment of a server, and so of the jobs that it starts
_CONFINING: ContextVar[bool] = ContextVar("confining", default=False)
EMBEDDED_CHECKPOINTS = PROJECT / "checkpoints"
EMBEDDED_CHECKPOINT = EMBEDDED_CHECKPOINTS / "atlas-b4-heads"


def home() -> Path:
    """The folder that holds everything DermXAI writes: ``DERMXAI_HOME``, else ``workspace/`` of the
    checkout, or of the current folder where the package is installed."""
    named = os.environ.get("DERMXAI_HOME")
    return _resolved(named or str((Path.cwd() if PROJECT == _INSTALLED else PROJECT) / "workspace"))


def share() -> None:
    """Lets what this process writes be the group's, too, where the workspace is: its folder can be
    written by the group and hands it on (``chmod 2770``). Called as a process begins."""
    if shared():
        os.umask(os.umask(0o077) & ~stat.S_IRWXG)


def shared() -> bool:
    """Whether the workspace is a group's."""
    try:
        mode = home().stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def datasets() -> Path:
    return home() / "datasets"


def checkpoints() -> Path:
    return home() / "checkpoints"


def runs() -> Path:
    return home() / "runs"


def jobs() -> Path:
    return home() / "jobs"


def submission_lock() -> Path:
    return jobs() / ".submission.lock"


def slot_lock(slot: str) -> Path:
    """Held by the job that has a GPU, or a lane of the processor; the others of that lane wait."""
    return jobs() / f".{slot}.lock"


def tickets(queue: str) -> Path:
    """Folder of the jobs that wait in a queue, one file each, named in the order of their turn."""
    return jobs() / ".tickets" / queue


def slurm_settings() -> Path:
    """What to ask the cluster for."""
    return home() / "slurm.toml"


def notify_settings() -> Path:
    """Whom to tell that a job has ended."""
    return home() / "notify.toml"


def access_rules() -> Path:
    """Who has which role, where an identity provider or a proxy says who somebody is."""
    return home() / "access.toml"


def access() -> Path:
    """Access codes and visits; of the server alone."""
    return home() / "access"


def access_codes() -> Path:
    return access() / "codes.json"


def withdrawn() -> Path:
    """What is being removed for good; beside what it was, so that it goes at once."""
    return home() / ".withdrawn"


def visits() -> Path:
    return access() / "visits"


def audit_log() -> Path:
    """Who did what, a JSON object a line; older ones beside it are numbered."""
    return access() / "audit.jsonl"


def demo_dataset() -> Path:
    """The synthetic atlas, once the demo has been started; another one of each version."""
    return datasets() / f"atlas-v{DEMO_VERSION}"


def first_demo_dataset() -> Path:
    """The atlas of the demo's first version, in workspaces that are that old."""
    return datasets() / "atlas"


def selections() -> Path:
    return home() / "selections"


def selection(key: str) -> Path:
    return selections() / f"{key}.json"


def attributions() -> Path:
    return home() / "attributions"


def attribution(name: str) -> Path:
    """A map that was computed before."""
    return attributions() / f"{name}.npz"


def unpacked_arrays(archive: str) -> Path:
    """Folder of what was unpacked of an archive."""
    return home() / "arrays" / archive


def costs(checkpoint: str, device: str) -> Path:
    """What work with a network takes on a device of this computer.

    Args:
        checkpoint: hash.
    """
    return home() / "costs" / f"{checkpoint[:32]}-{device}.json"


def unpacked_array(archive: str, split: str, state: str) -> Path:
    """Images of a compressed archive in one of its states, unpacked so that they can be
    memory-mapped; the other states of a split lie beside it."""
    return unpacked_arrays(archive) / f"{split}-{state}.npy"


def roots() -> tuple[Path, ...]:
    """Folders from which a visitor may open data: the workspace, the embedded checkpoints and
    those named in ``DERMXAI_ROOTS`` (separated as in ``PATH``)."""
    named = os.environ.get("DERMXAI_ROOTS", "").split(os.pathsep)
    return (home(), EMBEDDED_CHECKPOINTS, *(_resolved(name) for name in named if name))


def _resolved(name: str) -> Path:
    """A folder of the environment, links followed as far as they lead, and ``~`` expanded: shells
    do that, but no file of settings. Looked up once a second: a page asks hundreds of times."""
    named = os.path.expanduser(name)  # noqa: PTH111
    folder = None if named.startswith("/") else Path.cwd()
    return _resolved_then(named, folder, int(time.monotonic()))


@lru_cache(maxsize=64)
def _resolved_then(name: str, _folder: Path | None, _second: int) -> Path:
    return Path(os.path.realpath(name))


def named(path: str | Path) -> Path:
    """The absolute path that a person has named, ``~`` expanded, links not followed.

    Raises:
        InputError: no file can be called so.
    """
    try:
        place = Path(path).expanduser().absolute()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            place.lstat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise InputError(
            f"{str(path)[:SHOWN]!r} is not the path of a file or folder ({reason}); name one that "
            "is there."
        ) from error
    return place


def named_checkpoint(name: str) -> Path:
    """What lies at the path that a person has named, else the workspace's or the project's
    checkpoint of that name; the path where there is none.

    Raises:
        InputError: no file can be called so.
    """
    return _named_in((checkpoints(), EMBEDDED_CHECKPOINTS), name)


def named_run(name: str) -> Path:
    """What lies at the path that a person has named, else the workspace's run of that id; the path
    where there is none.

    Raises:
        InputError: no file can be called so.
    """
    return _named_in((runs(),), name)


def _named_in(folders: Iterable[Path], name: str) -> Path:
    place = named(name)
    inside = [folder / name for folder in folders if (folder / name).is_dir()]
    return inside[0] if inside and not place.exists() else place


def is_within(path: str | Path, folders: Iterable[Path]) -> bool:
    """Whether a path, links followed, is one of the folders or lies in one.

    Compares texts, since a dataset has thousands of paths.

    Args:
        folders: resolved.
    """
    try:
        resolved = os.path.realpath(path)
    except ValueError:  # no path, such as one with a null byte
        return False
    return _lies_in(resolved, folders)


def _lies_in(resolved: str, folders: Iterable[Path]) -> bool:
    inside = f"{resolved}{os.sep}"
    return any(inside.startswith(f"{str(folder).rstrip(os.sep)}{os.sep}") for folder in folders)


def inside_roots(path: str | Path) -> Path:
    """The resolved path, links followed.

    Raises:
        InputError: the path lies outside every configured root, or no file can be called so.
    """
    resolved = os.path.realpath(named(path))
    if not _lies_in(resolved, roots()):
        raise _outside(path)
    return Path(resolved)


def _outside(path: str | Path) -> InputError:
    return InputError(
        f"{str(path)[:LONGEST]} lies outside the folders that this server may open; name its "
        "folder in DERMXAI_ROOTS when starting the server, or copy the data into the workspace."
    )


def confine() -> None:
    """From now on this process, and those that it starts, read nothing outside `roots`: a server's,
    whose visitors choose what is read. The command line is not confined."""
    os.environ[CONFINED] = "1"


@contextmanager
def confining(wanted: bool = True) -> Iterator[None]:
    """The same while the block runs, in its thread."""
    before = _CONFINING.set(wanted or _CONFINING.get())
    try:
        yield
    finally:
        _CONFINING.reset(before)


def is_confined() -> bool:
    return _CONFINING.get() or bool(os.environ.get(CONFINED))


def readable(path: str | Path) -> Path:
    """The path to open for reading: in a confined process where it leads, links followed.

    Whatever is read from a file or listed of a folder is asked for here, each time that it is read:
    tables and links may have changed since, and name anything.

    Raises:
        InputError: as `inside_roots`, in a confined process.
    """
    return inside_roots(path) if is_confined() else Path(path)


def is_readable(path: str | Path) -> bool:
    """Whether `readable` lets it be opened; it need not be there."""
    return not is_confined() or is_within(path, roots())


def check_readable(path: str | Path) -> None:
    """
    Raises:
        InputError: `is_readable` says no.
    """
    if not is_readable(path):
        raise _outside(path)


@dataclass(frozen=True)
class AtlasFiles:
    root: Path

    @property
    def table(self) -> Path:
        return self.root / "samples.csv"

    @property
    def about(self) -> Path:
        """The settings that the atlas was drawn with."""
        return self.root / "atlas.json"

    @property
    def partial(self) -> Path:
        """Where it is being written."""
        return self.root.with_name(f".{self.root.name}.partial")

    @property
    def lock(self) -> Path:
        """Held by the process that writes it."""
        return self.root.with_name(f".{self.root.name}.partial.lock")


@dataclass(frozen=True)
class CheckpointFiles:
    root: Path

    @property
    def weights(self) -> Path:
        return self.root / "weights.safetensors"

    @property
    def weights_index(self) -> Path:
        """Lists the shards of weights too large for one file."""
        return self.root / "weights.safetensors.index.json"

    @property
    def model(self) -> Path:
        return self.root / "model.json"

    @property
    def card(self) -> Path:
        return self.root / "README.md"

    @property
    def division(self) -> Path:
        """Which images it learnt from and was validated on, as digests."""
        return self.root / "division.parquet"

    @property
    def learnt(self) -> Path:
        """Features of the images that it learnt from, to know near-duplicates by."""
        return self.root / "learnt.npz"


@dataclass(frozen=True)
class TrainingFiles:
    """What a training writes: its output folder is the checkpoint folder of the best state."""

    root: Path

    @property
    def last(self) -> Path:
        """The checkpoint folder of the last state."""
        return self.root / "last"

    @property
    def history(self) -> Path:
        """One row an epoch."""
        return self.root / "history.csv"

    @property
    def about(self) -> Path:
        """What was asked for, and whether it has ended."""
        return self.root / "training.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here."""
        return self.root / ".lock"

    @property
    def data(self) -> Path:
        """The sample table as it was when the training began; gone when it has ended."""
        return self.root / "data.parquet"

    @property
    def state(self) -> Path:
        """All that an interrupted training needs to go on; gone when it has ended."""
        return self.root / "training.ckpt"

    @property
    def digest(self) -> Path:
        """SHA-256 of the state; of the one before it, too, while it is being replaced."""
        return self.root / "training.ckpt.sha256"

    @property
    def images(self) -> Path:
        """The prepared images, while training; hidden, since users call theirs "images"."""
        return self.root / ".images"

    @property
    def tensorboard(self) -> Path:
        return self.root / "tensorboard"

    @property
    def tracking(self) -> Path:
        """Its run at a tracking server."""
        return self.root / ".mlflow.json"

    @property
    def learnt(self) -> bool:
        """Whether an epoch has ended."""
        return CheckpointFiles(self.root).model.is_file()


@dataclass(frozen=True)
class StudyFiles:
    """What a cross-validation writes."""

    root: Path

    @property
    def about(self) -> Path:
        """Everything, for programs; written last."""
        return self.root / "study.json"

    @property
    def table(self) -> Path:
        """One row a training."""
        return self.root / "study.csv"

    @property
    def card(self) -> Path:
        """The table as the paper prints it."""
        return self.root / "README.md"

    @property
    def begun(self) -> Path:
        """What was asked for."""
        return self.root / "training.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here."""
        return self.root / ".lock"

    @property
    def learnt(self) -> bool:
        """Whether one of its trainings has ended an epoch."""
        return any(self.root.glob("*/seed-*/fold-*/model.json"))

    @property
    def data(self) -> Path:
        """The sample table as it was when the study began; gone when it has ended."""
        return self.root / "data.parquet"

    @property
    def images(self) -> Path:
        """The prepared images, which all its trainings share."""
        return self.root / ".images"

    def member(self, network: str, seed: int, fold: int) -> Path:
        """The checkpoint folder of a training."""
        return self.root / network / f"seed-{seed}" / f"fold-{fold}"

    def scores(self, network: str, seed: int, fold: int) -> Path:
        """Its logits of the test images."""
        return self.member(network, seed, fold) / "test.npz"


@dataclass(frozen=True)
class PreparedFiles:
    """Images at one size, ready for training."""

    root: Path
    key: str

    @property
    def images(self) -> Path:
        return self.root / f"{self.key}.npy"

    @property
    def pictures(self) -> Path:
        """The images' perceptual hashes."""
        return self.root / f"{self.key}.pictures.npy"

    @property
    def about(self) -> Path:
        """Which could not be read; written last."""
        return self.root / f"{self.key}.json"

    @property
    def lock(self) -> Path:
        return self.root / f".{self.key}.lock"


@dataclass(frozen=True)
class RunFiles:
    root: Path

    @property
    def manifest(self) -> Path:
        """Written last: a run is complete when this file exists."""
        return self.root / "run.json"

    @property
    def plan(self) -> Path:
        """What an unfinished run is about to hold."""
        return self.root / "plan.json"

    @property
    def sharing(self) -> Path:
        """Which processes share the work on an unfinished run."""
        return self.root / "sharing.txt"

    @property
    def sharing_lock(self) -> Path:
        return self.root / ".sharing.lock"

    @property
    def samples(self) -> Path:
        return self.root / "samples.parquet"

    @property
    def fingerprints(self) -> Path:
        """What tells each image's file from another; absent from runs of earlier versions."""
        return self.root / "fingerprints.npy"

    @property
    def pictures(self) -> Path:
        """The images' perceptual hashes; absent from runs of earlier versions."""
        return self.root / "pictures.npy"

    @property
    def read(self) -> tuple[Path, ...]:
        """What opening a run reads."""
        arrays = (self.logits, self.pooled, self.fingerprints, self.pictures)
        return (self.manifest, self.samples, *arrays)

    @property
    def near_duplicates(self) -> Path:
        """Those between splits."""
        return self.root / "near-duplicates.parquet"

    @property
    def logits(self) -> Path:
        return self.root / "logits.npy"

    @property
    def pooled(self) -> Path:
        return self.root / "pooled.npy"

    @property
    def shards(self) -> Path:
        return self.root / "shards"

    def shard(self, index: int) -> Path:
        return self.shards / f"{index:06d}.npz"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def projections(self) -> Path:
        return self.root / "projections"

    def projection(self, name: str) -> Path:
        return self.projections / f"{name}.npz"

    def projection_lock(self, name: str) -> Path:
        return self.projections / f".{name}.lock"

    def pair(self, name: str) -> Path:
        """Averaged contrast maps of two classes."""
        return self.root / "pairs" / f"{name}.npz"

    def pair_parts(self, name: str) -> Path:
        """What an average has of its images; gone when it is complete."""
        return self.root / "pairs" / f"{name}.parts"

    def pair_part(self, name: str, index: int) -> Path:
        return self.pair_parts(name) / f"{index:06d}.npz"

    def pair_lock(self, name: str) -> Path:
        return self.root / "pairs" / f".{name}.lock"

    @property
    def faithfulness(self) -> "FaithfulnessFiles":
        return FaithfulnessFiles(self.root / "quality")


@dataclass(frozen=True)
class FaithfulnessFiles:
    """Faithfulness of the maps of a run's images: evaluations, and the scores they share."""

    root: Path

    def asked(self, name: str) -> Path:
        """What an evaluation was to find out. Written last: it is complete when this file
        exists."""
        return self.root / f"{name}.json"

    def table(self, name: str) -> Path:
        return self.root / f"{name}.parquet"

    def scores(self, key: str) -> Path:
        """Of one image, for all evaluations."""
        return self.root / "scores" / f"{key}.json"

    @property
    def lock(self) -> Path:
        """Held by the process that evaluates this run's maps."""
        return self.root / ".lock"


@dataclass(frozen=True)
class JobFiles:
    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "spec.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics"

    def submit(self, attempt: int) -> Path:
        return self.root / f"submit-{attempt}.json"

    @property
    def labels(self) -> Path:
        """Tags and notes that people have written on it."""
        return self.root / "labels.json"

    def supervisor(self, attempt: int) -> Path:
        return self.root / f"supervisor-{attempt}.json"

    def progress(self, attempt: int) -> Path:
        return self.root / f"progress-{attempt}.json"

    def share(self, attempt: int, index: int) -> Path:
        """How far one of the tasks is that share the work of an attempt."""
        return self.root / f"share-{attempt}-{index}.json"

    def result(self, attempt: int) -> Path:
        return self.root / f"result-{attempt}.json"

    def cancel(self, attempt: int) -> Path:
        """A flag: this attempt is to stop."""
        return self.root / f"cancel-{attempt}"

    def told(self, attempt: int) -> Path:
        """A flag: of this attempt's end was told."""
        return self.root / f"told-{attempt}"

    def alive(self, attempt: int) -> Path:
        """Held by the processes of an attempt on a computer, for those who cannot see them."""
        return self.root / f".alive-{attempt}.lock"

    def gone(self, attempt: int) -> Path:
        """A flag: somebody says that the computer of this attempt is no more."""
        return self.root / f"gone-{attempt}"

    def log(self, attempt: int) -> Path:
        return self.logs / f"{attempt}.log"

    def figures(self, attempt: int) -> Path:
        """The numbers that an attempt reported, one JSON object a line."""
        return self.metrics / f"figures-{attempt}.jsonl"

    def hardware(self, attempt: int) -> Path:
        """What an attempt used of the machine, one row every few seconds."""
        return self.metrics / f"hardware-{attempt}.csv"

    def reserve(self, attempt: int) -> Path:
        """Room on the disk, given back when it is full so that the job can still say so."""
        return self.root / f".reserve-{attempt}"
