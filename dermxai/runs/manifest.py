"""run.json, which makes a folder a run: what made it, of which data, and how."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.runs.files import RunFiles


class ActivationEntry(TypedDict, total=False):
    """See `dermxai.core.activation`; absent for softmax."""

    activation: str


class CheckpointOptions(TypedDict, total=False):
    """Arguments of `load_classifier`."""

    architecture: str
    classes: list[str]
    size: int
    activation: str
    weights: str
    mean: list[float]
    std: list[float]
    layout: str


class CheckpointEntry(TypedDict):
    """
    Attributes:
        training: which one made it, `ModelInfo.training`.
        colour_profiles: see `Preprocessing.colour_profiles`.
        origin: see `ModelInfo.origin`.
    """

    path: str
    name: str
    hash: str
    training: NotRequired[str]
    options: NotRequired[Annotated[CheckpointOptions, dict]]
    colour_profiles: NotRequired[object]
    origin: NotRequired[dict[str, object]]


class PredictionsEntry(TypedDict):
    """
    Attributes:
        file: digest of the file.
        read: what of it was taken for what.
        notes: what is to be known of it, sentences.
    """

    path: str
    name: str
    hash: str
    file: NotRequired[object]
    read: NotRequired[dict[str, object]]
    notes: NotRequired[list[str]]


class DatasetEntry(TypedDict):
    """
    Attributes:
        options: arguments of `load_dataset`.
    """

    path: str
    name: str
    fingerprint: NotRequired[str]
    options: NotRequired[dict[str, object]]


class Counts(TypedDict, total=False):
    """Images with a result, and without."""

    images: int
    problems: int


class HeadEntry(TypedDict):
    """See `dermxai.models.info.Head`."""

    name: str
    channels: int


class ProblemEntry(TypedDict):
    """See `dermxai.data.table.Problem`."""

    item: str
    reason: str


class ImportedManifest(TypedDict):
    """What an import knows of a run."""

    predictions: PredictionsEntry
    settings: dict[str, object]
    heads: list[HeadEntry]
    classes: list[str]
    activation: NotRequired[str]
    problems: list[ProblemEntry]


class Rounding(TypedDict):
    """How far a run of lower precision, or of another engine than PyTorch, lies from float32 by
    PyTorch, on some of its images.

    Attributes:
        images: that were computed again.
        same_top1: of these, how many have the same class.
        mean_difference, largest_difference: of the logits summed over heads.
        range: of these logits in float32, largest less smallest.
    """

    images: int
    same_top1: int
    mean_difference: float
    largest_difference: float
    range: float


class Manifest(TypedDict):
    """One of ``checkpoint`` and ``predictions`` is there; earlier versions have not written all."""

    id: str
    created: NotRequired[object]
    checkpoint: NotRequired[CheckpointEntry]
    predictions: NotRequired[PredictionsEntry]
    dataset: DatasetEntry
    settings: NotRequired[dict[str, object]]
    versions: NotRequired[dict[str, object]]
    rounding: NotRequired[Rounding]
    counts: NotRequired[Counts]
    heads: list[HeadEntry]
    classes: list[str]
    activation: NotRequired[str]
    problems: list[ProblemEntry]


def read_manifest(root: Path) -> Manifest:
    """run.json of a run's folder; read again when it has changed.

    Raises:
        UnusableError: it is missing, or holds something else.
    """
    file = RunFiles(root).manifest
    try:
        state = entries.readable(file).stat()
    except UnusableError as error:
        raise UnusableError(f"{file.name} {error}") from None
    except (OSError, ValueError) as error:
        raise UnusableError(f"{file.name} is not there or cannot be opened") from error
    content = _manifest(str(file), state.st_mtime_ns, state.st_size)
    if isinstance(content, str):
        raise UnusableError(f"{file.name} {content}")
    if not {"checkpoint", "predictions"} & set(content):
        raise UnusableError(f"{file.name} has neither 'checkpoint' nor 'predictions'")
    return content


@lru_cache(maxsize=4096)
def _manifest(file: str, _changed: int, _size: int) -> Manifest | str:
    """The content, or why it is of no use."""
    try:
        return entries.read_json(Path(file), Manifest)
    except UnusableError as error:
        return str(error)
