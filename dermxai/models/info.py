"""What a checkpoint says of itself (model.json), readable without torch."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from dermxai.core import entries
from dermxai.core.activation import ACTIVATIONS, SOFTMAX
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.core.paths import EMBEDDED_CHECKPOINTS, checkpoints, readable
from dermxai.data.transforms import Preprocessing
from dermxai.models.files import STUDY, CheckpointFiles

FORMAT = 1
MOST_CLASSES = 10_000
MOST_HEADS = 200
LONGEST = 500  # characters of a name
ONNX = "onnx"
"""The architecture of an ONNX file."""
LAYOUTS = ("channels_first", "channels_last")
"""Of an ONNX file's input."""
_SHAPE = {
    "format": int,
    "architecture": str,
    "heads": [{"name": str, "channels": int}],
    "classes": [str],
    "preprocessing": {
        "size?": int,
        "mean?": [float],
        "std?": [float],
        "colour_constancy?": str,
        "colour_profiles?": bool,
    },
    "name?": str,
    "recipe?": dict,
    "metrics?": dict,
    "data?": dict,
    "activation?": str,
    "weights?": str,
    "origin?": dict,
}
"""What model.json holds, see `entries.check_shape`."""


@dataclass(frozen=True)
class Head:
    """Global average pooling → Linear over ``channels`` inputs."""

    name: str
    channels: int


