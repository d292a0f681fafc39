"""A run: what one classifier said about one dataset, read from its folder without loading it."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype

from dermxai.core import entries, parquet, paths
from dermxai.core.activation import SOFTMAX
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import Problem, splits
from dermxai.data.images import container
from dermxai.data.inventory import file_fingerprint
from dermxai.data.picture_hash import HASHES, Hashes
from dermxai.data.table import REQUIRED
from dermxai.metrics.probability import probabilities
from dermxai.models import ModelInfo, read_info
from dermxai.models.info import ONNX
from dermxai.runs import leakage
from dermxai.runs.feature_spaces import digest_of
from dermxai.runs.files import RunFiles
from dermxai.runs.manifest import (
    CheckpointEntry,
    Manifest,
    PredictionsEntry,
    read_manifest,
)

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

NO_NETWORK = (
    "This run was imported from {}, without a network: maps, counterfactuals, robustness and "
    "faithfulness need the network that made the predictions. Open its checkpoint over this "
    "dataset, and run inference."
)
CHANGED = "The image {} has changed since this run; run inference again."
Array = TypeVar("Array", bound=NDArray[np.generic])


@dataclass(frozen=True, eq=False)
class Run:
    """One classifier's raw output over one dataset: n images, h heads, k classes.

    The arrays are memory-mapped and read-only; their rows are those of ``samples``.
    """

    id: str
    root: Path
    manifest: Manifest
    """run.json: checkpoint or predictions, dataset, settings, versions, counts."""
    samples: pd.DataFrame
    """The sample table of the images that were read, in the order of the arrays."""
    logits: np.memmap[tuple[int, ...], np.dtype[np.floating]]
    """(n, h, k) float32, float64 where they were imported."""
    pooled: np.memmap[tuple[int, ...], np.dtype[np.float32]]
    """(n, Σ channels): the heads' inputs side by side."""
    classes: tuple[str, ...]
    heads: tuple[str, ...]
    head_channels: tuple[int, ...]
    problems: tuple[Problem, ...]
    """Images that are not in the arrays, each with its reason."""
    fingerprints: NDArray[np.bytes_] | None = None
    """(n,) of the images' files as the run saw them, each as ``file_fingerprint``; None where the
    run was written before they were kept."""
    picture_hashes: Hashes | None = None
    """(n, 8, 32) perceptual hashes of the images, as ``picture_hashes``; None as before."""
    imported_probabilities: NDArray[np.float64] | None = None
    """(n, k) probabilities as they were imported; None where they are the softmax of the scores."""

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """(n, k): logits summed over the heads."""
        return _frozen(self.logits.sum(axis=1, dtype=np.float64))

    @property
    def activation(self) -> str:
        """What makes probabilities of the scores, see `dermxai.core.activation`."""
        return str(self.manifest.get("activation", SOFTMAX))

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(n, k): of the scores, by the model's activation, or as they were imported."""
        if self.imported_probabilities is not None:
            return self.imported_probabilities
        return _frozen(probabilities(self.scores, self.activation))

    @cached_property
    def predicted(self) -> NDArray[np.str_]:
        """(n,): code of the class with the highest score."""
        return _frozen(np.asarray(self.classes)[self.scores.argmax(axis=1)])

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """(n, channels of the final head): a view of ``pooled``."""
        return np.asarray(self.pooled)[:, -self.head_channels[-1] :]

    @cached_property
    def images(self) -> str:
        """Tells its images, and their order, from those of other runs."""
        return digest_of(self.samples["sample_id"])

    @cached_property
    def owners(self) -> dict[str, pd.Series]:
        """See `splits.owners`."""
        return splits.owners(self.samples)

    @cached_property
    def groups(self) -> pd.Series:
        """See `splits.groups`."""
        return splits.groups(self.samples)

    @property
    def colour_profiles(self) -> bool:
        """Whether its images are read in sRGB, see `Preprocessing.colour_profiles`."""
        return self.imported or self.made_by.get("colour_profiles") is True

    @property
    def imported(self) -> bool:
        """Whether its predictions come from a file, and no network is known."""
        return "checkpoint" not in self.manifest

    @property
    def black_box(self) -> bool:
        """Whether its network gives logits only, as an ONNX model does."""
        return not self.imported and self.checkpoint.get("options", {}).get("architecture") == ONNX

    @property
    def made_by(self) -> CheckpointEntry | PredictionsEntry:
        """Path, name and hash of the checkpoint, or of the file that it was imported from."""
        return self.predictions if self.imported else self.manifest["checkpoint"]

    @property
    def predictions(self) -> PredictionsEntry:
        """Of an imported run, the file and how it was read."""
        return self.manifest["predictions"]

    @property
    def checkpoint(self) -> CheckpointEntry:
        """Path, name, hash and options of the checkpoint that made it.

        Raises:
            InputError: the run was imported.
        """
        if self.imported:
            raise InputError(NO_NETWORK.format(self.made_by["name"]))
        return self.manifest["checkpoint"]

    @cached_property
    def info(self) -> ModelInfo | None:
        """What the checkpoint says of itself; None where it is no longer there, or that of another
        training has taken its place. Runs of earlier versions cannot tell the latter."""
        if self.imported:
            return None
        checkpoint = self.checkpoint
        try:
            info = read_info(checkpoint["path"])
        except (InputError, OSError):
            return None
        return info if checkpoint.get("training", info.training) == info.training else None

    @cached_property
    def training_split(self) -> pd.Series | None:
        """See `leakage.training_split`."""
        return leakage.training_split(self)

    @cached_property
    def leaks(self) -> "leakage.Leakage | None":
        """See `leakage.find_leakage`."""
        return leakage.find_leakage(self)

    @cached_property
    def trained_on(self) -> NDArray[np.bool_] | None:
        """See `leakage.trained_on`."""
        return leakage.trained_on(self)

    @cached_property
    def split(self) -> pd.Series | None:
        """(n,) the split of each image: the data set's, else the one that the checkpoint's training
        made of it; None without either."""
        own = self.samples.get("split")
        if own is not None and own.notna().any():
            return own
        return self.training_split if leakage.same_data(self) else None

    def index(self, sample_ids: Iterable[str]) -> NDArray[np.intp]:
        """Positions of samples in the arrays, in the order asked for.

        Raises:
            InputError: a sample is not in the run.
        """
        try:
            return np.array([self._positions[name] for name in sample_ids], dtype=np.intp)
        except KeyError as missing:
            raise InputError(
                f"Sample {missing} is not in run {self.id}; choose one of its {len(self)} images, "
                "or run the checkpoint over the dataset that holds it."
            ) from None

    def check_classifier(self, classifier: "Classifier") -> None:
        """
        Raises:
            InputError: it is not the one that made the run, or the run was imported.
        """
        if classifier.hash != self.checkpoint["hash"]:
            raise InputError(
                f"The checkpoint {classifier.name} is not the one that made run {self.id}, or has "
                "changed since; run inference again."
            )

    def has_changed(self, sample_id: str) -> bool:
        """Whether the image's file is another now than the run has seen; False where the run does
        not know.

        Raises:
            InputError: the sample is not in the run, or its file cannot be opened.
        """
        row = self.index([sample_id])[0]
        if self.fingerprints is None:
            return False
        before = str(self.fingerprints[row], "ascii")
        return file_fingerprint(self.samples["path"][row]) != before

    def check_image(self, sample_id: str) -> None:
        """
        Raises:
            InputError: the image has changed since, it is not in the run, or it cannot be opened.
        """
        if self.has_changed(sample_id):
            raise InputError(CHANGED.format(sample_id))

    def in_split(self, split: str | None) -> NDArray[np.intp]:
        """Positions of the samples of a split in the arrays; of all for None.

        Raises:
            InputError: the run has no such split.
        """
        if split is None:
            return np.arange(len(self))
        column = pd.Series(dtype="str") if self.split is None else self.split
        if not (column == split).any():
            there = ", ".join(column.dropna().unique()) or "none"
            raise InputError(f"Run {self.id} has no split {split!r}; its splits: {there}.")
        return np.flatnonzero(column == split)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.samples["sample_id"])}