@dataclass(frozen=True)
class ModelInfo:
    """The content of model.json.

    Attributes:
        architecture: timm name of the backbone.
        heads: in the order of the network; the last is the final head.
        classes: class codes, in the order of the logits.
        recipe, metrics, data: how it was trained, what it reached, what it saw; free of form.
        activation: what makes probabilities of logits: "softmax", one class of all; "sigmoid",
            each class by itself, as networks for several labels an image have it.
        weights: of a file with several sets of them, which these are.
        origin: of weights of other programs, how each that is said here came to be known.
    """

    architecture: str
    heads: tuple[Head, ...]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    name: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    activation: str = SOFTMAX
    weights: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = (self.architecture, self.name, *self.classes, *(head.name for head in self.heads))
        if not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"The description of {self.architecture!r} has a name that is no text; expected "
                "text for the architecture, the classes, the heads and the checkpoint itself."
            )
        if long := next((text for text in texts if len(text) > LONGEST), ""):
            raise InputError(
                f"The description has a name of {len(long):,} characters ({long[:40]}…); expected "
                f"at most {LONGEST}."
            )
        if len(self.classes) > MOST_CLASSES or len(self.heads) > MOST_HEADS:
            raise InputError(
                f"The description of {self.architecture} has {len(self.heads):,} heads and "
                f"{len(self.classes):,} classes; expected at most {MOST_HEADS} and "
                f"{MOST_CLASSES:,}."
            )
        if strange := [each for each in self.heads if not _is_count(each.channels)]:
            raise InputError(
                f"The description of {self.architecture} has a head on {strange[0].channels!r} "
                "channels; expected a whole number from 1 on."
            )
        if not all(code.strip() for code in self.classes):
            raise InputError(
                f"The classes {', '.join(map(repr, self.classes))} came, of which one has no name; "
                "expected a name for each output."
            )
        if not self.heads or not self.classes:
            raise InputError(
                f"The description of {self.architecture} has {len(self.heads)} heads and "
                f"{len(self.classes)} classes; at least one of each is needed."
            )
        if self.activation not in ACTIVATIONS:
            raise InputError(
                f"The description of {self.architecture} has the activation "
                f"{self.activation!r:.{LONGEST}}; expected {' or '.join(ACTIVATIONS)}."
            )
        if len(set(self.classes)) < len(self.classes):
            raise InputError(f"The checkpoint names a class twice: {', '.join(self.classes)}.")

    @property
    def auxiliary(self) -> bool:
        """Whether heads beside the final one vote."""
        return len(self.heads) > 1

    @property
    def training(self) -> str:
        """Tells the training that made it from others; the same for all states of one training."""
        told = json.dumps([self.recipe, self.data], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        content = {"format": FORMAT, **asdict(self)}
        if self.activation == SOFTMAX:  # as descriptions have always been
            del content["activation"]
        content = {
            name: value
            for name, value in content.items()
            if value or name not in {"weights", "origin"}
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> "ModelInfo":
        """
        Raises:
            InputError: the text is not a description, or one of a newer format.
        """
        try:
            content = entries.parse_json(text.encode("utf-8", "surrogatepass"), dict)
            entries.check_shape(content, {"format": int})
            version = content.pop("format")
            if version != FORMAT:
                raise InputError(
                    f"{source} has format {version}, this DermXAI reads format {FORMAT}; "
                    "update DermXAI."
                )
            entries.check_shape(content, {k: v for k, v in _SHAPE.items() if k != "format"})
            classes = content.pop("classes")
            preprocessing: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in content.pop("preprocessing").items()
            }
            return cls(
                heads=tuple(Head(**head) for head in content.pop("heads")),
                classes=tuple(classes),
                preprocessing=Preprocessing(**preprocessing),
                **content,
            )
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise InputError(
                f"{source} is not the description of a checkpoint ({error}); expected the "
                "model.json that `dermxai train` writes."
            ) from error


def read_info(folder: str | Path) -> ModelInfo:
    """The description in a checkpoint folder.

    Raises:
        InputError: no checkpoint folder, or a description that cannot or may not be read.
    """
    files = CheckpointFiles(Path(folder))
    place = readable(files.model)
    if not os.path.isfile(place):  # noqa: PTH113  # never an error
        raise InputError(
            f"{folder} is not a checkpoint folder: it has no {files.model.name}; expected "
            f"{files.weights.name} and {files.model.name} in it."
        )
    try:
        text = entries.read_text(place)
    except UnusableError as error:
        raise InputError(f"{files.model} cannot be read ({error}); expected UTF-8.") from error
    return ModelInfo.from_json(text, str(files.model))


def find_checkpoints() -> tuple[list[Path], list[Unusable]]:
    """Checkpoint folders in the workspace and those embedded in the project, by name; and entries
    of the workspace that are neither those, nor weights of other programs, nor being trained."""
    found, odd = [], []
    for parent in (EMBEDDED_CHECKPOINTS, checkpoints()):
        here, strange = entries.listed(parent)
        odd += strange
        for place in here:
            try:
                if _is_checkpoint(place):
                    found.append(place)
            except UnusableError as error:
                odd.append(Unusable(place, str(error), "Copy the checkpoint again, or remove it."))
    return sorted(found, key=lambda folder: folder.name), odd


def list_checkpoints() -> list[Path]:
    """Checkpoint folders in the workspace and those embedded in the project, by name."""
    return find_checkpoints()[0]


FOREIGN = (".pth", ".pt", ".ckpt", ".bin", ".safetensors", ".tar", ".onnx")
"""Suffixes of files of weights."""
HUB = "config.json"
"""What a folder of the Hugging Face hub has beside the weights."""


def list_foreign() -> list[Path]:
    """Files of weights and folders of the hub among the checkpoints of the workspace, by name."""
    return [place for place in entries.listed(checkpoints())[0] if _is_foreign(place)]


def _is_foreign(place: Path) -> bool:
    try:
        kind = entries.kind(place)
    except UnusableError:  # `find_checkpoints` says so
        return False
    if kind == "a file":
        return place.suffix.lower() in FOREIGN
    own = os.path.lexists(CheckpointFiles(place).model)
    return kind == "a folder" and not own and os.path.isfile(place / HUB)  # noqa: PTH113


def _is_checkpoint(place: Path) -> bool:
    """Whether it is a checkpoint folder; not so a file, or a folder in which one trains.

    Raises:
        UnusableError: it is no use for anything.
    """
    if entries.kind(place) == "a file":
        return False
    entries.check_folder(place)
    files = CheckpointFiles(place)
    if not os.path.lexists(files.model):
        if os.path.lexists(files.weights):
            raise UnusableError(f"has no {files.model.name}")
        if os.path.lexists(place / STUDY):
            entries.check_file(place / STUDY)
        return False
    try:
        state = entries.readable(files.model).stat()
    except OSError as error:
        raise UnusableError(f"{files.model.name} cannot be opened ({error.strerror})") from error
    if problem := _problem(str(place), state.st_mtime_ns, state.st_size):
        raise UnusableError(problem)
    return True


@lru_cache(maxsize=1024)
def _problem(folder: str, _changed: int, _size: int) -> str:
    """Why a description is of no use; empty where it is."""
    try:
        read_info(folder)
    except InputError as error:
        return str(error).rstrip(".").replace(f"{folder}{os.sep}", "")
    return ""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