def run_id(classifier_hash: str, dataset_fingerprint: str, settings: Mapping[str, object]) -> str:
    """Identity of a run: the hash of everything that its numbers depend on."""
    text = json.dumps([classifier_hash, dataset_fingerprint, dict(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_run(path: str | Path) -> Run:
    """Opens a run's folder. Arrays are mapped, not read.

    Raises:
        InputError: there is no complete run at ``path``, its files do not fit each other, or, in a
            confined process, it or its images lie where nothing may be read.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> folder = dermxai.infer(classifier, dermxai.load_dataset("images")).root
        >>> run = dermxai.open_run(folder)
        >>> len(run.samples), run.logits.shape  # (image, head, class)
        (12, (12, 6, 14))
    """
    root = Path(path)
    files = RunFiles(root)
    for file in files.read:
        paths.check_readable(file)
    if not os.path.isfile(files.manifest):  # noqa: PTH113  # never an error
        raise InputError(
            f"The run in {path} is not finished; infer or import again to resume it."
            if os.path.isfile(files.plan)  # noqa: PTH113
            else f"{path} holds no {files.manifest.name}; name a folder that infer has printed."
        )
    try:
        manifest = read_manifest(root)
        paths.check_readable(manifest["dataset"]["path"])
        for file in (files.samples, files.logits, files.pooled):
            _check_file(file)
        for file in (files.fingerprints, files.pictures, files.probabilities):
            if os.path.lexists(file):
                _check_file(file)
        parquet.check(files.samples)
        run = Run(
            id=manifest["id"],
            root=root.resolve(),
            manifest=manifest,
            samples=pd.read_parquet(files.samples),
            logits=np.load(files.logits, mmap_mode="r"),
            pooled=np.load(files.pooled, mmap_mode="r"),
            classes=tuple(manifest["classes"]),
            heads=tuple(head["name"] for head in manifest["heads"]),
            head_channels=tuple(head["channels"] for head in manifest["heads"]),
            problems=tuple(Problem(**problem) for problem in manifest["problems"]),
            fingerprints=np.load(files.fingerprints, mmap_mode="r")
            if files.fingerprints.is_file()
            else None,
            picture_hashes=np.load(files.pictures, mmap_mode="r")
            if files.pictures.is_file()
            else None,
            imported_probabilities=np.load(files.probabilities, mmap_mode="r")
            if files.probabilities.is_file()
            else None,
        )
        _check_shapes(run)
        _check_places(run)
    except InputError:
        raise
    except Exception as error:  # damaged files fail in many ways
        raise InputError(
            f"The run in {path} is damaged ({error}); delete the folder and infer again."
        ) from error
    return run


def _check_file(file: Path) -> None:
    """
    Raises:
        UnusableError: there is none; it names it.
    """
    try:
        entries.check_file(file)
    except UnusableError as error:
        raise UnusableError(f"{file.name} {error}") from error


def _check_places(run: Run) -> None:
    """
    Raises:
        InputError: an image lies in a folder that may not be read. Those in others are asked again
            when they are read.
    """
    if not paths.is_confined():
        return
    folders = {os.path.dirname(container(path)) for path in run.samples["path"].astype(str)}  # noqa: PTH120
    allowed = paths.roots()
    if not all(paths.is_within(folder, allowed) for folder in folders):
        raise InputError(
            f"Run {run.id} names images outside the folders that this server may open; name their "
            "folder in DERMXAI_ROOTS when starting the server, or copy the data into the workspace."
        )


def _check_shapes(run: Run) -> None:
    expected = {
        "logits": (len(run), len(run.heads), len(run.classes)),
        "pooled": (len(run), sum(run.head_channels)),
    }
    for name, shape in expected.items():
        found: NDArray[np.generic] = getattr(run, name)
        kind = "float64" if run.imported and name == "logits" else "float32"
        if found.shape != shape or found.dtype != kind:
            raise ValueError(f"{name} is {found.dtype} {found.shape}, expected {kind} {shape}")
    imported = run.imported_probabilities
    if imported is not None and (
        imported.shape != (len(run), len(run.classes)) or imported.dtype != np.float64
    ):
        raise ValueError(f"probabilities are {imported.dtype} {imported.shape}")
    if run.fingerprints is not None and run.fingerprints.shape != (len(run),):
        raise ValueError(f"{len(run.fingerprints)} fingerprints came for {len(run)} images")
    if run.picture_hashes is not None and run.picture_hashes.shape != (len(run), *HASHES):
        raise ValueError(f"{run.picture_hashes.shape} perceptual hashes came for {len(run)} images")
    if missing := set(REQUIRED) - set(run.samples):
        raise ValueError(f"the sample table has no {' and no '.join(sorted(missing))}")
    ids = run.samples["sample_id"]
    if not _are_texts(ids) or not ids.is_unique:
        raise ValueError("the sample table has ids that are no texts, or one twice")
    if not _are_texts(run.samples["path"]):
        raise ValueError("the sample table has paths that are no texts")
    if not _are_texts(run.samples["label"].dropna()):
        raise ValueError("the sample table has labels that are no texts")
    if not run.classes or len(set(run.classes)) < len(run.classes) or not run.heads:
        raise ValueError("it has no class, no head, or a class twice")


def _are_texts(values: pd.Series) -> bool:
    return values.empty or infer_dtype(values, skipna=False) == "string"


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
